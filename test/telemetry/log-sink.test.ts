import { spawn } from 'node:child_process'
import { PassThrough, Writable } from 'node:stream'
import t from 'tap'
import { createLogSink } from '../../src/telemetry/log-sink.ts'

function createStalled() {
  const written: string[] = []
  const release: (() => void)[] = []
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      written.push(String(chunk))
      release.push(() => done())
    },
  })
  return { stream, written, release }
}

t.test('lines are written in order', async t => {
  const stream = new PassThrough()
  const sink = createLogSink(stream, () => t.fail('nothing is dropped'))
  sink.write('a\n')
  sink.write('b\n')
  await sink.flush(1000)
  t.equal(String(stream.read()), 'a\nb\n')
})

t.test('lines beyond a mebibyte that nobody reads are dropped and counted', async t => {
  const { stream, release } = createStalled()
  let dropped = 0
  const sink = createLogSink(stream, lines => {
    dropped += lines
  })
  const line = `${'x'.repeat(1023)}\n`
  for (let i = 0; i < 1500; i++) sink.write(line)
  t.equal(dropped, 1500 - 1024)
  t.equal(stream.writableLength, 1 << 20)
  for (let done = release.shift(); done !== undefined; done = release.shift()) {
    done()
    await new Promise(setImmediate)
  }
  sink.write(line)
  t.equal(dropped, 1500 - 1024, 'once the reader is back, lines are written again')
})

t.test('lines that are written at once and that nobody reads are counted, each', async t => {
  const { stream } = createStalled()
  let dropped = 0
  const sink = createLogSink(stream, lines => {
    dropped += lines
  })
  sink.write('x'.repeat(1 << 20))
  sink.write(Buffer.from('a\nb\n'), 2)
  t.equal(dropped, 2)
})

t.test('a flush that nobody reads ends in time', async t => {
  const { stream } = createStalled()
  const sink = createLogSink(stream, () => {})
  sink.write('a\n')
  const started = performance.now()
  await sink.flush(50)
  t.ok(performance.now() - started >= 45)
})

t.test('a flush without lines ends at once', async t => {
  await createLogSink(createStalled().stream, () => {}).flush(60_000)
  t.pass()
})

t.test('a reader that went away ends nothing', async t => {
  const stream = new PassThrough()
  let dropped = 0
  const sink = createLogSink(stream, lines => {
    dropped += lines
  })
  stream.destroy(new Error('write EPIPE'))
  await new Promise(setImmediate)
  sink.write('a\n')
  await sink.flush(60_000)
  t.equal(dropped, 1)
})

t.test('M226 a stdout that nobody reads neither stalls the process nor keeps it from its end', async t => {
  const sinkUrl = new URL('../../src/telemetry/log-sink.ts', import.meta.url).href
  const script = `
    const { createLogSink } = await import(${JSON.stringify(sinkUrl)})
    let dropped = 0, longest = 0, last = performance.now()
    const sink = createLogSink(process.stdout, lines => { dropped += lines })
    const line = 'x'.repeat(1000) + '\\n'
    let turns = 0
    const timer = setInterval(async () => {
      const now = performance.now()
      longest = Math.max(longest, now - last)
      last = now
      for (let i = 0; i < 100; i++) sink.write(line)
      if (++turns < 50) return
      clearInterval(timer)
      await sink.flush(100)
      process.stderr.write(JSON.stringify({ dropped, longest }))
      process.exit(7)
    }, 5)
  `
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  child.stdout.pause()
  let report = ''
  child.stderr.setEncoding('utf8').on('data', text => {
    report += text
  })
  const code = await new Promise(resolve => child.on('exit', resolve))
  t.equal(code, 7, report)
  const { dropped, longest } = JSON.parse(report.slice(report.lastIndexOf('{')))
  t.ok(dropped > 3000, `${dropped} lines dropped`)
  t.ok(longest < 1000, `the event loop never stood longer than ${longest} ms`)
})
