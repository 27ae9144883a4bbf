import t from 'tap'
import type { DaemonPolicies } from '../../src/daemon/policies.ts'
import { createProxySettings } from '../../src/daemon/proxy-settings.ts'
import type { PolicySources } from '../../src/policies/policy-sources.ts'
import type { UpstreamPool } from '../../src/proxy/upstream/pool/upstream-pool.ts'
import { parseText } from '../fixtures/parsed-text.ts'

const policies: DaemonPolicies = {
  lookup: {} as PolicySources,
  managed: undefined,
  cached: () => ({ upstream: undefined, managed: undefined }),
}

function settingsOf(text: string) {
  const { configuration } = parseText(text)
  if (configuration === undefined) throw new Error('the configuration has faults')
  return createProxySettings(configuration, policies, {} as UpstreamPool, 128)
}

t.test('the defaults', async t => {
  const settings = settingsOf('upstream: { url: "http://minio:9000" }\n')
  t.equal(settings.varyAlways, true)
  t.equal(settings.publicOrigins, undefined)
  t.equal(settings.authority, undefined, 'Host stays as the client signed it')
  t.equal(settings.servername, '')
  t.equal(settings.console, undefined)
  t.equal(settings.responseMs, 300_000)
  t.equal(settings.idleMs, 120_000)
  t.equal(settings.guardLimits.targetBytes, 8192)
  t.strictSame(settings.addressOf('minio:9000', '/my-media/key'), {
    kind: 'bucket',
    bucket: 'my-media',
    object: true,
    style: 'path',
  })
})

t.test('rewrite sends the authority of the endpoint', async t => {
  const settings = settingsOf('upstream: { url: "https://s3.example:8443", host: rewrite }\n')
  t.equal(settings.authority, 's3.example:8443')
  t.equal(settings.servername, 's3.example')
})

t.test('what the operator writes is what requests read', async t => {
  const settings = settingsOf(
    `upstream: { url: "http://minio:9000" }
vary: matched
publicOrigins: ["https://s3.example.com"]
virtualHosts: [s3.example.com]
forwardedFor: append
trustedProxies: [10.0.0.0/8, "2001:db8::1"]
console: { host: console.example.com, url: "http://127.0.0.1:9001" }
`,
  )
  t.equal(settings.varyAlways, false)
  t.strictSame([...(settings.publicOrigins ?? [])], ['https://s3.example.com'])
  t.match(settings.addressOf('my-media.s3.example.com', '/key'), { bucket: 'my-media', style: 'virtual' })
  const { mode, trusted } = settings.forwardedFor
  t.equal(mode, 'append')
  t.strictSame(
    [
      trusted.check('10.1.2.3', 'ipv4'),
      trusted.check('11.0.0.1', 'ipv4'),
      trusted.check('2001:db8::1', 'ipv6'),
      trusted.check('2001:db8::2', 'ipv6'),
    ],
    [true, false, true, false],
  )
  t.equal(settings.console?.matches('console.example.com'), true)
  settings.console?.close()
})
