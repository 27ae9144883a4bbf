import { readFileSync } from 'node:fs'
import t from 'tap'
import { spawn } from './fixtures/children.ts'
import { cliPath, runCli } from './fixtures/run-cli.ts'

t.setTimeout(300_000)

t.test('the built program can be run by its name', async t => {
  t.match(readFileSync(cliPath, 'utf8'), /^#!\/usr\/bin\/env node\n/)
  t.match(await runCli(['--version']), { code: 0, out: /^\d+\.\d+\.\d+\n$/, err: '' })
})

t.test('a reader that has enough is no failure', async t => {
  const child = spawn(process.execPath, [cliPath, 'schema'], { env: {}, stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()
  let err = ''
  child.stderr.setEncoding('utf8').on('data', text => {
    err += text
  })
  t.equal(await new Promise(resolve => child.on('close', resolve)), 0)
  t.equal(err, '')
})
