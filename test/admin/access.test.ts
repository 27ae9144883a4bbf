import t from 'tap'
import { type Caller, createTokenCheck, isForeign, isLocal, isRebound } from '../../src/admin/access.ts'

const local: Caller = {
  peer: '127.0.0.1',
  host: '127.0.0.1:9464',
  origin: undefined,
  secFetchSite: undefined,
  authorization: undefined,
  forwarded: false,
}

const callers: { name: string; change: Partial<Caller>; foreign?: true; rebound?: true; local: boolean }[] = [
  { name: 'curl on this machine', change: {}, local: true },
  { name: 'curl to localhost', change: { host: 'localhost:9464' }, local: true },
  { name: 'curl to LOCALHOST without a port', change: { host: 'LOCALHOST' }, local: true },
  { name: 'curl over IPv6', change: { peer: '::1', host: '[::1]:9464' }, local: true },
  { name: 'a mapped IPv4 address', change: { peer: '::ffff:127.0.0.1' }, local: true },
  { name: 'another address of 127.0.0.0/8', change: { peer: '127.8.9.10', host: '127.8.9.10:9464' }, local: true },
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
  { name: 'a proxy on this machine', change: { forwarded: true }, local: false },
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
  { name: 'a Sec-Fetch-Site nobody knows', change: { secFetchSite: 'new' }, foreign: true, local: true },
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

const tokens: { name: string; authorization: string | undefined; accepted: boolean }[] = [
  { name: 'the token', authorization: 'Bearer s3cret-token', accepted: true },
  { name: 'the scheme in another case', authorization: 'bearer s3cret-token', accepted: true },
  { name: 'nothing', authorization: undefined, accepted: false },
  { name: 'an empty field', authorization: '', accepted: false },
  { name: 'another token', authorization: 'Bearer s3cret-tokem', accepted: false },
  { name: 'a prefix', authorization: 'Bearer s3cret', accepted: false },
  { name: 'the token and more', authorization: 'Bearer s3cret-token x', accepted: false },
  { name: 'another scheme', authorization: 'Basic s3cret-token', accepted: false },
  { name: 'the bare token', authorization: 's3cret-token', accepted: false },
]
for (const { name, authorization, accepted } of tokens) {
  t.test(`${name} is ${accepted ? '' : 'not '}accepted as the token`, async t => {
    t.equal(createTokenCheck('s3cret-token')(authorization), accepted)
  })
}

t.test('without a token, none is accepted', async t => {
  t.equal(createTokenCheck(undefined)('Bearer undefined'), false)
  t.equal(createTokenCheck('')('Bearer '), false)
})
