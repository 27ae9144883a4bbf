import { closeSync, openSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import t from 'tap'
import { createStandardOutput } from '../../../src/cli/terminal/standard-output.ts'
import { spawn } from '../../fixtures/children.ts'
import { cliPath } from '../../fixtures/run-cli.ts'

t.setTimeout(300_000)

const commands: { name: string; args: readonly string[]; code: number }[] = [
  { name: 'check', args: ['check', '--config', 'config/example.yaml'], code: 1 },
  { name: 'check of a file with faults', args: ['check', '--config', 'package.json'], code: 64 },
  {
    name: 'explain',
    args: ['explain', '--config', 'config/example.yaml', '--bucket', 'my-media', '--origin', 'https://my-app.xyz'],
    code: 1,
  },
  { name: 'schema', args: ['schema'], code: 1 },
  { name: 'help', args: ['--help'], code: 1 },
  { name: 'the version', args: ['--version'], code: 1 },
]
for (const { name, args, code } of commands) {
  t.test(`${name} on a full disk says so in one line, exit code ${code}`, async t => {
    const descriptor = openSync('/dev/full', 'w')
    const child = spawn(process.execPath, [cliPath, ...args], { env: {}, stdio: ['ignore', descriptor, 'pipe'] })
    closeSync(descriptor)
    let err = ''
    child.stderr?.setEncoding('utf8').on('data', text => {
      err += text
    })
    t.equal(await new Promise(resolve => child.on('close', resolve)), code)
    t.match(err, /^standard output: ENOSPC: no space left on device, write\n$/)
  })
}

t.test('standard error that takes nothing changes no exit code', async t => {
  const descriptor = openSync('/dev/full', 'w')
  const child = spawn(process.execPath, [cliPath, 'unknown'], { env: {}, stdio: ['ignore', 'ignore', descriptor] })
  closeSync(descriptor)
  t.equal(await new Promise(resolve => child.on('close', resolve)), 64)
})

/** A pipe, as `stream.fd` says: that of the test's own standard input would do as well. */
function createPipe() {
  const stream = Object.assign(new PassThrough(), { fd: pipeDescriptor })
  const failures: string[] = []
  return { stream, failures, write: createStandardOutput(stream, reason => failures.push(reason)) }
}

const child = spawn('sleep', ['60'], { stdio: ['ignore', 'pipe', 'ignore'] })
t.teardown(() => child.kill('SIGKILL'))
const pipeDescriptor = (child.stdout as unknown as { readonly _handle: { readonly fd: number } })._handle.fd

t.test('a pipe is written as a stream', async t => {
  const { stream, failures, write } = createPipe()
  write('a\n')
  t.equal(String(stream.read()), 'a\n')
  t.strictSame(failures, [])
})

t.test('a pipe that fails is told of once, and not written again', async t => {
  const { stream, failures, write } = createPipe()
  stream.emit('error', Object.assign(new Error('EIO: i/o error, write'), { code: 'EIO' }))
  stream.emit('error', Object.assign(new Error('EIO: i/o error, write'), { code: 'EIO' }))
  write('a\n')
  t.equal(stream.read(), null)
  t.strictSame(failures, ['EIO: i/o error, write'])
})

t.test('a reader that has enough is no failure', async t => {
  const { stream, failures, write } = createPipe()
  stream.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
  write('a\n')
  t.equal(stream.read(), null)
  t.strictSame(failures, [])
})
