import { PassThrough } from 'node:stream'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import type { RequestRecord } from '../../../src/proxy/request/request-record.ts'
import { LineBytes } from '../../../src/telemetry/log/line-bytes.ts'
import { createLog } from '../../../src/telemetry/log/log.ts'
import { describeRequest } from '../../../src/telemetry/log/log-fields.ts'
import { createRequestLines } from '../../../src/telemetry/log/request-line.ts'
import { denied, makeActual, makeRecord, matched } from '../../fixtures/request-records.ts'
import { sinkTo } from '../../fixtures/stream-sink.ts'

const secrets = ['plain-secret-of-the-configuration', 'short']

function createLines(hidden: readonly string[] = secrets) {
  const add = createRequestLines(hidden)
  return (record: RequestRecord, level = 'info', atMs = 0) => {
    const bytes = new LineBytes(16)
    add(bytes, level, record, atMs)
    return bytes.copy().toString()
  }
}

/** What the logger makes of the same. */
function generalLine(record: RequestRecord): string {
  const stream = new PassThrough()
  createLog({ level: 'info', sink: sinkTo(stream), secrets }).info('request', describeRequest(record))
  return withoutTime(String(stream.read()))
}

function withoutTime(line: string): string {
  return line.replace(/"time":"[^"]*"/, '"time":""')
}

const texts: readonly { name: string; text: string }[] = [
  { name: 'an empty string', text: '' },
  { name: 'a path', text: '/media/a/b-c_d~e.jpg' },
  { name: 'an origin', text: 'https://app.example:8443' },
  { name: 'an IPv6 address', text: '::1' },
  { name: 'a list', text: 'content-type, x-amz-date' },
  { name: 'quotes and backslashes', text: 'a"b\\c' },
  { name: 'controls', text: '\u001b[2J\u009b2J\n\u2028\u202e' },
  { name: 'other letters', text: 'blå/€/😀' },
  { name: 'a secret of the configuration that looks like a path', text: '/a/plain-secret-of-the-configuration/b' },
  { name: 'a secret of the configuration and nothing else', text: 'plain-secret-of-the-configuration' },
  { name: 'a secret of the configuration in a query', text: '/a?prefix=plain-secret-of-the-configuration' },
  { name: 'a word too short for a secret', text: '/a/short/b' },
  { name: 'a token', text: 'https://a.example?x-amz-security-token=canary' },
  { name: 'an encoded token', text: '/a%3Fx-amz-security-token%3Dcanary' },
  { name: 'a scheme', text: 'Bearer canarycanarycanary' },
  { name: 'a JWT', text: '/a/eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9/canary' },
  { name: 'the begin of a JWT', text: '/a/eyJ' },
  { name: 'user information', text: 'https://user:canary@a.example' },
  { name: 'something long', text: `/${'a'.repeat(500)}` },
  { name: 'something longer than a line takes', text: `/${'a'.repeat(5000)}` },
]
// What others choose. They are cut; the error code and the peer's address are short by nature.
const fields = [
  ...['bucket', 'origin', 'method', 'requestMethod', 'upstreamFailureDetail'],
  ...['target', 'requestId', 'upstreamAllowOrigin'],
]
for (const { name, text } of texts) {
  t.test(`a line with ${name} is what the logger would write`, async t => {
    for (const field of fields) {
      const line = createLines()
      const record = makeRecord({ [field]: text })
      const wanted = generalLine(record)
      t.equal(withoutTime(line(record)), wanted, field)
      t.equal(withoutTime(line(record)), wanted, `${field}, the second time, too`)
      t.notMatch(wanted, /plain-secret|canary/)
    }
  })
}

const plain = makeRecord()
const records: readonly { name: string; record: RequestRecord }[] = [
  { name: 'a plain request', record: plain },
  { name: 'an allowed one', record: makeActual('https://a.example', { decision: matched(2, 'web') }) },
  { name: 'an allowed one by a rule without an ID', record: makeActual('https://a.example', { decision: matched(2) }) },
  { name: 'a denied one', record: makeActual('https://b.example', { decision: denied('method'), status: 403 }) },
  { name: 'one with several lines of headers', record: makeRecord({ requestHeaders: ['content-type', 'x-a, x-b'] }) },
  { name: 'one with an empty list of headers', record: makeRecord({ requestHeaders: [] }) },
  {
    name: 'one without a bucket',
    record: makeRecord({ kind: 'rejected', bucket: undefined, errorCode: 'BadRequest' }),
  },
  { name: 'an upload', record: makeRecord({ method: 'PUT', requestBodyBytes: 5 * 2 ** 40, responseBodyBytes: 0 }) },
  { name: 'an aborted one', record: makeRecord({ clientAborted: true, status: 0 }) },
  {
    name: 'one that failed',
    record: makeRecord({ upstreamFailure: 'refused', upstreamFailureDetail: 'ECONNREFUSED' }),
  },
  { name: 'one that took long', record: makeRecord({ endedAtMs: 3_601_000.123_456 }) },
  { name: 'one that took no time', record: makeRecord({ endedAtMs: 1000 }) },
  {
    name: 'one without times',
    record: makeRecord({ startedAtMs: 0, upstreamStartedAtMs: 0, upstreamFirstByteAtMs: 0 }),
  },
  { name: 'one without a request id', record: makeRecord({ requestId: undefined, peerAddress: undefined }) },
]
t.test('lines that follow one another have each what the logger would write, in any order', async t => {
  const line = createLines()
  for (const first of records) {
    for (const { name, record } of records) {
      line(first.record)
      t.equal(withoutTime(line(record)), generalLine(record), `${name} after ${first.name}`)
    }
  }
})

t.test('a line after one that could not be made is whole', async t => {
  const line = createLines()
  line(plain)
  const odd = { ...makeActual('https://odd.example'), peerAddress: Symbol('not a string') as unknown as string }
  t.throws(() => line({ ...odd, requestHeaders: [Symbol('not a string') as unknown as string, ''] }))
  const after = makeActual('https://odd.example')
  t.equal(withoutTime(line(after)), generalLine(after))
})

t.test('the time and the level are those of the line', async t => {
  const line = createLines()
  for (const level of ['debug', 'info']) {
    for (const atMs of [0, 999, 1000, 1_795_487_944_007, 1_795_487_944_070, 1_795_487_943_999]) {
      const start = `{"level":"${level}","time":"${new Date(atMs).toISOString()}","event":"request","kind"`
      t.equal(line(plain, level, atMs).slice(0, start.length), start)
    }
  }
})

t.test('what is remembered has an end', async t => {
  const add = createRequestLines([])
  const bytes = new LineBytes(1024)
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  /** What is kept; what waits for the garbage collector says more of the machine. */
  const usedBytes = () => {
    collectGarbage()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const before = usedBytes()
  for (let i = 0; i < 100_000; i++) {
    bytes.cut(0)
    add(bytes, 'info', makeRecord({ origin: `https://${'a'.repeat(200)}${i}.example` }), 0)
  }
  // 100,000 of them would be 80 MB.
  t.ok(usedBytes() - before < 40_000_000)
  const record = makeRecord({ origin: 'https://a' })
  t.equal(withoutTime(createLines()(record)), generalLine(record))
})
