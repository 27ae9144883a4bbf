import { PassThrough } from 'node:stream'
import t from 'tap'
import { createLog } from '../../src/telemetry/log.ts'
import type { LogFields } from '../../src/telemetry/log-fields.ts'
import { createRequestLines } from '../../src/telemetry/request-line.ts'

const secrets = ['plain-secret-of-the-configuration', 'short']

/** What the logger makes of the same. */
function generalLine(fields: LogFields): string {
  const stream = new PassThrough()
  createLog({ level: 'info', stream, secrets }).info('request', fields)
  return withoutTime(String(stream.read()))
}

function withoutTime(line: string): string {
  return line.replace(/"time":"[^"]*"/, '"time":""')
}

const values: readonly { name: string; value: string | number | boolean | undefined }[] = [
  { name: 'nothing', value: undefined },
  { name: 'an empty string', value: '' },
  { name: 'a number', value: 0.000123 },
  { name: 'a boolean', value: true },
  { name: 'a path', value: '/media/a/b-c_d~e.jpg' },
  { name: 'an origin', value: 'https://app.example:8443' },
  { name: 'an IPv6 address', value: '::1' },
  { name: 'a list', value: 'content-type, x-amz-date' },
  { name: 'quotes and backslashes', value: 'a"b\\c' },
  { name: 'controls', value: '\u001b[2J\u009b2J\n\u2028\u202e' },
  { name: 'other letters', value: 'blå/€/😀' },
  { name: 'a secret of the configuration that looks like a path', value: '/a/plain-secret-of-the-configuration/b' },
  { name: 'a word too short for a secret', value: '/a/short/b' },
  { name: 'a token', value: 'https://a.example?x-amz-security-token=canary' },
  { name: 'an encoded token', value: '/a%3Fx-amz-security-token%3Dcanary' },
  { name: 'a scheme', value: 'Bearer canarycanarycanary' },
  { name: 'a JWT', value: '/a/eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9/b' },
  { name: 'user information', value: 'https://user:password@a.example' },
  { name: 'something long', value: `/${'a'.repeat(500)}` },
]

for (const { name, value } of values) {
  t.test(`a line with ${name} is what the logger would write`, async t => {
    const line = createRequestLines(secrets)
    for (const field of ['origin', 'target', 'requestId']) {
      const fields = { kind: 'actual', [field]: value, status: 200 }
      const wanted = generalLine(fields)
      t.equal(withoutTime(line('info', fields, 0)), wanted)
      t.equal(withoutTime(line('info', fields, 0)), wanted, 'the second time, too')
    }
  })
}

t.test('the time is that of the line', async t => {
  const line = createRequestLines([])
  for (const atMs of [0, 999, 1000, 1_795_487_944_007, 1_795_487_944_070, 1_795_487_943_999]) {
    t.match(line('debug', {}, atMs), `{"level":"debug","time":"${new Date(atMs).toISOString()}","event":"request"}\n`)
  }
})

t.test('what is remembered has an end', async t => {
  const line = createRequestLines([])
  const heapBytes = () => process.memoryUsage().heapUsed
  const before = heapBytes()
  for (let i = 0; i < 100_000; i++) line('info', { origin: `https://${'a'.repeat(200)}${i}.example` }, 0)
  // 100,000 of them would be 50 MB.
  t.ok(heapBytes() - before < 40_000_000)
  t.equal(withoutTime(line('info', { origin: 'https://a' }, 0)), generalLine({ origin: 'https://a' }))
})
