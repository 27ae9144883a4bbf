// What tables keep of requests: a name, and never the long string that it was cut from.

import { promisify } from 'node:util'
import t from 'tap'
import { execFile } from '../fixtures/children.ts'

t.setTimeout(300_000)

const src = (path: string) => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href)

/** Of 1000 requests, each with another name in a string of 30 KB: 30 MB, were they kept. */
const program = `
import { parseRules } from ${src('cors/parsing/parse-rules.ts')}
import { createBucketPolicies } from ${src('policies/upstream/bucket-policies.ts')}
import { createRuleEntries } from ${src('policies/upstream/rule-entries.ts')}
import { createEndpointSafety } from ${src('policies/managed/endpoint-safety.ts')}
import { newRecord } from ${src('proxy/request/request-record.ts')}
import { ResponseHeadReader } from ${src('proxy/upstream/response/response-head.ts')}
import { createRefusalSampler } from ${src('telemetry/log/refusal-sampler.ts')}
import { LineBytes } from ${src('telemetry/log/line-bytes.ts')}
import { createRequestLines } from ${src('telemetry/log/request-line.ts')}
import { createBucketLabels } from ${src('telemetry/labels/bucket-labels.ts')}
import { createReportingMeter } from ${src('telemetry/metrics/count-report.ts')}
import { createMetrics } from ${src('telemetry/metrics/metrics.ts')}

const entry = kind => ({ state: { kind }, fetchedAt: 0, nextTryAt: 0, revalidateUntil: 0, failures: 0, lastResult: '' })
const names = () => Array.from({ length: 1000 }, (_, i) => Buffer.from('/some-bucket-name-' + String(i).padStart(4, '0') + '/' + 'x'.repeat(30000)).toString('latin1').slice(1, 22))
const long = i => Buffer.from('https://' + i + '.example' + 'x'.repeat(30000)).toString('latin1')
function record(i, name) {
  const made = newRecord('GET', '/k', '127.0.0.1', 1)
  const headers = Buffer.from('x-some-header-name' + 'x'.repeat(30000)).toString('latin1').slice(0, 18)
  return Object.assign(made, {
    kind: 'preflight', origin: 'https://o' + i + '.example', bucket: name, requestMethod: headers, requestHeaders: [headers],
    upstreamAllowOrigin: headers, decision: { allowed: false, reason: 'origin' },
  })
}
const times = { freshSeconds: 60, staleSeconds: 60, negativeSeconds: 60, timeoutSeconds: 5 }
const keepers = {
  rules: () => {
    const cache = createRuleEntries(name => name.endsWith('7'))
    for (const name of names()) cache.set(name, entry(name.endsWith('3') ? 'rules' : 'none'))
    for (const name of names()) cache.get(name)
    for (const name of names()) cache.set(name, entry('none'))
    return cache
  },
  'rules of another process': async () => {
    const bounds = { running: 1000, othersRunning: 1000, othersWaiting: 1000, newNamesPerSecond: 1000 }
    const getBucketCors = async () => ({ kind: 'entry', entry: { ...entry('none'), nextTryAt: 1e9 } })
    const policies = createBucketPolicies({ times, bounds, upstream: '', getBucketCors, now: () => 0 }, { named: new Map(), others: 'headers' })
    for (const name of names()) await policies.load(name)
    return policies
  },
  safety: async () => {
    const safety = createEndpointSafety({ probe: async () => ({ kind: 'safe' }), now: () => 0, mayProbe: () => true })
    for (const name of names()) await safety.check(name)
    return safety
  },
  sampler: () => {
    const sampler = createRefusalSampler()
    for (let i = 0; i < 1000; i++) sampler.admit({ origin: long(i), bucket: 'b', reason: 'origin' }, i * 1000)
    return sampler
  },
  'sampler of what was asked': () => {
    const sampler = createRefusalSampler()
    for (let i = 0; i < 1000; i++) sampler.admit({ reason: 'header', asked: long(i) }, i * 1000)
    return sampler
  },
  'sampler of buckets': () => {
    const sampler = createRefusalSampler()
    for (let i = 0; i < 1000; i++) sampler.admit({ origin: 'o', bucket: long(i), reason: 'origin' }, i * 1000)
    return sampler
  },
  'sampler of warnings': () => {
    const sampler = createRefusalSampler()
    for (let i = 0; i < 1000; i++) sampler.admit({ reason: 'unknown_host ' + JSON.stringify(long(i)).slice(0, 512) }, i * 1000)
    return sampler
  },
  lines: () => {
    const addLine = createRequestLines([])
    const to = new LineBytes(1000)
    names().forEach((name, i) => {
      addLine(to, 'info', record(i, name), 1)
      to.cut(0)
    })
    return addLine
  },
  labels: () => {
    const labels = createBucketLabels()
    for (const name of names()) labels.index(name, true)
    return labels
  },
  'rules of endpoints': () =>
    names().map(name => {
      const { rules } = parseRules([{ ID: name, AllowedOrigins: [name], AllowedMethods: ['GET'], AllowedHeaders: [name.slice(1)] }])
      return rules
    }),
  origins: () => {
    const metrics = createMetrics({ version: '1', origins: 1000, status: () => [], processMetrics: false })
    names().forEach((name, i) => metrics.recordEnded(record(i, name)))
    return metrics
  },
  'readers of idle connections': () =>
    names().map((name, i) => {
      const reader = new ResponseHeadReader(9)
      const value = long(i)
      reader.readAll('HTTP/1.1 200 A reason of some length\\r\\nx-amz-meta-a: ' + value + '\\r\\nx-amz-meta-b: some value of it\\r\\n\\r\\n')
      reader.end()
      return reader
    }),
  'counts that wait for their report': () => {
    const meter = createReportingMeter(() => new Promise(() => {}))
    names().forEach((name, i) => meter.recordEnded(record(i, name)))
    return meter
  },
}
const megabytes = () => {
  gc()
  return process.memoryUsage().heapUsed / 1e6
}
const kept = {}
const figures = {}
for (const [name, keep] of Object.entries(keepers)) {
  const before = megabytes()
  kept[name] = await keep()
  figures[name] = megabytes() - before
}
console.log(JSON.stringify(figures))`

t.test('of a long string no more is kept than the name that was cut from it', async t => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--expose-gc', '--input-type=module', '--eval', program],
    { maxBuffer: 1 << 20 },
  )
  const figures = Object.entries(JSON.parse(stdout) as Record<string, number>)
  t.equal(figures.length, 13)
  for (const [name, megabytes] of figures) t.ok(megabytes < 8, `${name}: ${megabytes.toFixed(1)} MB`)
})
