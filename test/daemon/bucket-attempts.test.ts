// What a stranger may try with Host and path to have a request decided by the rules of one bucket and served from another: each
// attempt through the data plane, in front of an endpoint that records what reaches it.

import t from 'tap'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import type { ReceivedRequest } from '../fixtures/request-reader.ts'
import { goodOrigin, type Settings, startTestProxy, type TestProxy } from '../fixtures/test-proxy.ts'

t.setTimeout(300_000)

const rule = (origin: string) => [{ AllowedOrigins: [origin], AllowedMethods: ['GET'] }]
/** `open` allows the page, `secret` does not, and its refusals hold. */
const buckets = {
  open: { CORSRules: rule(goodOrigin) },
  secret: { CORSRules: rule('https://other.example'), enforcement: 'block' },
}

const hosts = [
  ...['127.0.0.1', '127.0.0.1:80', '[::1]', '[::1]:9000', '[::ffff:127.0.0.1]', '127.1', '0x7f.1', '2130706433'],
  ...['localhost', 'localhost.', 'LOCALHOST:9000', 'open.localhost', 'secret.localhost', 'SECRET.localhost'],
  ...['secret.localhost.', 'secret.localhost:9000', 'secret.localhost.:9000', 'secret.open.localhost'],
  ...['open.secret.localhost', 'open', 'secret', 'secret.', 'Secret', 'secret:9000', 'files.example', 'FILES.example.'],
  ...[
    'open.files.example',
    'secret.files.example',
    's3.example',
    'S3.example.',
    'open.s3.example',
    'secret.s3.example',
  ],
  ...['secret.S3.example', 'secret.s3.example:443', 'secret.s3.example.', 'secret..s3.example', '.secret.s3.example'],
  ...['secret.eu.s3.example', 'open.eu.s3.example', 'open.secret.s3.example', 'secret.open.s3.example'],
  ...['minio.s3.example', 'secret.minio.s3.example', 'open.elsewhere.example', 'secret.elsewhere.example'],
  ...['secret.s3.example:', 'secret.s3.example:x', 'user@secret.s3.example', 'open.s3.example, secret.s3.example'],
  ...['secret%2es3.example', 'secret%00.s3.example', 'secret_.s3.example', 'xn--secret.s3.example', '[secret]', 'a b'],
]
const targets = [
  ...['/', '/k', '/open', '/open/', '/open/k', '/open//k', '/open?list-type=2', '/secret', '/secret/', '/secret/k'],
  ...['/secret?list-type=2', '/%73ecret/k', '/%73%65%63%72%65%74/k', '/%2573ecret/k', '/SECRET/k', '//secret/k'],
  ...['///secret/k', '/./secret/k', '/../secret/k', '/%2e/secret/k', '/%2fsecret/k', '/secret%2fk', '/secret%5ck'],
  ...['/\\secret/k', '/secret./k', '/secret%20/k', '/secret%00/k', '/secret;x/k', '/;/secret/k', '/:secret/k'],
  ...[
    '/open:secret/k',
    '/swift/v1/secret/k',
    '/v1/AUTH_a/secret/k',
    '/minio/secret/k',
    '/admin/secret',
    '/buckets/secret/k',
  ],
  ...['/open/k?bucket=secret', '/?secret/k', '/#/secret/k', '*', 'open/k', 'http://secret.s3.example/k'],
  ...['http://open.s3.example/secret/k', '//secret.s3.example/open/k', 'secret.s3.example:80'],
]
/** Fields by which some server in between tells which Host was asked for. */
const claims = [
  '',
  'X-Forwarded-Host: secret.s3.example\r\nX-Host: secret.s3.example\r\nForwarded: host=secret.s3.example\r\n',
  'X-Original-URL: /secret/k\r\nX-Rewrite-URL: /secret/k\r\nX-Forwarded-Prefix: /secret\r\nX_Forwarded_Host: secret.s3.example\r\n',
  'Host: secret.s3.example\r\n',
]

const settings: Readonly<Record<string, Settings>> = {
  'a name of the endpoint that it was not asked about': {},
  'bases and hosts': { virtualHosts: ['s3.example', 'eu.s3.example'], hosts: ['files.example'] },
  'Host rewritten': {
    upstream: { host: 'rewrite' },
    virtualHosts: ['s3.example', 'eu.s3.example'],
    hosts: ['files.example'],
  },
  'doors opened': { unknownPaths: 'forward', virtualHosts: ['s3.example'] },
}

/**
 * Every bucket that a server of deploy/endpoints.md and deploy/endpoint-doors.md may find in what it receives: in the first segment of the path, decoded once,
 * in any letter case, behind a tenant, without what a file system cuts; in the Host before any dot, and the whole of it.
 */
function readingsOf({ target, fields }: ReceivedRequest): ReadonlySet<string> {
  const found = new Set<string>()
  const host = (fields.find(([name]) => name.toLowerCase() === 'host')?.[1] ?? '').toLowerCase().replace(/:\d*$/, '')
  const labels = host.replace(/\.$/, '').split('.')
  if (!/^\[|^[\d.]+$/.test(host))
    for (let end = 1; end <= labels.length; end++) found.add(labels.slice(0, end).join('.'))
  const path = target.split('?')[0] ?? ''
  const [segment = ''] = path.replace(/^\/+/, '').split('/')
  for (const part of decoded(segment).split(/[:;/\\]/)) found.add(part.toLowerCase().replace(/[\s.\0]+$/, ''))
  return found
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

for (const [turn, [name, more]] of Object.entries(settings).entries()) {
  t.test(name, async t => {
    const upstream = await startRecordingUpstream(t, {
      answer: ({ method }) =>
        `HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 2\r\n\r\n${method === 'HEAD' ? '' : 'ok'}`,
    })
    const proxy = await startTestProxy(t, upstream.url.replace('127.0.0.1', 'localhost'), { buckets, ...more })
    let attempts = 0
    const faults: string[] = []
    for (const [index, host] of hosts.entries()) {
      await Promise.all(
        targets.map(async (target, at) => {
          // Every third pair, in each configuration others: all of them would take a minute.
          if ((index + at + turn) % 3 !== 0) return
          attempts++
          // Each of them with each of the claims by turns.
          const claim = claims[(index + at) % claims.length] ?? ''
          const bytes = `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${claim}Origin: ${goodOrigin}\r\nX-Attempt: ${index}-${at}\r\nConnection: close\r\n\r\n`
          const fault = await faultOf(t, proxy, upstream.requests, bytes, `${index}-${at}`)
          if (fault !== undefined) faults.push(`${fault}: Host ${host}, ${target}, ${JSON.stringify(claim)}`)
        }),
      )
    }
    t.strictSame(faults, [])
    t.ok(attempts >= 700, `${attempts} attempts`)
    t.ok(
      upstream.requests.some(request => readingsOf(request).has('open')),
      'what is allowed arrives',
    )
    t.strictSame(upstream.faults, [])
  })
}

/** What went wrong in one attempt. */
async function faultOf(
  t: { teardown(release: () => unknown): unknown },
  proxy: TestProxy,
  received: readonly ReceivedRequest[],
  bytes: string,
  attempt: string,
): Promise<string | undefined> {
  const answer = await proxy.send(t, bytes)
  const arrived = received.find(({ fields }) =>
    fields.some(([field, value]) => field === 'X-Attempt' && value === attempt),
  )
  const allowed = /^access-control-allow-origin:/im.test(answer)
  if (arrived === undefined)
    return allowed && !answer.startsWith('HTTP/1.1 200') ? 'an own answer allows it' : undefined
  const readings = readingsOf(arrived)
  if (readings.has('secret')) return 'it may be served from the bucket that refuses it'
  if (allowed && !readings.has('open')) return 'it is allowed, and no reading is the bucket that allows it'
  const told = arrived.fields.filter(([field]) =>
    /^(?:x-forwarded-(?:host|prefix)|forwarded)$/i.test(field.replaceAll('_', '-')),
  )
  return told.length > 0 ? `the endpoint is told ${told.join()}` : undefined
}
