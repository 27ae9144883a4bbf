import { PassThrough } from 'node:stream'
import t from 'tap'
import { serveAlone } from '../../src/daemon/serving.ts'
import { createLog } from '../../src/telemetry/log/log.ts'
import { createMetrics } from '../../src/telemetry/metrics/metrics.ts'
import { parseText } from '../fixtures/parsed-text.ts'
import { sinkTo } from '../fixtures/stream-sink.ts'

const rules = (origin: string) =>
  `upstream: { url: "http://127.0.0.1:9" }\nbuckets: { media: { CORSRules: [{ AllowedOrigins: ["${origin}"], AllowedMethods: [GET] }] } }\n`

function configure(text: string) {
  const { configuration } = parseText(text)
  if (configuration === undefined) throw new Error('the configuration has faults')
  return configuration
}

t.test('a process that serves alone listens, obeys, counts and drains', async t => {
  const metrics = createMetrics({ version: '1', origins: 10, status: () => [], processMetrics: false })
  const files = { upstream: {}, certificate: undefined }
  const serving = serveAlone({
    configuration: configure(rules('https://app.example')),
    files,
    environment: {},
    metrics,
    log: createLog({ level: 'silent', sink: sinkTo(new PassThrough()) }),
    events: { onFetch: () => {}, onChange: () => {}, onDisabled: () => {}, onUnusable: () => {} },
  })
  t.equal(serving.listening(), false)
  const { address, port } = await serving.listen({ host: '127.0.0.1', port: 0 })
  t.equal(serving.listening(), true)
  t.equal(serving.gather, undefined, 'there is no other process to ask')
  const preflight = () =>
    fetch(`http://${address}:${port}/media/key`, {
      method: 'OPTIONS',
      headers: { Origin: 'https://app.example', 'Access-Control-Request-Method': 'GET' },
    }).then(({ status }) => status)
  t.equal(await preflight(), 200)
  await serving.apply(configure(rules('https://other.example')), files)
  t.equal(await preflight(), 403)
  t.match(await metrics.text(), /decision="allowed",reason="matched"\} 1\n/)
  t.equal(serving.policies().describe().length, 1)
  t.equal(await serving.drain(0, 5000), 'drained')
  t.equal(serving.listening(), false)
  serving.close()
})
