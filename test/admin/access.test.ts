import t from 'tap'
import { type Caller, createTokenCheck, isForeign, isLocal, isRebound, isRelayed } from '../../src/admin/access.ts'

const local: Caller = {
  peer: '127.0.0.1',
  local: '127.0.0.1',
  localPort: 9464,
  host: '127.0.0.1:9464',
  origin: undefined,
  secFetchSite: undefined,
  authorization: undefined,
  relayed: false,
}

const callers: { name: string; change: Partial<Caller>; foreign?: true; rebound?: true; local: boolean }[] = [
  { name: 'curl on this machine', change: {}, local: true },
  { name: 'curl to localhost', change: { host: 'localhost:9464' }, local: true },
  { name: 'curl to LOCALHOST', change: { host: 'LOCALHOST:9464' }, local: true },
  { name: 'curl to port 80', change: { host: 'localhost', localPort: 80 }, local: true },
  { name: 'localhost without a port', change: { host: 'localhost' }, local: false },
  { name: 'localhost with the port of a relay', change: { host: 'localhost:8080' }, local: false },
  { name: 'localhost with a longer port', change: { host: 'localhost:19464' }, local: false },
  { name: 'curl over IPv6', change: { peer: '::1', local: '::1', host: '[::1]:9464' }, local: true },
  { name: 'a mapped IPv4 address', change: { peer: '::ffff:127.0.0.1', local: '::ffff:127.0.0.1' }, local: true },
  { name: 'another address of 127.0.0.0/8', change: { local: '127.8.9.10', host: '127.8.9.10:9464' }, local: true },
  { name: 'a client of such an address', change: { peer: '127.8.9.10' }, local: false },
  { name: "Istio's sidecar", change: { peer: '127.0.0.6' }, local: false },
  { name: "Istio's sidecar over IPv6", change: { peer: '::6', local: '::1' }, local: false },
  { name: 'a connection to another address', change: { local: '10.1.2.3' }, local: false },
  { name: 'a connection that is gone', change: { local: undefined, localPort: undefined }, local: false },
  { name: 'another machine', change: { peer: '192.0.2.1', host: '192.0.2.2:9464' }, local: false },
  { name: 'another machine that says localhost', change: { peer: '192.0.2.1', host: 'localhost' }, local: false },
  { name: 'a peer that looks like loopback', change: { peer: '127.0.0.1.example' }, local: false },
  { name: 'no peer', change: { peer: undefined }, local: false },
  { name: 'no Host', change: { host: undefined }, local: false },
  { name: 'this machine by another of its addresses', change: { host: '192.0.2.2:9464' }, local: false },
  { name: 'a rebound name', change: { host: 'evil.example:9464' }, rebound: true, local: false },
  {
    name: 'a rebound name that starts like loopback',
    change: { host: '127.0.0.1.evil.example' },
    rebound: true,
    local: false,
  },
  { name: 'a rebound name that ends like loopback', change: { host: 'evil.localhost' }, rebound: true, local: false },
  { name: 'a name without a dot', change: { host: 'build-machine:9464' }, local: false },
  { name: 'a name from another machine', change: { peer: '192.0.2.1', host: 'proxy.example' }, local: false },
  { name: 'a proxy on this machine', change: { relayed: true }, local: false },
  { name: 'the admin page', change: { origin: 'http://127.0.0.1:9464', secFetchSite: 'same-origin' }, local: true },
  { name: 'an address typed by a person', change: { secFetchSite: 'none' }, local: true },
  { name: 'a page of another site', change: { origin: 'https://evil.example' }, foreign: true, local: true },
  { name: 'a page on another port', change: { origin: 'http://127.0.0.1:3000' }, foreign: true, local: true },
  { name: 'a page of another scheme', change: { origin: 'https://127.0.0.1:9464' }, foreign: true, local: true },
  { name: 'a sandboxed page', change: { origin: 'null' }, foreign: true, local: true },
  { name: 'an empty Origin', change: { origin: '' }, foreign: true, local: true },
  { name: 'an Origin without a Host', change: { origin: 'http://a', host: undefined }, foreign: true, local: false },
  { name: 'a cross-site fetch', change: { secFetchSite: 'cross-site' }, foreign: true, local: true },
  { name: 'a same-site fetch', change: { secFetchSite: 'same-site' }, foreign: true, local: true },
  { name: 'a Sec-Fetch-Site of an unknown value', change: { secFetchSite: 'new' }, foreign: true, local: true },
]
for (const { name, change, foreign, rebound, local: expected } of callers) {
  t.test(
    `${name} is ${expected ? '' : 'not '}local${foreign ? ', and foreign' : ''}${rebound ? ', and rebound' : ''}`,
    async t => {
      const caller = { ...local, ...change }
      t.equal(isLocal(caller), expected)
      t.equal(isForeign(caller), foreign === true)
      t.equal(isRebound(caller), rebound === true)
    },
  )
}

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

const tokens: { name: string; authorization: string | undefined; accepted: boolean }[] = [
  { name: 'the token', authorization: 'Bearer s3cret-token-of-tests', accepted: true },
  { name: 'the scheme in another case', authorization: 'bearer s3cret-token-of-tests', accepted: true },
  { name: 'nothing', authorization: undefined, accepted: false },
  { name: 'an empty field', authorization: '', accepted: false },
  { name: 'another token', authorization: 'Bearer s3cret-token-of-testt', accepted: false },
  { name: 'a prefix', authorization: 'Bearer s3cret', accepted: false },
  { name: 'the token and more', authorization: 'Bearer s3cret-token-of-tests x', accepted: false },
  { name: 'the token as a password', authorization: basic('admin:s3cret-token-of-tests'), accepted: true },
  { name: 'the token as a password of no user', authorization: basic(':s3cret-token-of-tests'), accepted: true },
  { name: 'the token as a user', authorization: basic('s3cret-token-of-tests:'), accepted: false },
  { name: 'the token as a user without a password', authorization: basic('s3cret-token-of-tests'), accepted: false },
  { name: 'another password', authorization: basic('admin:s3cret-token-of-testt'), accepted: false },
  { name: 'another scheme', authorization: 'Basic s3cret-token-of-tests', accepted: false },
  { name: 'the bare token', authorization: 's3cret-token-of-tests', accepted: false },
]
for (const { name, authorization, accepted } of tokens) {
  t.test(`${name} is ${accepted ? '' : 'not '}accepted as the token`, async t => {
    t.equal(createTokenCheck('s3cret-token-of-tests')(authorization), accepted)
  })
}

t.test('without a token, none is accepted', async t => {
  t.equal(createTokenCheck(undefined)('Bearer undefined'), false)
  t.equal(createTokenCheck('')('Bearer '), false)
})

const own = ['host', 'user-agent', 'accept']
const requests: {
  name: string
  version?: string
  fields?: readonly string[]
  connection?: string
  relayed: boolean
}[] = [
  { name: 'curl', relayed: false },
  {
    name: 'fetch',
    fields: ['connection', 'accept-language', 'sec-fetch-mode', 'accept-encoding'],
    connection: 'keep-alive',
    relayed: false,
  },
  { name: 'wget', fields: ['connection'], connection: 'Keep-Alive', relayed: false },
  {
    name: 'curl with the token and a body',
    fields: ['authorization', 'content-type', 'content-length'],
    relayed: false,
  },
  {
    name: 'Chromium',
    fields: [
      'connection',
      'cache-control',
      'sec-ch-ua',
      'sec-ch-ua-mobile',
      'upgrade-insecure-requests',
      'sec-fetch-site',
      'cookie',
      'if-none-match',
    ],
    connection: 'keep-alive',
    relayed: false,
  },
  { name: 'nginx by its defaults', version: '1.0', fields: ['connection'], connection: 'close', relayed: true },
  { name: 'nginx with HTTP/1.1', fields: ['connection'], connection: 'close', relayed: true },
  { name: 'a relay of WebSockets', fields: ['connection', 'upgrade'], connection: 'upgrade', relayed: true },
  ...[
    'forwarded',
    'via',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-proto',
    'x-forwarded-server',
    'x-real-ip',
    'x-envoy-external-address',
    'x-envoy-decorator-operation',
    'x-request-id',
    'x-b3-traceid',
    'traceparent',
    'b3',
    'x_forwarded_for',
    'true-client-ip',
    'cf-connecting-ip',
    'cdn-loop',
    'x-amzn-trace-id',
    'max-forwards',
    'x-varnish',
    'proxy-connection',
    'x-ssl-cert',
    'x-anything',
  ].map(name => ({ name: `a relay that adds ${name}`, fields: [name], relayed: true })),
]
for (const { name, version = '1.1', fields = [], connection, relayed } of requests) {
  t.test(`${name} is ${relayed ? '' : 'not '}taken for a relay`, async t => {
    t.equal(isRelayed(version, [...own, ...fields], connection), relayed)
  })
}
