import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { spawn } from '../../fixtures/children.ts'
import { cliPath, runCli } from '../../fixtures/run-cli.ts'

t.setTimeout(300_000)

const settings = ['--upstream-url', 'http://127.0.0.1:9', '--drain-seconds', '1']

/** Starts the program and waits until it says where its admin port is. */
async function start(t: { teardown(end: () => void): void }, args: readonly string[], cwd?: string) {
  const child = spawn(process.execPath, [cliPath, ...args], { env: {}, cwd, stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  const ended = new Promise<number | null>(resolve => child.on('close', resolve))
  const admin = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (more: string) => {
      text += more
      const found = /"admin":"(http:[^"]+)"/.exec(text)?.[1]
      if (found !== undefined) resolve(found)
    })
    void ended.then(code => reject(new Error(`ended with ${code}: ${text}`)))
  })
  return { child, ended, admin }
}

t.test('serve is what runs without a command; it answers probe and explain, and SIGTERM ends it with 0', async t => {
  const config =
    'buckets:\n  abc:\n    CORSRules:\n      - AllowedOrigins: [https://a.example]\n        AllowedMethods: [GET]\n'
  const directory = t.testdir({ 'a.yaml': `listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\n${config}` })
  const { child, ended, admin } = await start(t, ['--config', 'a.yaml', ...settings], directory)
  t.equal((await runCli(['probe', admin])).code, 0)
  const asked = await runCli(['explain', '--url', admin, '--bucket', 'abc', '--origin', 'https://a.example'])
  t.strictSame([asked.code, asked.err], [0, ''])
  t.match(asked.out, /ALLOWED \(matched\)/)
  for (const more of [
    ['--method', 'PUT', '--header', 'x-a', '--header', 'X-B, c'],
    ['--actual', '--header', 'x-a'],
    ['--method', 'PATCH'],
  ]) {
    const question = ['--bucket', 'abc', '--origin', 'https://é.example', '--json', ...more]
    const there = await runCli(['explain', '--url', admin, ...question])
    const here = await runCli(['explain', '--config', 'a.yaml', ...settings, ...question], {}, directory)
    t.equal(here.code, 0)
    t.strictSame(here, there, `the file says what the running proxy says: ${more.join(' ')}`)
  }
  child.kill('SIGTERM')
  t.equal(await ended, 0)
})

t.test('SIGHUP brings a good file into force, and a faulty one changes nothing', async t => {
  const config = (origin: string) =>
    `listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\nbuckets: { abc: { CORSRules: [{ AllowedOrigins: ["${origin}"], AllowedMethods: [GET] }] } }\n`
  const directory = t.testdir({ 'a.yaml': config('https://a.example') })
  const { child, admin } = await start(t, ['--config', 'a.yaml', ...settings], directory)
  const asks = async (origin: string, expected: RegExp) => {
    for (let tries = 0; tries < 40; tries++) {
      const { out } = await runCli(['explain', '--url', admin, '--bucket', 'abc', '--origin', origin])
      if (expected.test(out)) return true
    }
    return false
  }
  writeFileSync(join(directory, 'a.yaml'), config('https://b.example'))
  child.kill('SIGHUP')
  t.ok(await asks('https://b.example', /ALLOWED/), 'the new rules hold')
  writeFileSync(join(directory, 'a.yaml'), `${config('https://c.example')}vary: never\n`)
  child.kill('SIGHUP')
  t.ok(await asks('https://c.example', /DENIED/))
  t.ok(await asks('https://b.example', /ALLOWED/), 'they still do')
})

t.test('faults at start: exit code 64, every one of them, and nothing listens', async t => {
  const directory = t.testdir({ 'a.yaml': 'listen: 80\nvary: never\n' })
  const { code, out, err } = await runCli(['serve', '--config', 'a.yaml'], {}, directory)
  t.strictSame([code, out], [64, ''])
  t.match(err, /a\.yaml:1:9: listen: 80 is a number/)
  t.match(err, /a\.yaml:2:7: vary: "never" is not valid/)
  t.match(err, /upstream\.url: the value is missing/)
})

t.test('no configuration at start: exit code 64', async t => {
  t.match(await runCli(['serve']), { code: 64, err: /^no configuration; / })
})

t.test('a port that is taken: exit code 1', async t => {
  const taken = createServer()
  t.teardown(() => taken.close())
  await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve))
  const { port } = taken.address() as AddressInfo
  const result = await runCli(['serve', '--listen', `127.0.0.1:${port}`, '--admin', '127.0.0.1:0', ...settings])
  t.equal(result.code, 1)
  t.match(result.out, /EADDRINUSE/)
})
