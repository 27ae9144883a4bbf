import t from 'tap'
import { writtenBuckets } from '../../../src/proxy/handling/cors-write.ts'
import type { RequestContext } from '../../../src/proxy/handling/request-context.ts'
import { createAddressParser } from '../../../src/s3/address/bucket-address.ts'

const addressOf = createAddressParser({
  upstreamHost: 'minio',
  host: 'preserve',
  virtualHosts: ['s3.example'],
  hosts: ['files.example'],
  namedBuckets: new Set(['web', 'api']),
})

const cases: readonly { host: string; target: string; written: readonly string[] }[] = [
  { host: 'files.example', target: '/web?cors', written: ['web'] },
  { host: 'files.example', target: '/web/?%63ors=', written: ['web'] },
  { host: 'files.example', target: '/web', written: [] },
  { host: 'files.example', target: '/web?acl', written: [] },
  { host: 'files.example', target: '/web/key?cors', written: [] },
  { host: 'files.example', target: '/ungoverned?cors', written: ['ungoverned'] },
  { host: 'files.example', target: '/?cors', written: [] },
  { host: 'web.s3.example', target: '/?cors', written: ['web'] },
  { host: 'web.s3.example', target: '/api?cors', written: [] },
  { host: 'web.minio', target: '/api?cors', written: ['api'] },
  { host: 'web.minio', target: '/?cors', written: ['web'] },
  { host: 'elsewhere.example', target: '/web?cors', written: ['web'] },
  { host: 'web.elsewhere.example', target: '/?cors', written: ['web'] },
  { host: 'web', target: '/api?cors', written: ['api'] },
  { host: 'web', target: '/?cors', written: ['web'] },
]
for (const { host, target, written } of cases) {
  t.test(`Host ${host}, ${target}: ${written.join(' and ') || 'no rules are written'}`, async t => {
    const address = addressOf(host, target)
    if (address.kind !== 'bucket' && address.kind !== 'none') throw new Error(`${address.kind} is refused before`)
    const settings = {
      policies: { inspect: (bucket: string) => ({ governed: bucket === 'web' || bucket === 'api' }) },
    }
    const turn = { settings, guarded: { method: 'PUT', target }, address }
    t.strictSame(writtenBuckets(turn as unknown as RequestContext), written)
  })
}
