import t from 'tap'
import { redactTarget, redactText } from '../../../src/telemetry/log/redact.ts'
import { growthOf } from '../../fixtures/growth.ts'

const targets: { name: string; target: string; shown: string }[] = [
  { name: 'a path without query', target: '/media/cat.jpg', shown: '/media/cat.jpg' },
  {
    name: 'parameters that cannot be secret',
    target: '/b?list-type=2&max-keys=10',
    shown: '/b?list-type=2&max-keys=10',
  },
  { name: 'a subresource', target: '/b/k?uploads', shown: '/b/k?uploads' },
  {
    name: 'an upload identifier',
    target: '/b/k?partNumber=3&uploadId=canary',
    shown: '/b/k?partNumber=3&uploadId=***',
  },
  {
    name: 'a presigned URL',
    target: '/b/k?X-Amz-Credential=canary&X-Amz-Date=canary&X-Amz-Signature=canary&X-Amz-Security-Token=canary',
    shown: '/b/k?X-Amz-Credential=***&X-Amz-Date=***&X-Amz-Signature=***&X-Amz-Security-Token=***',
  },
  {
    name: 'a presigned URL of version 2',
    target: '/b/k?AWSAccessKeyId=canary&Signature=canary&Expires=1',
    shown: '/b/k?AWSAccessKeyId=***&Signature=***&Expires=***',
  },
  { name: 'mixed case', target: '/b/k?x-AMZ-signaTURE=canary', shown: '/b/k?x-AMZ-signaTURE=***' },
  { name: 'an encoded name', target: '/b/k?x%2Damz%2Dsignature=canary', shown: '/b/k?***' },
  { name: 'an encoded equals sign', target: '/b/k?X-Amz-Signature%3Dcanary', shown: '/b/k?***' },
  { name: 'a value without a name', target: '/b/k?canary', shown: '/b/k?***' },
  {
    name: 'a second parameter behind a semicolon',
    target: '/b/k?list-type=2;Signature=canary',
    shown: '/b/k?list-type=***',
  },
  { name: 'a second question mark', target: '/b/k?list-type=2?Signature=canary', shown: '/b/k?list-type=***' },
  { name: 'a long value of a shown parameter', target: `/b?max-keys=${'1'.repeat(65)}`, shown: '/b?max-keys=***' },
  { name: 'a name of 65 characters', target: `/b?${'a'.repeat(65)}=canary`, shown: '/b?***' },
  { name: 'an empty value', target: '/b?prefix=', shown: '/b?prefix=' },
  { name: 'userinfo of an absolute target', target: 'http://user:canary@host/b', shown: 'http://***@host/b' },
  { name: 'a long path', target: `/${'a'.repeat(2000)}`, shown: `/${'a'.repeat(1023)}...` },
  {
    name: 'more parameters than are printed',
    target: `/b?${Array.from({ length: 20 }, () => 'acl').join('&')}`,
    shown: `/b?${Array.from({ length: 16 }, () => 'acl').join('&')}&...`,
  },
]
for (const { name, target, shown } of targets) {
  t.test(`a target with ${name}`, async t => {
    t.equal(redactTarget(target), shown)
    t.notMatch(redactTarget(target), 'canary')
  })
}

const canary = 'c4n4ryc4n4ry'
const texts: { name: string; text: string; kept: string }[] = [
  {
    name: 'an Authorization field of version 4',
    text: `authorization: AWS4-HMAC-SHA256 Credential=${canary}/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=${canary} at end`,
    kept: 'at end',
  },
  {
    name: 'an Authorization field of version 2',
    text: `Authorization: AWS ${canary}:${canary}= refused`,
    kept: 'refused',
  },
  { name: 'a bearer token', text: `sent Bearer ${canary} twice`, kept: 'twice' },
  { name: 'basic credentials as JSON', text: `{"authorization":"Basic ${canary}","host":"h"}`, kept: '"host":"h"' },
  { name: 'cookies, all of them', text: `Cookie: a=1; session=${canary}; b=${canary}\nhost: h`, kept: 'host: h' },
  { name: 'a Set-Cookie field', text: `set-cookie: ${canary}; Path=/`, kept: 'set-cookie' },
  { name: 'a security token', text: `X-Amz-Security-Token: ${canary}`, kept: 'X-Amz-Security-Token' },
  {
    name: 'a presigned URL',
    text: `GET http://h/b?X-Amz-Signature=${canary}&X-Amz-Credential=${canary} failed`,
    kept: 'failed',
  },
  { name: 'an encoded parameter', text: `/b?x%2Damz%2Dsignature=${canary}`, kept: '/b' },
  { name: 'an encoded equals sign', text: `/b/k%3FX-Amz-Signature%3D${canary}`, kept: '/b/k' },
  { name: 'mixed case', text: `x-aMz-SiGnAtUrE=${canary}`, kept: 'x-aMz-SiGnAtUrE' },
  { name: 'a key of SSE-C', text: `x-amz-server-side-encryption-customer-key: ${canary}=`, kept: 'customer-key' },
  { name: 'its digest', text: `x-amz-server-side-encryption-customer-key-MD5: ${canary}=`, kept: 'customer-key' },
  {
    name: 'the key of a copy source',
    text: `x-amz-copy-source-server-side-encryption-customer-key: ${canary}`,
    kept: 'copy-source',
  },
  { name: 'version 2 parameters', text: `?AWSAccessKeyId=${canary}&Signature=${canary}&Expires=9`, kept: 'Expires=9' },
  { name: 'a POST policy', text: `policy is eyJleHBpcmF0aW9uIjoi${canary} here`, kept: 'here' },
  {
    name: 'a secret key by its usual names',
    text: `AWS_SECRET_ACCESS_KEY=${canary} secretKey: ${canary}`,
    kept: 'AWS_',
  },
  { name: 'userinfo of a URL', text: `connect http://user:${canary}@host:9000/ failed`, kept: '@host:9000/ failed' },
]
for (const { name, text, kept } of texts) {
  t.test(`text with ${name}`, async t => {
    const redacted = redactText(text)
    t.notMatch(redacted, canary)
    t.match(redacted, kept)
  })
}

t.test('a known secret is taken out wherever it stands', async t => {
  t.equal(redactText(`a ${canary} b${canary}`, [canary]), 'a *** b***')
})

t.test('a very short secret does not blank out the text', async t => {
  t.equal(redactText('connect failed', ['a', '']), 'connect failed')
})

t.test('plain text stays as it is', async t => {
  const text = 'connect ECONNREFUSED 127.0.0.1:9000 (bucket my-media, rule 2, 3 tokens left)'
  t.equal(redactText(text), text)
})

t.test('hostile text costs what its length is', async t => {
  for (const part of ['signature', 'cookie', 'token:', 'Bearer ', '//', 'eyJ', 'x-amz-', '= ', '" ']) {
    const growth = growthOf(size => {
      redactText(part.repeat((size * 1024) / part.length))
      redactTarget(`/?${part.repeat((size * 2048) / part.length)}`)
    })
    t.ok(growth < 10, `${JSON.stringify(part)}: four times as much costs ${growth.toFixed(1)} times as much`)
  }
})

t.test('a path that is cut amid a name and password shows neither', async t => {
  for (let before = 990; before < 1030; before++) {
    const shown = redactTarget(`/${'x'.repeat(before)}//someone:secret@host/k`)
    t.notMatch(shown, /someone|secret/, `${before}`)
    t.ok(shown.length <= 1024 + 10, `${before}`)
  }
  t.equal(redactTarget(`/a//b:c@d/${'x'.repeat(16_000)}`), `/a//***@d/${'x'.repeat(1014)}...`)
})
