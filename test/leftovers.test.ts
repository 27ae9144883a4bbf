import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { removeLeftovers } from './leftovers.ts'

t.test(
  'what a killed test file has left ends with the run',
  { skip: process.platform !== 'linux' && 'looks into /proc' },
  async t => {
    const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-leftovers-'))
    writeFileSync(join(folder, 'left'), '')
    // A test file, and a server that it has started in a group of its own.
    const server = 'setInterval(() => {}, 1000)'
    const file = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(server)}], { detached: true, stdio: 'ignore' }).once('spawn', function () { console.log(this.pid) }); setInterval(() => {}, 1000)`
    const { PATH } = process.env
    const child = spawn(process.execPath, ['-e', file], {
      env: { PATH, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [printed] = (await once(child.stdout, 'data')) as [Buffer]
    const pid = Number(printed.toString())
    child.kill('SIGKILL')
    await once(child, 'exit')
    t.ok(existsSync(`/proc/${pid}`), 'it outlives its test file')
    const left = removeLeftovers(folder)
    t.strictSame(left.files, ['left'])
    t.strictSame(left.processes, [`${process.execPath} -e ${server}`])
    t.equal(existsSync(folder), false)
  },
)
