import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { spawn } from '../../fixtures/children.ts'

t.setTimeout(300_000)

const outputUrl = new URL('../../../src/telemetry/log/descriptor-output.ts', import.meta.url).href
const sinkUrl = new URL('../../../src/telemetry/log/log-sink.ts', import.meta.url).href

/** Writes 3 MB to its standard output, in lines, and then tells on standard error what the output said first. */
const program = `
  const { openDescriptorOutput } = await import(${JSON.stringify(outputUrl)})
  const output = openDescriptorOutput(1)
  const first = Promise.withResolvers()
  output.write(Buffer.from('first\\n'), (error, written) => first.resolve((error?.code ?? 'none') + ' ' + written))
  process.stderr.write(await first.promise)
  const { createLogSink } = await import(${JSON.stringify(sinkUrl)})
  const sink = createLogSink(output)
  const line = 'y'.repeat(99_999) + '\\n'
  for (let i = 0; i < 30; i++) {
    sink.write(line)
    await sink.flush(5000)
  }
`

function temporaryFile(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-output-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  return join(folder, 'output')
}

const args = ['--input-type=module', '--eval', program]

t.test('a file gets every byte', async t => {
  const file = temporaryFile(t)
  const descriptor = openSync(file, 'w')
  const { status, stderr } = spawnSync(process.execPath, args, { stdio: ['ignore', descriptor, 'pipe'] })
  closeSync(descriptor)
  t.equal(status, 0)
  t.match(String(stderr), /none 6/)
  t.equal(readFileSync(file, 'utf8'), `first\n${`${'y'.repeat(99_999)}\n`.repeat(30)}`)
})

// Node connects a child by a socket; a shell does by a pipe.
for (const [name, command] of [
  ['a socket', '"$0" "$@"'],
  ['a pipe', '"$0" "$@" | cat'],
] as const) {
  t.test(`${name} gets every byte, at the pace of its reader`, async t => {
    const child = spawn('sh', ['-c', command, process.execPath, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    t.teardown(() => child.kill('SIGKILL'))
    let bytes = 0
    child.stdout.on('data', part => {
      bytes += part.length
      child.stdout.pause()
      setTimeout(() => child.stdout.resume(), 2)
    })
    let told = ''
    child.stderr.on('data', part => {
      told += part
    })
    t.equal(await new Promise(resolve => child.on('close', resolve)), 0)
    t.match(told, /none 6/)
    t.equal(bytes, 6 + 3_000_000)
  })
}

t.test('an error is told, not thrown', async t => {
  const descriptor = openSync('/dev/full', 'w')
  const { status, stderr } = spawnSync(process.execPath, args, { stdio: ['ignore', descriptor, 'pipe'] })
  closeSync(descriptor)
  t.equal(status, 0)
  t.match(String(stderr), /ENOSPC (0|undefined)/)
})

t.test('a pipe without a reader is told, not thrown', async t => {
  const command = '"$0" "$@" | true'
  const { stderr } = spawnSync('sh', ['-c', `sleep 0.1; ${command}`, process.execPath, ...args])
  t.match(String(stderr), /EPIPE 0/)
})
