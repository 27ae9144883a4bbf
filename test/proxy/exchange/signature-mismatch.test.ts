import t from 'tap'
import { findSignatureMismatch } from '../../../src/proxy/exchange/signature-mismatch.ts'
import { startRecordingUpstream } from '../../fixtures/recording-upstream.ts'
import { startTestProxy } from '../../fixtures/test-proxy.ts'

const error = (code: string) => `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message/></Error>`

const cases = [
  {
    name: 'a Host that was rewritten',
    content: error('SignatureDoesNotMatch'),
    sent: 's3.example',
    todo: /^what is signed for clientHost needs upstream\.host: preserve and /,
  },
  {
    name: "the client's own Host",
    content: error('SignatureDoesNotMatch'),
    sent: 'own.example',
    todo: /^what is signed for this Host fails by its secret, .* need upstream\.host: rewrite /,
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
for (const { name, content, sent, todo } of cases) {
  t.test(`${name}: ${todo === undefined ? 'nothing to say' : 'what to set'}`, async t => {
    const found = findSignatureMismatch(Buffer.from(content), 'own.example', sent)
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
