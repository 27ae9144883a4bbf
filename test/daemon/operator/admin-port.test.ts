import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import t from 'tap'
import { createAdminPort } from '../../../src/daemon/operator/admin-port.ts'
import { createPolicySources } from '../../../src/policies/policy-sources.ts'
import type { Log } from '../../../src/telemetry/log/log.ts'
import { createMetrics } from '../../../src/telemetry/metrics/metrics.ts'
import { parseText, upstreamLine } from '../../fixtures/parsed-text.ts'
import { denied, makeActual } from '../../fixtures/request-records.ts'

const rule = {
  allowedOrigins: ['https://app.example'],
  allowedMethods: ['GET'],
  allowedHeaders: [],
  exposeHeaders: [],
} as const
const policies = createPolicySources([{ name: 'media', source: 'yaml', enforcement: 'headers', rules: [rule] }], {})

const { configuration } = parseText(upstreamLine)
if (configuration === undefined) throw new Error('expected a configuration')
const { upstream } = configuration

const metrics = createMetrics({
  version: '1.2.3',
  origins: 10,
  status: () => policies.describe(),
  processMetrics: false,
})

t.test('the admin port shows what the daemon knows', async t => {
  const told: unknown[] = []
  const plane = createAdminPort({
    settings: () => ({ vary: 'always', enforcement: 'headers', hosts: ['known.example'], virtualHosts: [], upstream }),
    addressOf: () => host => ({ kind: 'none', unknownHost: host !== 'known.example' }),
    policies: () => policies,
    metrics,
    log: { error() {}, info: (event, fields) => told.push([event, fields]) } as Partial<Log> as Log,
    token: undefined,
    version: '1.2.3',
    status: () => ({
      endpoint: 'http://127.0.0.1:9',
      url: undefined,
      workers: 1,
      names: [],
      configuration: {
        file: 'config.yaml',
        sha256: undefined,
        sinceMs: 0,
        changes: [],
        restartRequired: [],
        refused: [{ part: 'configuration', sinceMs: 1000, issues: ['config.yaml:3:5: wrong'] }],
      },
    }),
    reload: async () => ({ kind: 'unchanged' }),
  })
  plane.server.listen(0, '127.0.0.1')
  await once(plane.server, 'listening')
  t.teardown(() => plane.close())
  const url = `http://127.0.0.1:${(plane.server.address() as AddressInfo).port}`
  const get = async (path: string) => {
    const response = await fetch(url + path)
    return { status: response.status, text: await response.text() }
  }

  t.strictSame(await get('/livez'), { status: 200, text: 'ok\n' })
  t.match(await get('/readyz'), { status: 503, text: /listening/ }, 'not before it listens')
  plane.readiness.setListening()
  t.match(await get('/readyz'), { status: 200 })
  t.match(await get('/metrics'), { status: 200, text: /s3cors_build_info\{.*version="1\.2\.3"/ })
  t.match(await get('/status'), {
    status: 200,
    text: /"inForceSince": "1970-01-01T00:00:00\.000Z".*"since": "1970-01-01T00:00:01\.000Z",\s+"issues": \[\s+"config\.yaml:3:5: wrong"/s,
  })
  t.match(await get('/buckets'), { status: 200, text: /"bucket": "media"/ })
  t.match(await get('/explain?bucket=media&origin=https://app.example&method=GET'), { text: /"allowed": true/ })
  t.match(await get('/origins'), { status: 200 })
  for (const bucket of ['medai', 'media'])
    metrics.recordEnded(makeActual('https://app.example', { bucket, bucketNamed: false, decision: denied('no_rules') }))
  for (const unknownHost of ['s3.example', 'known.example'])
    metrics.recordEnded(
      makeActual('https://app.example', { bucket: undefined, unknownHost, decision: denied('unknown_host') }),
    )
  const { notConfigured } = JSON.parse((await get('/buckets')).text) as {
    notConfigured: Record<'buckets' | 'hosts', { names: { name: string; todo?: string }[] }>
  }
  t.strictSame(
    [notConfigured.buckets, notConfigured.hosts].map(({ names }) => names.map(({ name, todo }) => [name, todo])),
    [
      [['medai', undefined]],
      [
        [
          's3.example',
          'add s3.example to hosts (keep the name that is there), or virtualHosts if buckets stand before the name',
        ],
      ],
    ],
    'what is configured by now is not among the names that are not',
  )
  const post = async (path: string) => {
    const response = await fetch(url + path, { method: 'POST', headers: { 'Content-Type': 'application/json' } })
    return { status: response.status, text: await response.text() }
  }
  t.match(await post('/reload'), {
    status: 200,
    text: /"result": "unchanged",\s+"inForceSince": "1970-01-01T00:00:00\.000Z",\s+"issues": \[\]/,
  })
  t.strictSame(told, [['reload_requested', { by: 'POST /reload', result: 'unchanged' }]], 'one line')
  t.match(await post('/buckets/media/refresh'), { status: 404 }, 'its rules are in the configuration')
  plane.readiness.setDraining()
  t.match(await get('/readyz'), { status: 503, text: /draining/ })

  const { port } = plane.server.address() as AddressInfo
  // What the descriptors allow; the daemon sets it.
  plane.server.maxConnections = 6
  const crowd = Array.from({ length: 8 }, () => connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' }))
  t.teardown(() => crowd.map(socket => socket.destroy()))
  await Promise.all(
    crowd.map(socket =>
      once(
        socket.on('error', () => {}),
        'ready',
      ).catch(() => {}),
    ),
  )
  t.equal((await fetch(`${url}/livez`)).status, 200, 'a probe is answered while others hold all connections')

  let asked = 0
  plane.server.on('request', () => asked++)
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.resume()
  socket.write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(1000))
  await once(socket, 'close')
  t.ok(asked < 10, `${asked} of 1000 requests at once were read`)
})
