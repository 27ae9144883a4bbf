import t from 'tap'
import { isStoreRequest, isStrayCorsOperation } from '../../src/proxy/managed-guard.ts'
import type { ProxySettings } from '../../src/proxy/proxy-context.ts'
import type { GuardedRequest } from '../../src/proxy/request-guard.ts'
import { settingsWith } from '../fixtures/handled-requests.ts'

type Managed = NonNullable<ProxySettings['managed']>

/** The store is everything in the bucket `rules`; `kept` is a managed bucket. */
const settings = settingsWith({
  managed: { storeGuard: (bucket: string) => bucket === 'rules' } as Partial<Managed> as Managed,
  policies: {
    inspect: (bucket: string) => ({ source: bucket === 'kept' ? 'managed' : 'yaml' }),
  } as Partial<ProxySettings['policies']> as ProxySettings['policies'],
})

const cases: { name: string; method: string; host: string; target: string; store: boolean; stray: boolean }[] = [
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
    const guarded = { method, host, target } as GuardedRequest
    t.equal(isStoreRequest(settings, address, guarded), store)
    t.equal(isStrayCorsOperation(settings, address, guarded), stray)
  })
}

t.test('without managed rules nothing is held back', async t => {
  const unmanaged = settingsWith({})
  const guarded = { method: 'DELETE', host: 'a.example', target: '/rules?cors' } as GuardedRequest
  const address = unmanaged.addressOf(guarded.host, guarded.target)
  t.equal(isStoreRequest(unmanaged, address, guarded), false)
  t.equal(isStrayCorsOperation(unmanaged, address, guarded), false)
})
