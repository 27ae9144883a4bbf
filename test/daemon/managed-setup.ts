// A whole process with managed buckets, in front of an endpoint that answers as MinIO does.

import type { Test } from 'tap'
import { localhostCertificate, localhostKey } from '../fixtures/localhost-certificate.ts'
import { type Answered, type Call, callManaged } from '../fixtures/managed-caller.ts'
import { type MinioEndpoint, proxyAccount, startMinioEndpoint } from '../fixtures/minio-endpoint.ts'
import { patientMs } from '../fixtures/patience.ts'
import { type ProxyProcess, startProxy } from '../fixtures/proxy-process.ts'

export const environment = {
  AWS_ACCESS_KEY_ID: proxyAccount.accessKeyId,
  AWS_SECRET_ACCESS_KEY: proxyAccount.secretAccessKey,
}

export interface Setup {
  readonly endpoint: MinioEndpoint
  readonly proxy: ProxyProcess
  readonly call: (call: Call) => Promise<Answered>
  /** The calls of callers that the endpoint has seen meanwhile. */
  readonly forwarded: <T>(work: () => Promise<T>) => Promise<{ readonly result: T; readonly count: number }>
}

/** A process in front of an endpoint with these buckets, all of them managed, their rules in a directory. */
export async function setUp(t: Test, buckets: readonly string[], more = '', endpointBuckets = buckets): Promise<Setup> {
  const endpoint = await startMinioEndpoint(t, ...endpointBuckets)
  const entries = buckets.map(bucket => `  ${bucket}: { from: managed }\n`).join('')
  const text = `upstream:\n  url: ${endpoint.url}\nmanaged:\n  store:\n    directory: rules\n${more}buckets:\n${entries}`
  const files = { 'tls.crt': localhostCertificate, 'tls.key': localhostKey }
  const proxy = await startProxy(text, { env: environment, files })
  t.teardown(() => proxy.stop('SIGINT'))
  const base = more.includes('tls:') ? proxy.url.replace('http:', 'https:') : proxy.url
  return {
    endpoint,
    proxy,
    call: call => callManaged(base, call),
    async forwarded(work) {
      const before = endpoint.ofCallers().length
      const result = await work()
      return { result, count: endpoint.ofCallers().length - before }
    },
  }
}

/** What holds for every answer of the proxy's own. */
export function isOwn(t: Test, answer: Answered): void {
  const ids = answer.fields['x-amz-request-id'] ?? []
  t.match(ids, [/^[0-9A-F]{16}$/], 'x-amz-request-id')
  t.equal(ids.length, 1)
  t.notOk(answer.fields.server, 'does not claim to be the endpoint')
  if (answer.code === undefined) return
  t.equal(/<RequestId>(.*)<\/RequestId>/.exec(answer.body)?.[1], ids[0], 'RequestId is x-amz-request-id')
  t.strictSame(answer.fields['x-amz-id-2'], [/<HostId>(.*)<\/HostId>/.exec(answer.body)?.[1]], 'HostId is x-amz-id-2')
  t.strictSame(answer.fields['content-type'], ['application/xml'])
}

export interface BucketLine {
  readonly bucket: string
  readonly state: string
  readonly rules: number
  readonly lastResult?: string
  readonly notes?: readonly string[]
}

export async function adminBuckets(proxy: ProxyProcess): Promise<readonly BucketLine[]> {
  // Not sendHttp: with its `Connection: close` it might be a relay, whom the admin port does not tell.
  const answer = await fetch(`${proxy.adminUrl}/buckets`, { signal: AbortSignal.timeout(patientMs(10_000)) })
  const { buckets } = (await answer.json()) as { buckets: readonly BucketLine[] }
  return buckets
}
