import { BlockList } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { BucketPolicy, PolicyLookup } from '../../src/policies/policy-lookup.ts'
import type { ConsoleProxy } from '../../src/proxy/console.ts'
import { createHandler } from '../../src/proxy/handler.ts'
import type { ProxyContext, ProxySettings } from '../../src/proxy/proxy-context.ts'
import type { ProxyResponse } from '../../src/proxy/proxy-response.ts'
import type { UpstreamPool } from '../../src/proxy/upstream-pool.ts'
import { createAddressParser } from '../../src/s3/bucket-address.ts'
import { corsFields, errorCode, readResponse } from '../fixtures/client-responses.ts'
import { createContext, serveRequests } from '../fixtures/client-side.ts'
import { policyOf } from '../fixtures/cors-policy.ts'
import { createFakePool } from '../fixtures/fake-pool.ts'
import { openRaw } from '../fixtures/raw-client.ts'

const policy = policyOf({ AllowedOrigins: ['https://app.example'], AllowedMethods: ['GET'] })
const web: BucketPolicy = {
  governed: true,
  named: true,
  source: 'yaml',
  enforcement: 'headers',
  state: { kind: 'rules', policy },
}
const buckets: Readonly<Record<string, BucketPolicy>> = {
  web,
  blocked: { ...web, enforcement: 'block' },
  reported: { ...web, enforcement: 'report' },
  unknown: { ...web, enforcement: 'block', state: { kind: 'unknown' } },
  ruleless: { ...web, state: { kind: 'none' } },
  gone: { ...web, state: { kind: 'no-such-bucket' } },
}
const other: BucketPolicy = {
  governed: false,
  named: false,
  source: 'none',
  enforcement: 'headers',
  state: { kind: 'none' },
}

const consoleProxy = {
  matches: (host: string) => host === 'console.example',
  accepts: ({ chunked }: { chunked: boolean }) => !chunked,
  web(_request, response, record, ended) {
    record.status = 200
    response.end('console')
    ended()
  },
} as Partial<ConsoleProxy> as ConsoleProxy

function settingsWith(changes: Partial<ProxySettings>): ProxySettings {
  const lookup: Partial<PolicyLookup> = { peek: bucket => buckets[bucket] ?? other }
  // Whoever asks for a connection is told that the queue is full, so a 503 SlowDown means: forwarded.
  const full: Partial<UpstreamPool> = {
    acquire: waiter => waiter.onUnavailable({ reason: 'queue', detail: 'full' }),
    cancel: () => undefined,
  }
  return {
    policies: lookup as PolicyLookup,
    addressOf: createAddressParser({
      upstreamHost: 'minio',
      host: 'preserve',
      virtualHosts: ['s3.example'],
      hosts: [],
    }),
    varyAlways: true,
    reportsAll: false,
    publicOrigins: undefined,
    forwardedFor: { mode: 'preserve', trusted: new BlockList() },
    authority: undefined,
    servername: '',
    pool: full as UpstreamPool,
    guardLimits: { targetBytes: 100, fields: 20 },
    console: consoleProxy,
    managed: undefined,
    responseMs: 1000,
    idleMs: 1000,
    ...changes,
  }
}

/** Opens a client of a server that hands its requests to the handler, and sends `bytes`. */
async function send(
  t: Test,
  bytes: string,
  changes: Partial<ProxySettings> = {},
  prepare?: (context: ProxyContext) => void,
) {
  const { context, heard } = createContext(settingsWith(changes))
  prepare?.(context)
  const handle = createHandler(context)
  const responses: ProxyResponse[] = []
  const port = await serveRequests(t, (request, response) => {
    responses.push(response)
    handle(request, response, false)
  })
  const client = await openRaw(port)
  t.teardown(() => client.destroy())
  await client.write(bytes)
  return { client, heard, responses }
}

const get = (target: string, fields = '', host = 'minio') =>
  `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${fields}Connection: close\r\n\r\n`
const good = 'Origin: https://app.example\r\n'
const evil = 'Origin: https://evil.example\r\n'
const own = 'Origin: http://minio\r\n'
const asks = (target: string, fields: string, host?: string) =>
  get(target, `${fields}Access-Control-Request-Method: GET\r\n`, host).replace('GET', 'OPTIONS')
const many = `Access-Control-Request-Headers: ${'a,'.repeat(200)}\r\n`

/** `outcome`: kind, reason of the decision, status, code, whether CORS fields were sent. */
const cases: { name: string; bytes: string; outcome: string }[] = [
  { name: 'no Origin', bytes: get('/web/k'), outcome: 'plain 503 SlowDown' },
  { name: 'an allowed origin', bytes: get('/web/k', good), outcome: 'actual matched 503 SlowDown CORS' },
  { name: 'another origin', bytes: get('/web/k', evil), outcome: 'actual origin 503 SlowDown' },
  { name: 'another origin, block', bytes: get('/blocked/k', evil), outcome: 'actual origin 403 AccessForbidden' },
  { name: 'an allowed origin, block', bytes: get('/blocked/k', good), outcome: 'actual matched 503 SlowDown CORS' },
  { name: 'no Origin, block', bytes: get('/blocked/k'), outcome: 'plain 503 SlowDown' },
  { name: "the proxy's own origin, block", bytes: get('/blocked/k', own), outcome: 'actual origin 503 SlowDown' },
  { name: 'another origin, report', bytes: get('/reported/k', evil), outcome: 'actual origin 503 SlowDown' },
  {
    name: 'rules unknown, block',
    bytes: get('/unknown/k', good),
    outcome: 'actual rules_unavailable 503 ServiceUnavailable',
  },
  { name: 'a bucket of no entry', bytes: get('/other/k', good), outcome: 'actual no_rules 503 SlowDown' },
  { name: 'too many header names', bytes: get('/web/k', good + many), outcome: 'actual bad_request 400 BadRequest' },
  { name: 'a preflight that is allowed', bytes: asks('/web/k', good), outcome: 'preflight matched 200 CORS' },
  {
    name: 'a preflight of another origin',
    bytes: asks('/web/k', evil),
    outcome: 'preflight origin 403 AccessForbidden',
  },
  { name: 'a preflight without Origin', bytes: asks('/web/k', ''), outcome: 'preflight bad_request 400 BadRequest' },
  {
    name: 'a preflight of a bucket without rules',
    bytes: asks('/ruleless', good),
    outcome: 'preflight no_rules 403 AccessForbidden',
  },
  { name: 'a preflight of no bucket', bytes: asks('/gone/k', good), outcome: 'preflight no_rules 403 AccessForbidden' },
  {
    name: 'a preflight while rules are unknown',
    bytes: asks('/unknown/k', good),
    outcome: 'preflight rules_unavailable 503 ServiceUnavailable',
  },
  { name: 'a preflight, report', bytes: asks('/reported/k', good), outcome: 'preflight matched 503 SlowDown' },
  {
    name: 'a virtual-hosted bucket',
    bytes: get('/k', good, 'web.s3.example'),
    outcome: 'actual matched 503 SlowDown CORS',
  },
  { name: 'an ambiguous address', bytes: get('/../web'), outcome: 'rejected 400 InvalidURI' },
  { name: 'what the guard refuses', bytes: get(`/${'x'.repeat(100)}`), outcome: 'rejected 414 RequestURITooLong' },
  { name: 'the console', bytes: get('/x', evil, 'console.example'), outcome: 'plain 200' },
  {
    name: 'what the console does not accept',
    bytes: get('/x', 'Transfer-Encoding: chunked\r\n', 'console.example').replace('GET', 'DELETE'),
    outcome: 'rejected 501 NotImplemented',
  },
]
for (const { name, bytes, outcome } of cases) {
  t.test(`${name}: ${outcome}`, async t => {
    const { client, heard } = await send(t, bytes)
    await client.until(({ ended }) => ended !== undefined)
    const response = readResponse(client.text, bytes.slice(0, bytes.indexOf(' ')))
    await client.until(() => heard.ended.length > 0, 100).catch(() => undefined)
    const [record] = heard.ended
    const words = [record?.kind, record?.decision?.reason, response.status, errorCode(response)]
    if (corsFields(response).length > 0) words.push('CORS')
    t.equal(words.filter(word => word !== undefined).join(' '), outcome)
    t.strictSame([heard.started, heard.ended.length, record?.status], [1, 1, response.status])
  })
}

t.test('rules that are not at hand are loaded first', async t => {
  const policies = { peek: () => undefined, load: async () => web } as Partial<PolicyLookup> as PolicyLookup
  const { client, heard } = await send(t, asks('/web/k', good), { policies })
  await client.until(({ ended }) => ended !== undefined)
  t.equal(readResponse(client.text).status, 200)
  t.match(heard.ended, [{ decision: { reason: 'matched' }, bucketNamed: true }])
})

t.test('a client that leaves meanwhile is not forwarded', async t => {
  const loading = Promise.withResolvers<BucketPolicy>()
  const policies = { peek: () => undefined, load: () => loading.promise } as Partial<PolicyLookup> as PolicyLookup
  const { client, heard, responses } = await send(t, get('/web/k'), { policies })
  while (heard.started === 0) await delay(2)
  client.reset()
  while (responses[0]?.destroyed !== true) await delay(2)
  loading.resolve(web)
  while (heard.ended.length === 0) await delay(2)
  t.match(heard.ended, [{ clientAborted: true, status: 0, upstreamFailure: undefined }])
})

t.test('a fault of our own is a 500, told once', async t => {
  const addressOf = () => {
    throw new Error('oops')
  }
  const { client, heard } = await send(t, get('/web/k'), { addressOf })
  await client.until(({ ended }) => ended !== undefined)
  t.equal(readResponse(client.text).status, 500)
  t.match(heard.warnings, [['internal_error', { detail: /^Error: oops/ }]])
  t.match(heard.ended, [{ errorCode: 'InternalError' }])
})

t.test('a Host that nobody configured is told', async t => {
  const { client, heard } = await send(t, get('/web/k', '', 'files.example'))
  await client.until(({ ended }) => ended !== undefined)
  t.strictSame(heard.warnings, [['unknown_host', { host: 'files.example' }]])
})

t.test('while draining, a preflight ends its connection', async t => {
  const bytes = asks('/web/k', good).replace('Connection: close\r\n', '')
  const { client } = await send(t, bytes, {}, context => {
    context.draining = true
  })
  await client.until(({ ended }) => ended !== undefined)
  t.strictSame(readResponse(client.text).values('connection'), ['close'])
})

const rewrites = [
  { name: 'a path', bytes: get('/web/k'), host: 's3.internal:9000', servername: 's3.internal' },
  {
    name: 'a virtual host',
    bytes: get('/k', '', 'web.s3.example'),
    host: 'web.s3.internal:9000',
    servername: 'web.s3.internal',
  },
  {
    name: 'a dotted one',
    bytes: get('/k', '', 'w.b.s3.example'),
    host: 'w.b.s3.internal:9000',
    servername: 's3.internal',
  },
]
for (const { name, bytes, host, servername } of rewrites) {
  t.test(`under rewrite, ${name} goes to ${host}`, async t => {
    const { pool, sockets } = createFakePool()
    await send(t, bytes, { pool, authority: 's3.internal:9000', servername: 's3.internal' })
    while (sockets.length === 0) await delay(2)
    sockets[0]?.connect()
    t.equal(sockets[0]?.servername, servername)
    t.match(sockets[0]?.written, `\r\nHost: ${host}\r\n`)
  })
}
