import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { parseCorsRequest } from '../../src/cors/decision/cors-request.ts'
import { decide } from '../../src/cors/decision/decide.ts'
import { appendCorsFields, corsVary } from '../../src/cors/decision/response-fields.ts'
import { cacheableObjects, etagOf } from '../fixtures/cacheable-objects.ts'
import { type ClientResponse, corsFields, readResponse } from '../fixtures/client-responses.ts'
import { policyOf } from '../fixtures/cors-policy.ts'
import { openRaw } from '../fixtures/raw-client.ts'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { SeededRandom } from '../fixtures/seeded-random.ts'
import { startTestProxy } from '../fixtures/test-proxy.ts'
import { apacheCache } from '../servers/apache-cache.ts'
import type { HttpCacheKind } from '../servers/http-cache.ts'
import { skipWithout } from '../servers/installed.ts'
import { nginxCache, revalidatingNginxCache } from '../servers/nginx-cache.ts'
import { squidCache } from '../servers/squid-cache.ts'
import { varnishCache } from '../servers/varnish-cache.ts'

// Real caches in front of the proxy. Each page must be answered through the cache as the proxy itself answers it, and the cache must
// serve as much by itself as it does for an endpoint whose answers all vary in one and the same way.

t.setTimeout(300_000)

const app = 'https://app.example'
const tool = 'https://tool.example'
const rules = [
  {
    AllowedOrigins: [app],
    AllowedMethods: ['GET', 'HEAD'],
    AllowedHeaders: ['x-*'],
    ExposeHeaders: ['ETag'],
    MaxAgeSeconds: 60,
  },
  // A cache answers HEAD from what it keeps of a GET, so the one is not to be allowed without the other.
  { AllowedOrigins: ['https://tool.*'], AllowedMethods: ['GET', 'HEAD', 'DELETE'] },
]
const policy = policyOf(...rules)

interface Visit {
  readonly method: 'GET' | 'HEAD' | 'OPTIONS'
  readonly target: string
  readonly origin?: string | undefined
  readonly requestMethod?: string | undefined
  readonly requestHeaders?: string | undefined
  readonly range?: string | undefined
  readonly etag?: string | undefined
}

/** Of the same seed, always the same 600. */
function mixedVisits(): readonly Visit[] {
  const random = new SeededRandom(14)
  const chance = (percent: number) => random.below(100) < percent
  const keys = ['a.js', 'b.png', 'c.woff2', 'd.json', 'missing']
  return Array.from({ length: 600 }, () => {
    const method = chance(6) ? 'OPTIONS' : chance(12) ? 'HEAD' : 'GET'
    const target = `/media/${random.pick(keys)}`
    const isPreflight = method === 'OPTIONS'
    const origin = random.pick([app, app, tool, 'https://evil.example', 'null', undefined, undefined])
    return {
      method,
      target,
      origin: isPreflight ? (origin ?? app) : origin,
      // A script may send the fields of a preflight on any request.
      requestMethod: isPreflight || chance(12) ? random.pick(['GET', 'DELETE', 'PUT']) : undefined,
      requestHeaders: chance(8) ? random.pick(['x-a', 'content-type']) : undefined,
      range: method === 'GET' && chance(10) ? 'bytes=10-19' : undefined,
      etag: !isPreflight && chance(12) ? etagOf(target) : undefined,
    } as const
  })
}

const caches = [nginxCache, varnishCache, squidCache, apacheCache] as const

for (const kind of caches) {
  t.test(
    `${kind.name} answers 600 mixed visits as the proxy does, and as often by itself as it can`,
    options(kind),
    async t => {
      const visits = mixedVisits()
      const upstream = await startRecordingUpstream(t, {
        answer: cacheableObjects('Access-Control-Allow-Origin: *\r\n'),
      })
      const proxy = await startTestProxy(t, upstream.url, { buckets: { media: { CORSRules: rules } } })
      const wrong: string[] = []
      const front = await startCache(t, kind, proxy.port)
      const before = proxy.started
      for (const [index, visit] of visits.entries()) {
        const response = await send(front, visit)
        const fault = faultOf(visit, response)
        if (fault !== undefined) wrong.push(`${index}: ${JSON.stringify(visit)} ${response.status} ${fault}`)
      }
      t.strictSame(wrong, [], 'visits that were answered wrongly')
      const asked = proxy.started - before

      const plain = await startRecordingUpstream(t, { answer: cacheableObjects(`Vary: ${corsVary}\r\n`) })
      const plainFront = await startCache(t, kind, plain.port)
      const plainBefore = plain.requests.length
      for (const visit of visits) await send(plainFront, visit)
      const plainAsked = plain.requests.length - plainBefore
      t.comment(`of 600 the proxy was asked ${asked}, an endpoint with one Vary ${plainAsked}`)
      t.ok(asked <= plainAsked, `${asked} of 600 reached the proxy, ${plainAsked} an endpoint with one Vary`)
      t.ok(plainAsked < 500, 'the cache does keep')
    },
  )
}

for (const kind of caches) {
  t.test(`${kind.name} serves pages and no page by turns from what it keeps`, options(kind), async t => {
    const upstream = await startRecordingUpstream(t, { answer: cacheableObjects() })
    const proxy = await startTestProxy(t, upstream.url, { buckets: { media: { CORSRules: rules } } })
    const front = await startCache(t, kind, proxy.port)
    const before = proxy.started
    for (let turn = 0; turn < 3; turn++) {
      await send(front, { method: 'GET', target: '/media/a.js' })
      await send(front, { method: 'GET', target: '/media/a.js', origin: app })
    }
    t.equal(proxy.started - before, 2, 'each once')
  })

  t.test(`${kind.name} keeps nothing that was made while rules were unknown`, options(kind), async t => {
    let isKnown = false
    const document = `<CORSConfiguration><CORSRule><AllowedOrigin>${app}</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>`
    const objects = cacheableObjects('X-Accel-Expires: 31536000\r\n')
    const upstream = await startRecordingUpstream(t, {
      answer: (request, connection) => {
        if (!request.target.endsWith('?cors')) return objects(request, connection)
        if (!isKnown) return 'HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n'
        return `HTTP/1.1 200 OK\r\nContent-Length: ${document.length}\r\n\r\n${document}`
      },
    })
    const settings = { buckets: { media: { from: 'upstream' }, strict: { from: 'upstream', enforcement: 'block' } } }
    const proxy = await startTestProxy(t, upstream.url, settings)
    const front = await startCache(t, kind, proxy.port)
    const visits = ['/media/a.js', '/strict/a.js'].map(target => ({ method: 'GET', target, origin: app }) as const)
    for (const visit of visits) {
      t.strictSame(corsFields(await send(front, visit)), [], 'unknown never means allow')
    }
    isKnown = true
    proxy.apply({ ...settings, rules: { freshSeconds: 59 } })
    for (const { target } of visits) await proxy.plane.policies().refresh(target.split('/')[1] ?? '')
    for (const visit of visits) {
      const response = await send(front, visit)
      t.equal(response.status, 200)
      t.strictSame(response.values('access-control-allow-origin'), [app], visit.target)
    }
  })

  t.test(`${kind.name} gives no client the refusal of another`, options(kind), async t => {
    const upstream = await startRecordingUpstream(t, { answer: cacheableObjects() })
    const proxy = await startTestProxy(t, upstream.url, { buckets: { media: { CORSRules: rules } } })
    const front = await startCache(t, kind, proxy.port)
    // Some caches leave the one out, some the other.
    const ambiguous = 'X_Amz_Acl: a\r\nContent-Type: a\r\nContent-Type: b\r\n'
    const refused = await sendBytes(front, `GET /media/a.js HTTP/1.1\r\nHost: localhost\r\n${ambiguous}`)
    t.equal(refused.status, 400)
    t.equal((await send(front, { method: 'GET', target: '/media/a.js', origin: app })).status, 200)
  })
}

for (const kind of [...caches, revalidatingNginxCache]) {
  t.test(
    `${kind.name} lets a page go that is no longer allowed once what it keeps is stale`,
    options(kind),
    async t => {
      const upstream = await startRecordingUpstream(t, { answer: cacheableObjects('', 'public, max-age=1') })
      const proxy = await startTestProxy(t, upstream.url, { buckets: { media: { CORSRules: rules } } })
      const front = await startCache(t, kind, proxy.port)
      const visit = { method: 'GET', target: '/media/a.js', origin: app } as const
      t.strictSame((await send(front, visit)).values('access-control-allow-origin'), [app])
      proxy.apply({ buckets: { media: { CORSRules: rules.slice(1) } } })
      await delay(3000)
      const response = await send(front, visit)
      t.strictSame([response.status, corsFields(response)], [200, []])
    },
  )
}

function options(kind: HttpCacheKind): { skip: string | false; timeout: number } {
  return { skip: skipWithout(kind.name, kind.find() !== undefined, kind.howToGetIt), timeout: 120_000 }
}

async function startCache(t: Test, kind: HttpCacheKind, originPort: number): Promise<number> {
  const cache = await kind.start(originPort)
  t.teardown(() => cache.stop())
  return cache.port
}

function send(port: number, visit: Visit): Promise<ClientResponse> {
  const fields = [
    ['Origin', visit.origin],
    ['Access-Control-Request-Method', visit.requestMethod],
    ['Access-Control-Request-Headers', visit.requestHeaders],
    ['Range', visit.range],
    ['If-None-Match', visit.etag],
  ]
  const lines = fields.map(([name, value]) => (value === undefined ? '' : `${name}: ${value}\r\n`)).join('')
  return sendBytes(port, `${visit.method} ${visit.target} HTTP/1.1\r\nHost: localhost\r\n${lines}`)
}

async function sendBytes(port: number, head: string): Promise<ClientResponse> {
  const client = await openRaw(port)
  await client.write(`${head}Connection: close\r\n\r\n`)
  await client.until(({ ended }) => ended !== undefined)
  client.destroy()
  return readResponse(client.text, head.slice(0, head.indexOf(' ')))
}

/** What is wrong with the answer to a visit; undefined when it is the proxy's own, as far as CORS goes. */
function faultOf(visit: Visit, response: ClientResponse): string | undefined {
  const asked = parseCorsRequest(
    visit.method,
    visit.origin,
    visit.requestMethod,
    visit.requestHeaders === undefined ? undefined : [visit.requestHeaders],
  )
  const decision = 'kind' in asked ? undefined : decide(policy, asked)
  const expected: string[] = []
  if (decision?.allowed === true && !('kind' in asked)) appendCorsFields(expected, decision, asked)
  const fields = corsFields(response).flat()
  if (fields.join('\n') !== expected.join('\n')) {
    // Squid makes a 304 of its own with next to no field: its client goes on with those of the answer that it has.
    if (response.status !== 304 || fields.length > 0) return `has ${JSON.stringify(fields)}`
  }
  const statuses = statusesOf(visit, decision?.allowed === true)
  return statuses.includes(response.status) ? undefined : `is not ${statuses}`
}

function statusesOf({ method, target }: Visit, allowed: boolean): readonly number[] {
  if (method === 'OPTIONS') return [allowed ? 200 : 403]
  return target.endsWith('missing') ? [404] : [200, 206, 304]
}
