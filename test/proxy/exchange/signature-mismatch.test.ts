import t from 'tap'
import { findSignatureMismatch, type SignedRequest } from '../../../src/proxy/exchange/signature-mismatch.ts'
import { startRecordingUpstream } from '../../fixtures/recording-upstream.ts'
import { startTestProxy } from '../../fixtures/test-proxy.ts'

const error = (code: string) => `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message/></Error>`

const authorization = (names: string) =>
  `AWS4-HMAC-SHA256 Credential=AKIA/20260101/gra/s3/aws4_request, SignedHeaders=${names}, Signature=${'0'.repeat(64)}`
const asked = { host: 'own.example', target: '/web/key', authorization: undefined, lines: '' }
const rewritten = 'Range: bytes=5-9\r\nIf-Range: "etag"\r\n'

const cases: {
  name: string
  content: string
  sent: string
  request?: Partial<SignedRequest>
  todo: RegExp | undefined
}[] = [
  {
    name: "a signed Range that the browser's cache rewrote",
    content: error('SignatureDoesNotMatch'),
    sent: 'own.example',
    request: { authorization: authorization('host;range;x-amz-date'), lines: rewritten },
    todo: /cache: 'no-store'/,
  },
  {
    name: 'the same of a presigned URL',
    content: error('SignatureDoesNotMatch'),
    sent: 's3.example',
    request: { target: '/web/key?X-Amz-SignedHeaders=host%3Brange&X-Amz-Signature=0', lines: rewritten.toLowerCase() },
    todo: /cache: 'no-store'/,
  },
  {
    name: 'a Range that is not signed',
    content: error('SignatureDoesNotMatch'),
    sent: 'own.example',
    request: { authorization: authorization('host;x-amz-date'), lines: rewritten },
    todo: /^requests signed for this Host fail because of a wrong secret/,
  },
  {
    name: 'an If-Range that the page signed',
    content: error('SignatureDoesNotMatch'),
    sent: 'own.example',
    request: { authorization: authorization('host;if-range;range'), lines: rewritten },
    todo: /^requests signed for this Host fail because of a wrong secret/,
  },
  {
    name: 'a signed Range without If-Range',
    content: error('SignatureDoesNotMatch'),
    sent: 'own.example',
    request: { authorization: authorization('host;range'), lines: 'Range: bytes=5-9\r\nX-If-Range: "etag"\r\n' },
    todo: /^requests signed for this Host fail because of a wrong secret/,
  },
  {
    name: 'a Host that was rewritten',
    content: error('SignatureDoesNotMatch'),
    sent: 's3.example',
    todo: /^requests signed for clientHost need upstream\.host: preserve and /,
  },
  {
    name: "the client's own Host",
    content: error('SignatureDoesNotMatch'),
    sent: 'own.example',
    todo: /^requests signed for this Host fail because of a wrong secret, .* need upstream\.host: rewrite /,
  },
  { name: 'another refusal', content: error('AccessDenied'), sent: 's3.example', todo: undefined },
  { name: 'no document', content: '', sent: 's3.example', todo: undefined },
  {
    name: 'an object that speaks of it',
    content: `${'x'.repeat(600)}${error('SignatureDoesNotMatch')}`,
    sent: 's3.example',
    todo: undefined,
  },
]
for (const { name, content, sent, request = {}, todo } of cases) {
  t.test(`${name}: ${todo === undefined ? 'nothing to say' : 'what to set'}`, async t => {
    const found = findSignatureMismatch(Buffer.from(content), { ...asked, ...request }, sent)
    if (todo === undefined) t.equal(found, undefined)
    else t.match(found, { clientHost: 'own.example', sentHost: sent, todo })
  })
}

t.test('a warning goes with the answer, which passes as it is', async t => {
  const body = error('SignatureDoesNotMatch')
  const upstream = await startRecordingUpstream(t, {
    answer: ({ target }) =>
      `HTTP/1.1 ${target === '/web/refused' ? 403 : 200} Answer\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  })
  const proxy = await startTestProxy(t, upstream.url, { upstream: { host: 'rewrite' }, hosts: ['own.example'] })
  const get = (key: string) => `GET /web/${key} HTTP/1.1\r\nHost: own.example\r\nConnection: close\r\n\r\n`
  t.match(await proxy.send(t, get('document')), 'SignatureDoesNotMatch')
  t.strictSame(proxy.warnings, [], 'an object is not read')
  t.ok((await proxy.send(t, get('refused'))).endsWith(body))
  t.match(proxy.warnings, [
    { event: 'signature_mismatch', detail: { clientHost: 'own.example', sentHost: `127.0.0.1:${upstream.port}` } },
  ])
  t.equal(proxy.warnings.length, 1)
})
