import t from 'tap'
import { createLogSink, type LogOutput, type LostLines } from '../../../src/telemetry/log/log-sink.ts'
import { spawn } from '../../fixtures/children.ts'

t.setTimeout(300_000)

interface Attempt {
  readonly bytes: Uint8Array
  /** Lets the attempt end: all is written unless it is said. */
  end(written?: number, code?: string): void
}

/** An output whose attempts the test ends. */
function createOutput() {
  const attempts: Attempt[] = []
  let written = ''
  const output: LogOutput = {
    write(bytes, done) {
      attempts.push({
        bytes,
        end(count = bytes.length, code) {
          written += Buffer.from(bytes.subarray(0, count)).toString()
          done(code === undefined ? null : Object.assign(new Error(code), { code }), count)
        },
      })
    },
  }
  const sink = createLogSink(output)
  let dropped = 0
  const regained: LostLines[] = []
  sink.onDropped(lines => {
    dropped += lines
  })
  sink.onRegained(lost => {
    regained.push(lost)
  })
  /** The attempt that was made last, which was made since the one before. */
  const next = () => {
    const attempt = attempts.shift()
    if (attempt === undefined) throw new Error('nothing is being written')
    return attempt
  }
  const retried = async () => {
    while (attempts.length === 0) await new Promise(resolve => setTimeout(resolve, 5))
    return next()
  }
  return {
    sink,
    next,
    retried,
    regained,
    pending: () => attempts.length,
    written: () => written,
    dropped: () => dropped,
  }
}

const kibibyte = `${'x'.repeat(1023)}\n`

t.test('lines are written in order, what has come meanwhile at once', async t => {
  const { sink, next, written, pending, dropped } = createOutput()
  sink.write('a\n')
  sink.write(Buffer.from('b\n'))
  sink.write('c\n')
  t.equal(pending(), 1)
  next().end()
  t.equal(Buffer.from(next().bytes).toString(), 'b\nc\n')
  t.equal(written(), 'a\n')
  t.equal(dropped(), 0)
})

t.test('the rest of a short write comes first', async t => {
  const { sink, next, written, pending } = createOutput()
  sink.write('abc\n')
  sink.write('def\n')
  next().end(1)
  next().end(2)
  next().end()
  t.equal(written(), 'abc\ndef\n')
  t.equal(pending(), 0)
})

t.test('what is written at once is as much as a pipe holds', async t => {
  const { sink, next } = createOutput()
  for (let i = 0; i < 200; i++) sink.write(kibibyte)
  next().end()
  t.equal(next().bytes.length, 64 * 1024)
})

const failures = [
  { code: 'ENOSPC', name: 'a full disk' },
  { code: 'EDQUOT', name: 'a quota' },
  { code: 'EIO', name: 'a broken disk' },
  { code: 'EFBIG', name: 'a file that may not grow' },
  { code: 'EPIPE', name: 'a reader that went away' },
  { code: 'EAGAIN', name: 'a slow reader' },
] as const
for (const { code, name } of failures) {
  t.test(`${name} tears no line, and what it lost is counted and told of`, async t => {
    const { sink, next, retried, regained, written, pending, dropped } = createOutput()
    const before = Date.now()
    sink.write('first\n')
    next().end(3, code)
    for (let i = 0; i < 1024; i++) sink.write(kibibyte)
    t.equal(dropped(), 0)
    sink.write(kibibyte)
    sink.write('a\nb\n', 2)
    t.equal(dropped(), 3, 'a mebibyte is kept')
    t.equal(pending(), 0, 'it is not tried for each line')
    const again = await retried()
    again.end(0, code)
    const last = await retried()
    last.end()
    t.match(written(), /^first\nx{1023}\n/)
    while (pending() > 0) next().end()
    t.strictSame(
      regained.map(({ count, code }) => ({ count, code })),
      [{ count: 3, code: code === 'EAGAIN' ? undefined : code }],
    )
    t.ok((regained[0]?.sinceMs ?? 0) >= before)
    sink.write('last\n')
    next().end()
    t.match(written(), /x\nlast\n$/)
    t.equal(dropped(), 3)
  })
}

t.test('an output that takes nothing without an error is a slow one', async t => {
  const { sink, next, retried, written } = createOutput()
  sink.write('a\n')
  next().end(0)
  ;(await retried()).end()
  t.equal(written(), 'a\n')
})

t.test('what failed earlier is no reason of a later loss', async t => {
  const { sink, next, retried, regained, pending } = createOutput()
  sink.write('a\n')
  next().end(0, 'ENOSPC')
  ;(await retried()).end()
  for (let i = 0; i < 1026; i++) sink.write(kibibyte)
  while (pending() > 0) next().end()
  t.match(regained, [{ count: 2, code: undefined }])
})

t.test('a flush waits for what is being written', async t => {
  const { sink, next, written } = createOutput()
  sink.write('a\n')
  const flushed = sink.flush(60_000)
  next().end()
  await flushed
  t.equal(written(), 'a\n')
})

t.test('a flush that no reader takes ends in time', async t => {
  const { sink } = createOutput()
  sink.write('a\n')
  const started = performance.now()
  await sink.flush(50)
  t.ok(performance.now() - started >= 45)
})

t.test('a flush without lines ends at once', async t => {
  await createOutput().sink.flush(60_000)
  t.pass()
})

t.test('a flush tries once more what failed, and does not wait for what fails again', async t => {
  const { sink, next, pending } = createOutput()
  sink.write('a\n')
  next().end(0, 'ENOSPC')
  t.equal(pending(), 0)
  const flushed = sink.flush(60_000)
  next().end(0, 'ENOSPC')
  await flushed
  t.equal(pending(), 0)
})

t.test('a stdout that is not read neither stalls the process nor keeps it from its end', async t => {
  const [sinkUrl, outputUrl] = ['log-sink.ts', 'descriptor-output.ts'].map(
    name => new URL(`../../../src/telemetry/log/${name}`, import.meta.url).href,
  )
  const script = `
    const { createLogSink } = await import(${JSON.stringify(sinkUrl)})
    const { openDescriptorOutput } = await import(${JSON.stringify(outputUrl)})
    let dropped = 0
    const sink = createLogSink(openDescriptorOutput(1))
    sink.onDropped(lines => { dropped += lines })
    const line = 'x'.repeat(1000) + '\\n'
    let turns = 0
    const timer = setInterval(async () => {
      for (let i = 0; i < 100; i++) sink.write(line)
      if (++turns < 50) return
      clearInterval(timer)
      await sink.flush(100)
      process.stderr.write(JSON.stringify({ dropped }))
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
  // A write that waited for the reader would wait for ever.
  t.equal(code, 7, report)
  const { dropped } = JSON.parse(report.slice(report.lastIndexOf('{')))
  t.ok(dropped > 3000, `${dropped} lines dropped`)
})
