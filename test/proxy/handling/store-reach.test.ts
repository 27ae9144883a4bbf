import t from 'tap'
import { createStoreGuard } from '../../../src/policies/managed/store/store-guard.ts'
import type { ProxySettings } from '../../../src/proxy/handling/proxy-context.ts'
import { isStoreRequest, isStrayCorsOperation } from '../../../src/proxy/handling/store-reach.ts'
import type { GuardedRequest } from '../../../src/proxy/request/request-guard.ts'
import { createAddressParser } from '../../../src/s3/address/bucket-address.ts'
import { settingsWith } from '../../fixtures/handled-requests.ts'

type Managed = NonNullable<ProxySettings['managed']>

/** The store is everything in the bucket `rules`; `kept` is a managed bucket. */
const settings = settingsWith({
  managed: { storeGuard: (bucket: string) => bucket.toLowerCase() === 'rules' } as Partial<Managed> as Managed,
  policies: {
    inspect: (bucket: string) => ({ source: bucket === 'kept' ? 'managed' : 'yaml' }),
  } as Partial<ProxySettings['policies']> as ProxySettings['policies'],
})

const cases: { name: string; method: string; host: string; target: string; store: boolean; stray: boolean }[] = [
  {
    name: 'an object of the store, under a base that is not configured',
    method: 'GET',
    host: 'web.minio',
    target: '/rules/x',
    store: true,
    stray: false,
  },
  {
    name: 'it, under a base that the operator wrote',
    method: 'GET',
    host: 'web.s3.example',
    target: '/rules/x',
    store: true,
    stray: false,
  },
  {
    name: 'it, by a base that is not configured',
    method: 'PUT',
    host: 'rules.minio',
    target: '/x',
    store: true,
    stray: false,
  },
  {
    name: 'it, by any unknown Host',
    method: 'PUT',
    host: 'Rules.a.example:80',
    target: '/x',
    store: true,
    stray: false,
  },
  { name: 'it, by a Host that is its name', method: 'GET', host: 'rules', target: '/web/x', store: true, stray: false },
  { name: 'an address is no name', method: 'GET', host: '[::1]:80', target: '/web/x', store: false, stray: false },
  {
    name: '?cors of a managed bucket, under a base that is not configured',
    method: 'DELETE',
    host: 'x.minio',
    target: '/kept?cors',
    store: false,
    stray: true,
  },
  {
    name: 'it, spelt otherwise',
    method: 'DELETE',
    host: 'x.minio',
    target: '/%6bept?%63ors',
    store: false,
    stray: true,
  },
  {
    name: 'it, under a base that the operator wrote',
    method: 'DELETE',
    host: 'web.s3.example',
    target: '/kept?cors',
    store: false,
    stray: true,
  },
  {
    name: 'it, by a base that is not configured',
    method: 'DELETE',
    host: 'kept.minio',
    target: '/?cors',
    store: false,
    stray: true,
  },
  {
    name: 'it, by a base that the operator wrote: answered as managed',
    method: 'DELETE',
    host: 'kept.s3.example',
    target: '/?cors',
    store: false,
    stray: false,
  },
  {
    name: 'another bucket by a base that is not configured',
    method: 'DELETE',
    host: 'web.minio',
    target: '/?cors',
    store: false,
    stray: false,
  },
  {
    name: 'a key of it, under a base that is not configured',
    method: 'GET',
    host: 'x.minio',
    target: '/kept/k',
    store: false,
    stray: false,
  },
  {
    name: 'it, with the question mark encoded',
    method: 'DELETE',
    host: 'minio',
    target: '/kept%3Fcors',
    store: false,
    stray: true,
  },
  {
    name: 'it, with the question mark encoded twice, behind a slash',
    method: 'DELETE',
    host: 'minio',
    target: '/kept/%253fcors',
    store: false,
    stray: true,
  },
  {
    name: 'a key that holds such a question',
    method: 'DELETE',
    host: 'minio',
    target: '/kept/what%3Fcors',
    store: false,
    stray: false,
  },
  {
    name: 'the bucket of the store, with the question mark encoded',
    method: 'PUT',
    host: 'minio',
    target: '/rules%3Fpolicy',
    store: true,
    stray: false,
  },
  { name: 'an object of the store', method: 'GET', host: 'minio', target: '/rules/x', store: true, stray: false },
  { name: 'it, by a virtual host', method: 'GET', host: 'rules.s3.example', target: '/x', store: true, stray: false },
  {
    name: 'it, under an unknown Host',
    method: 'GET',
    host: 'a.example',
    target: '/rules/x',
    store: true,
    stray: false,
  },
  {
    name: 'it, behind a slash that some servers skip',
    method: 'GET',
    host: 'web.s3.example',
    target: '//rules/x',
    store: true,
    stray: false,
  },
  {
    name: '?cors of a managed bucket behind such a slash',
    method: 'DELETE',
    host: 'web.s3.example',
    target: '//kept?cors',
    store: false,
    stray: true,
  },
  {
    name: 'a key that begins with a slash',
    method: 'PUT',
    host: 'web.s3.example',
    target: '//x/y',
    store: false,
    stray: false,
  },
  { name: 'another object', method: 'GET', host: 'minio', target: '/web/x', store: false, stray: false },
  { name: '?cors of a managed bucket', method: 'PUT', host: 'minio', target: '/kept?cors', store: false, stray: false },
  { name: 'it, unknown Host', method: 'DELETE', host: 'a.example', target: '/kept?cors', store: false, stray: true },
  { name: 'a preflight of it', method: 'OPTIONS', host: 'a.example', target: '/kept?cors', store: false, stray: false },
  { name: 'no bucket in the path', method: 'DELETE', host: 'a.example', target: '/?cors', store: false, stray: true },
  { name: 'another bucket', method: 'DELETE', host: 'a.example', target: '/web?cors', store: false, stray: false },
]
for (const { name, method, host, target, store, stray } of cases) {
  t.test(`${name}: ${method} ${target} of ${host} is ${store || stray ? 'held back' : 'let through'}`, async t => {
    const address = settings.addressOf(host, target)
    const guarded = { method, host, target, lines: '' } as GuardedRequest
    t.equal(isStoreRequest(settings, address, guarded), store)
    t.equal(isStrayCorsOperation(settings, address, guarded), stray)
  })
}

t.test('a path that is no bucket may have the store in any of its segments', async t => {
  const addressOf = createAddressParser({
    upstreamHost: '127.0.0.1',
    host: 'preserve',
    virtualHosts: [],
    hosts: [],
    unknownPaths: 'forward',
  })
  const forwarding = { ...settings, addressOf }
  const isStore = (target: string, host = 'localhost') => {
    const guarded = { method: 'GET', host, target, lines: '' } as GuardedRequest
    return isStoreRequest(forwarding, addressOf(host, target), guarded)
  }
  for (const target of [
    '/swift/v1/rules/x',
    '/swift/v1/%72ules/x?format=json',
    '/v1/AUTH_test/rules/x',
    '/:rules/x',
    '/tenant%3Arules/x',
    '/rules;a/x',
  ]) {
    t.equal(isStore(target), true, target)
    t.equal(isStore(target, 'a.example'), true, `${target}, unknown Host`)
  }
  for (const target of ['/swift/v1/web/x', '/v1/%zz/web', '/:web/x']) t.equal(isStore(target), false, target)
})

t.test('a first segment that is no bucket name is the store where an endpoint may fold it', async t => {
  for (const target of ['/RULES/x', '/Rules?delete', '/%52ules', '/rules./x', '/rules%20/x', '/%EF%BD%92ules/x']) {
    for (const host of ['minio', 'a.example', '127.0.0.1', 'web.minio']) {
      const guarded = { method: 'GET', host, target, lines: '' } as GuardedRequest
      t.equal(isStoreRequest(settings, settings.addressOf(host, target), guarded), true, `${target} of ${host}`)
    }
  }
  for (const target of ['/', '/?x', '/WEB/rules/x', '/Rules2/x', '/RULE/s']) {
    const guarded = { method: 'GET', host: 'minio', target, lines: '' } as GuardedRequest
    t.equal(isStoreRequest(settings, settings.addressOf('minio', target), guarded), false, target)
  }
})

t.test('an archive that the endpoint unpacks is held back like a POST', async t => {
  const managed = { storeGuard: createStoreGuard('rules', 'cors/') } as Partial<Managed> as Managed
  const withGuard = { ...settings, managed }
  for (const [lines, store] of [
    ['', false],
    ['X-Amz-Meta-Snowball-Auto-Extract: true\r\n', true],
  ] as const) {
    const guarded = { method: 'PUT', host: 'minio', target: '/rules/any.tar', lines } as GuardedRequest
    t.equal(isStoreRequest(withGuard, settings.addressOf('minio', guarded.target), guarded), store)
    const elsewhere = { ...guarded, target: '/web/any.tar' }
    t.equal(isStoreRequest(withGuard, settings.addressOf('minio', elsewhere.target), elsewhere), false)
  }
})

t.test('without managed rules nothing is held back', async t => {
  const unmanaged = settingsWith({})
  const guarded = { method: 'DELETE', host: 'a.example', target: '/rules?cors' } as GuardedRequest
  const address = unmanaged.addressOf(guarded.host, guarded.target)
  t.equal(isStoreRequest(unmanaged, address, guarded), false)
  t.equal(isStrayCorsOperation(unmanaged, address, guarded), false)
})
