import { PassThrough } from 'node:stream'
import t from 'tap'
import { createLog, type LogLevel, type LogOptions } from '../../../src/telemetry/log/log.ts'
import { createLogSink, type LogOutput } from '../../../src/telemetry/log/log-sink.ts'
import { makeRecord } from '../../fixtures/request-records.ts'
import { sinkTo } from '../../fixtures/stream-sink.ts'

function create(options: Partial<LogOptions> = {}) {
  const stream = new PassThrough()
  const log = createLog({ level: 'info', sink: sinkTo(stream), ...options })
  return { log, text: () => String(stream.read() ?? '') }
}

t.test('a line is JSON: level, time, event, then its fields', async t => {
  const { log, text } = create()
  log.info('listening', { port: 8080, absent: undefined })
  const line = text()
  t.match(
    line,
    /^\{"level":"info","time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","event":"listening","port":8080\}\n$/,
  )
})

t.test('the level can be changed while it runs', async t => {
  const { log, text } = create({ level: 'warn' })
  log.info('a')
  t.equal(text(), '')
  log.setLevel('debug')
  t.equal(log.level, 'debug')
  t.equal(log.enabled('trace'), false)
  log.write('debug', 'b')
  t.match(text(), '"event":"b"')
})

t.test('an error says its message, its causes and its code; on debug its stack', async t => {
  const error = Object.assign(new Error('cannot read', { cause: new Error('no such file') }), { code: 'ENOENT' })
  const { log, text } = create()
  log.error('reload_failed', error, { file: 'a.yaml' })
  t.match(JSON.parse(text()), {
    level: 'error',
    event: 'reload_failed',
    error: 'cannot read: no such file',
    code: 'ENOENT',
    file: 'a.yaml',
    stack: undefined,
  })
  log.setLevel('debug')
  log.error('reload_failed', error)
  t.match(JSON.parse(text()).stack, /log\.test\.ts/)
  log.error('reload_failed', 'a string')
  t.match(JSON.parse(text()), { error: 'a string' })
})

t.test('no secret appears at any level, in JSON or in a terminal', async t => {
  const canary = 'c4n4ryc4n4ry'
  const levels: LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal']
  for (const level of levels) {
    for (const pretty of [false, true]) {
      const { log, text } = create({ level, pretty, secrets: [`plain-${canary}`] })
      const fields = {
        a: `Authorization: Bearer ${canary}`,
        b: `Cookie: a=${canary}; b=${canary}`,
        c: `http://h/b?X-Amz-Signature=${canary}&x%2Damz%2Dsecurity%2Dtoken=${canary}`,
        d: `plain-${canary}`,
        e: `X-Amz-Server-Side-Encryption-Customer-Key: ${canary}`,
      }
      if (level !== 'silent') log.write(level, 'event', fields)
      log.error('event', new Error(`Signature=${canary}`, { cause: new Error(fields.a) }), fields)
      const printed = text()
      t.match(printed, 'event', level)
      t.notMatch(printed, canary, level)
    }
  }
})

t.test('what steers a terminal is escaped in JSON too', async t => {
  const { log, text } = create()
  log.info('event', { origin: '\u001b[2J\u009b2J\u202e' })
  const line = text()
  t.match(line, '"origin":"\\u001b[2J\\u009b2J\\u202e"')
  t.match(JSON.parse(line), { origin: '\u001b[2J\u009b2J\u202e' })
})

t.test('a line end in a value does not make a line', async t => {
  const { log, text } = create()
  log.info('event', { origin: 'a\n{"level":"info","event":"forged"}' })
  t.equal(text().split('\n').length, 2)
})

t.test('no field takes the place of the level, the time or the event', async t => {
  const { log, text } = create()
  log.warn('event', { level: 'info', time: 0, event: 'forged', a: 1 })
  t.match(text(), /^\{"level":"warn","time":"[^"]+","event":"event","a":1\}\n$/)
})

t.test('a number that JSON has no way to write is null', async t => {
  const { log, text } = create()
  log.info('event', { a: Number.NaN, b: Number.POSITIVE_INFINITY, c: false })
  t.match(JSON.parse(text()), { a: null, b: null, c: false })
})

t.test('long values are cut', async t => {
  const { log, text } = create()
  log.info('event', { a: 'x'.repeat(100_000) })
  t.ok(text().length < 5000)
})

t.test('pretty lines are for a person', async t => {
  const { log, text } = create({ pretty: true })
  log.warn('cors_denied', { bucket: 'media' })
  t.match(text(), /^\d\d:\d\d:\d\d\.\d{3} WARN {2}cors_denied bucket=media\n$/)
})

t.test('a line of a request comes before the event after it', async t => {
  const { log, text } = create()
  log.writeRequest('info', makeRecord())
  t.equal(text(), '')
  log.info('listening')
  t.match(text(), /"event":"request".*\n.*"event":"listening".*\n$/)
})

t.test('a flush takes lines of requests along', async t => {
  const { log, text } = create()
  log.writeRequest('info', makeRecord())
  await log.flush(1000)
  t.match(text(), '"event":"request"')
})

t.test('a person in a terminal sees a request at once', async t => {
  const { log, text } = create({ pretty: true })
  log.writeRequest('info', makeRecord())
  t.match(text(), /^\d\d:\d\d:\d\d\.\d{3} INFO {2}request kind=plain bucket=media .*\n$/)
})

t.test('a request below the level is no line', async t => {
  const { log, text } = create({ level: 'info' })
  log.writeRequest('debug', makeRecord())
  await log.flush(1000)
  t.equal(text(), '')
})

t.test('lines that the output leaves no room for are told of, and the log says so afterwards', async t => {
  let dropped = 0
  let text = ''
  let isFull = true
  const write: LogOutput['write'] = (bytes, done) => {
    if (isFull) return done(Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }), 0)
    text += Buffer.from(bytes).toString()
    done(null, bytes.length)
  }
  const log = createLog({ level: 'info', sink: createLogSink({ write }) })
  log.onSuppressed(lines => {
    dropped += lines
  })
  for (let i = 0; i < 400; i++) log.info('event', { a: 'x'.repeat(4000) })
  t.ok(dropped > 100)
  isFull = false
  await log.flush(10)
  const lines = text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  const told = { level: 'warn', event: 'log_lines_lost', count: dropped, code: 'ENOSPC', since: /^\d{4}-.*Z$/ }
  t.match(
    lines.filter(({ event }) => event !== 'event'),
    [told],
  )
  t.equal(lines.length, 400 - dropped + 1)
})
