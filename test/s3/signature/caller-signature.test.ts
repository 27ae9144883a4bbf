import t from 'tap'
import { inspectCallerSignature } from '../../../src/s3/signature/caller-signature.ts'
import { md5Of, signedFields } from '../../fixtures/signed-request.ts'

const url = 'http://127.0.0.1:9000/media?cors'
const body = '<CORSConfiguration/>'
const signed = await signedFields({ method: 'PUT', url, body })
const unsigned = await signedFields({
  method: 'PUT',
  url,
  body,
  headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', 'content-md5': md5Of(body) },
})
const streaming = await signedFields({
  method: 'PUT',
  url,
  body,
  headers: { 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' },
})

/** The same fields with one changed: another value, or none. */
function but(fields: readonly string[], name: string, change: (value: string) => string | undefined): string[] {
  const result: string[] = []
  for (let i = 0; i < fields.length; i += 2) {
    const own = fields[i] ?? ''
    const value = own.toLowerCase() === name ? change(fields[i + 1] ?? '') : fields[i + 1]
    if (value !== undefined) result.push(own, value)
  }
  return result
}
const authorized = (change: (value: string) => string | undefined) => but(signed, 'authorization', change)
const denied = { error: { status: 403, code: 'AccessDenied' } }

const cases: readonly { name: string; headers: readonly string[]; tls?: boolean; body?: string; expected: object }[] = [
  { name: 'SigV4 in a field, with the hash of the body', headers: signed, expected: { accessKeyId: 'AKIACALLER' } },
  {
    name: 'SigV4 over a body that was tampered with',
    headers: signed,
    body: '<Other/>',
    expected: { error: { status: 400, code: 'XAmzContentSHA256Mismatch' } },
  },
  { name: 'of no account', headers: ['Host', 'a'], expected: denied },
  { name: 'SigV2', headers: authorized(() => 'AWS AKIACALLER:c2lnbmF0dXJl'), expected: denied },
  { name: 'SigV4A', headers: authorized(value => value.replace('HMAC-SHA256', 'ECDSA-P256-SHA256')), expected: denied },
  { name: 'SigV4 for another service', headers: authorized(value => value.replace('/s3/', '/sts/')), expected: denied },
  { name: 'SigV4 that does not sign Host', headers: authorized(value => value.replace('host;', '')), expected: denied },
  {
    name: 'SigV4 that does not sign the hash',
    headers: authorized(value => value.replace('x-amz-content-sha256;', '')),
    expected: denied,
  },
  {
    name: 'SigV4 without its signature',
    headers: authorized(value => value.replace(/, Signature=.*/, '')),
    expected: denied,
  },
  {
    name: 'SigV4 twice',
    headers: [...signed, 'Authorization', signed[signed.indexOf('authorization') + 1] ?? ''],
    expected: denied,
  },
  { name: 'SigV4 with two hashes', headers: [...signed, 'X-Amz-Content-Sha256', 'UNSIGNED-PAYLOAD'], expected: denied },
  { name: 'SigV4 with two Hosts', headers: [...signed, 'host', 'elsewhere'], expected: denied },
  { name: 'SigV4 without a hash', headers: but(signed, 'x-amz-content-sha256', () => undefined), expected: denied },
  { name: 'a streaming payload', headers: streaming, expected: denied },
  { name: 'an unsigned payload over plain HTTP', headers: unsigned, expected: denied },
  {
    name: 'an unsigned payload over TLS with a signed Content-MD5',
    headers: unsigned,
    tls: true,
    expected: { accessKeyId: 'AKIACALLER' },
  },
  {
    name: 'an unsigned payload over TLS whose Content-MD5 is not signed',
    headers: but(unsigned, 'authorization', value => value.replace('content-md5;', '')),
    tls: true,
    expected: denied,
  },
  {
    name: 'an unsigned payload over TLS with no digest',
    headers: but(unsigned, 'content-md5', () => undefined),
    tls: true,
    expected: denied,
  },
  {
    name: 'an unsigned payload over TLS that was tampered with',
    headers: unsigned,
    tls: true,
    body: '<Other/>',
    expected: { error: { status: 400, code: 'BadDigest' } },
  },
]
for (const { name, headers, tls, body: sent, expected } of cases) {
  t.test(`a request with ${name}`, async t => {
    t.match(inspectCallerSignature(headers, Buffer.from(sent ?? body), tls ?? false), expected)
  })
}

t.test('an access key id may hold a slash', async t => {
  const fields = await signedFields({ method: 'PUT', url, body, accessKeyId: 'team/one' })
  t.strictSame(inspectCallerSignature(fields, Buffer.from(body), false), { accessKeyId: 'team/one' })
})
