import { PassThrough } from 'node:stream'
import t from 'tap'
import { parseCorsRequest } from '../../src/cors/decision/cors-request.ts'
import { type Explanation, explain } from '../../src/cors/explain/explain.ts'
import type { RequestRecord } from '../../src/proxy/request/request-record.ts'
import type { ExplanationBudget } from '../../src/telemetry/log/explanation-budget.ts'
import { createLog, type LogLevel } from '../../src/telemetry/log/log.ts'
import { createMetrics } from '../../src/telemetry/metrics/metrics.ts'
import { createObserver } from '../../src/telemetry/observer.ts'
import { makeActual, makeRecord, matched } from '../fixtures/request-records.ts'
import { sinkTo } from '../fixtures/stream-sink.ts'

function create(
  options: {
    level?: LogLevel
    access?: boolean | (() => boolean)
    explain?: (record: RequestRecord) => Explanation | undefined
    budget?: ExplanationBudget
  } = {},
) {
  const stream = new PassThrough()
  const metrics = createMetrics({ version: '1', origins: 10, status: () => [], processMetrics: false })
  const log = createLog({ level: options.level ?? 'info', sink: sinkTo(stream) })
  let nowMs = 1_800_000_000_000
  const observer = createObserver({
    metrics,
    log,
    access: options.access ?? false,
    explain: options.explain,
    budget: options.budget,
    now: () => nowMs,
  })
  return {
    observer,
    metrics,
    pass: (ms: number) => {
      nowMs += ms
    },
    lines: (): Record<string, unknown>[] => {
      log.flush(0)
      const text = String(stream.read() ?? '')
      return text.split('\n').flatMap(line => (line === '' ? [] : [JSON.parse(line)]))
    },
  }
}

t.test('a refused decision is one line with its reason and what would allow it', async t => {
  const { observer, lines } = create({
    explain: ({ method, origin, bucket }) =>
      explain(undefined, parseCorsRequest(method, origin, undefined, undefined), bucket ?? ''),
  })
  observer.started()
  observer.ended(makeActual('https://a.example'))
  t.match(lines(), [
    {
      level: 'warn',
      event: 'cors_denied',
      origin: 'https://a.example',
      bucket: 'media',
      reason: 'origin',
      change: /"https:\/\/a\.example"/,
    },
  ])
})

t.test('repeated refusals are sampled, the rest counted in the next line and in the metrics', async t => {
  const { observer, metrics, pass, lines } = create()
  for (let i = 0; i < 10; i++) observer.ended(makeActual('https://a.example'))
  t.equal(lines().length, 1)
  pass(60_000)
  observer.ended(makeActual('https://a.example'))
  t.match(lines(), [{ suppressed: 9 }])
  t.match(await metrics.text(), /^s3cors_log_suppressed_total 9$/m)
})

const silent: { name: string; record: RequestRecord }[] = [
  { name: 'an allowed request', record: makeActual('https://a.example', { decision: matched() }) },
  { name: 'a plain request', record: makeRecord() },
]
for (const { name, record } of silent) {
  t.test(`${name} is no line, unless access is logged or the level is debug`, async t => {
    const quiet = create()
    quiet.observer.ended(record)
    t.strictSame(quiet.lines(), [])
    const access = create({ access: true })
    access.observer.ended(record)
    t.match(access.lines(), [{ level: 'info', event: 'request' }])
    const debug = create({ level: 'debug' })
    debug.observer.ended(record)
    t.match(debug.lines(), [{ level: 'debug', event: 'request' }])
  })
}

t.test('the access log can be switched while it runs', async t => {
  let access = false
  const { observer, lines } = create({ access: () => access })
  observer.ended(makeRecord())
  access = true
  observer.ended(makeRecord())
  t.match(lines(), [{ event: 'request' }])
})

t.test('rejected requests and failures of the endpoint are sampled lines', async t => {
  const { observer, lines } = create()
  for (let i = 0; i < 3; i++) {
    observer.ended(makeRecord({ kind: 'rejected', status: 400, errorCode: 'BadRequest', bucket: undefined }))
    observer.ended(makeRecord({ status: 502, upstreamFailure: 'refused' }))
  }
  t.match(lines(), [
    { event: 'request_rejected', errorCode: 'BadRequest' },
    { event: 'upstream_failed', upstreamFailure: 'refused' },
  ])
})

t.test('ended connections are lines with reason and client, a few a second', async t => {
  const { observer, lines, metrics, pass } = create()
  const end = (peerAddress: string) => {
    observer.started()
    observer.ended(makeRecord({ kind: 'rejected', connectionEnd: 'idle_frames', peerAddress, protocol: 'HTTP/2.0' }))
  }
  for (let count = 0; count < 3; count++) end('192.0.2.1')
  for (let count = 0; count < 1000; count++) end(`198.51.100.${count % 250}`)
  const first = lines()
  t.match(first[0], { level: 'warn', event: 'connection_ended', reason: 'idle_frames', peer: '192.0.2.1' })
  t.equal(first.length, 5, 'at once')
  pass(1000)
  for (let count = 0; count < 1000; count++) end(`203.0.113.${count % 250}`)
  t.equal(lines().length, 2, 'a second later')
  observer.started()
  observer.ended(makeRecord({ kind: 'rejected', errorCode: 'BadRequest' }))
  t.match(lines(), [{ event: 'request_rejected' }], 'lines of others are not used up')
  pass(60_000)
  end('192.0.2.1')
  t.match(lines(), [{ peer: '192.0.2.1', suppressed: 2 }])
  t.match(await metrics.text(), 's3cors_client_connections_ended_total{reason="idle_frames"} 2004\n')
})

t.test('a warning is a line, its repetition is not', async t => {
  const { observer, lines } = create()
  observer.warned('host_unknown', { host: 'a.example' })
  observer.warned('host_unknown', { host: 'a.example' })
  observer.warned('host_unknown', { host: 'b.example' })
  t.match(lines(), [
    { level: 'warn', event: 'host_unknown', host: 'a.example' },
    { level: 'warn', event: 'host_unknown', host: 'b.example' },
  ])
})

t.test('a quiet log costs no explanation', async t => {
  const { observer, lines } = create({ level: 'error', explain: () => t.fail('is not asked') as never })
  observer.ended(makeActual('https://a.example'))
  observer.ended(makeRecord({ kind: 'rejected', status: 400 }))
  t.strictSame(lines(), [])
})

t.test('an explanation that throws ends nothing', async t => {
  const { observer, metrics } = create({
    explain: () => {
      throw new Error('fault')
    },
  })
  observer.ended(makeActual('https://a.example'))
  t.match(await metrics.text(), /^s3cors_decisions_total\{.*\} 1$/m)
})

t.test('ten thousand refused requests of invented origins are few lines', async t => {
  const { observer, lines, metrics } = create()
  for (let i = 0; i < 10_000; i++) observer.ended(makeActual(`https://${i}.example`))
  const count = lines().length
  t.ok(count <= 50, `${count} lines`)
  t.match(await metrics.text(), `s3cors_log_suppressed_total ${10_000 - count}`)
})

t.test('where the time for explanations is used up the line says so, and still says the reason', async t => {
  const { observer, lines } = create({
    explain: () => t.fail('is not asked') as never,
    budget: { explain: () => 'left-out' },
  })
  observer.started()
  observer.ended(makeActual('https://a.example'))
  const [line, ...others] = lines()
  t.strictSame(others, [])
  t.match(line, { event: 'cors_denied', reason: 'origin', explanation: 'left out: budget' })
  t.notOk(line !== undefined && ('nearestRule' in line || 'change' in line || 'noChange' in line))
})
