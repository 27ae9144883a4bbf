import t from 'tap'
import { createUpstream } from '../../../src/daemon/upstream/upstream.ts'
import type { WorkerMessage } from '../../../src/daemon/workers/messages.ts'
import { createWorkerPolicies, type PrimaryLink } from '../../../src/daemon/workers/worker-policies.ts'
import { parseText } from '../../fixtures/parsed-text.ts'

function setUp(t: { teardown: (release: () => void) => unknown }, buckets: string, ask?: PrimaryLink['ask']) {
  const { configuration } = parseText(
    `upstream: { url: "http://127.0.0.1:9", credentials: none }\nbuckets: { ${buckets} }\n`,
  )
  if (configuration === undefined) throw new Error('the configuration has faults')
  const upstream = createUpstream(configuration, {}, {})
  t.teardown(upstream.close)
  const told: WorkerMessage[] = []
  const link: PrimaryLink = {
    ask: ask ?? (() => Promise.reject(new Error('nobody there'))),
    tell: message => told.push(message),
  }
  return { told, make: () => createWorkerPolicies(configuration, upstream, undefined, link) }
}

const yaml = 'media: { CORSRules: [{ AllowedOrigins: ["https://app.example"], AllowedMethods: [GET] }] }'
const request = {
  bucket: 'kept',
  method: 'PUT',
  target: '/kept?cors',
  headers: [],
  body: Buffer.alloc(0),
  tls: false,
  ids: { requestId: '0123456789ABCDEF', hostId: 'host' },
}

t.test('rules of the configuration are known here, and nobody is asked', async t => {
  const policies = setUp(t, yaml).make()
  t.equal(policies.lookup.peek('media')?.state.kind, 'rules')
  t.equal(policies.managed, undefined)
  t.equal(policies.mirrors.size, 0)
})

t.test('a write that has no effect is told to the primary, whose note it is', async t => {
  const { told, make } = setUp(t, yaml)
  t.equal(make().lookup.corsWritten('media'), 'without-effect')
  t.strictSame(told, [{ kind: 'written', bucket: 'media' }])
})

t.test('each live source has its mirror, and what it knows goes to the next one', async t => {
  const policies = setUp(t, 'uploads: { from: upstream }, kept: { from: managed }').make()
  t.strictSame([...policies.mirrors.keys()], ['upstream', 'managed'])
  const copy = { state: { kind: 'none' as const }, ageMs: 0, nextTryInMs: 1000, revalidateInMs: 1000 }
  policies.mirrors
    .get('upstream')
    ?.adopt('uploads', { ...copy, failures: 0, lastResult: 'none', lastDetail: undefined })
  t.equal(policies.lookup.peek('uploads')?.state.kind, 'none')
  t.strictSame([...(policies.cached().upstream?.entries.keys() ?? [])], ['uploads'])
  t.equal((await policies.lookup.load('kept')).state.kind, 'unknown', 'unknown never means allow')
})

t.test('a managed request is answered by the primary, or 503', async t => {
  const buckets = 'kept: { from: managed }'
  const answer = { status: 200, headers: [], body: Buffer.alloc(0), s3Code: undefined }
  const asks: PrimaryLink['ask'][] = [
    (async () => answer) as unknown as PrimaryLink['ask'],
    (async () => undefined) as unknown as PrimaryLink['ask'],
    () => Promise.reject(new Error('nobody there')),
  ]
  const statuses = await Promise.all(
    asks.map(async ask => (await setUp(t, buckets, ask).make().managed?.handle(request))?.status),
  )
  t.strictSame(statuses, [200, 503, 503])
})
