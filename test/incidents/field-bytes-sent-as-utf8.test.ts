// Found by fuzzing: Node writes fields in the encoding of the content that is sent with them. When a response's head went out
// before its content, or an answer of our own had text for content, every byte from 0x80 on became two.

import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { raw } from '../fixtures/raw-client.ts'
import { type RecordedConnection, startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { startTestProxy } from '../fixtures/test-proxy.ts'

t.test('a field of the endpoint keeps its bytes when the content comes later', async t => {
  const upstream = await startRecordingUpstream(t, {
    async answer(_, { socket }: RecordedConnection) {
      socket.write('HTTP/1.1 200 \xe4\r\nContent-Length: 2\r\nx-amz-meta-k: \xe4\xff\r\n\r\n', 'latin1')
      await delay(50)
      return 'ok'
    },
  })
  const proxy = await startTestProxy(t, upstream.url)
  const { text } = await raw(proxy.port, 'GET /web/k HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  t.match(text, /^HTTP\/1\.1 200 \xe4\r\n/)
  t.match(text, /\r\nx-amz-meta-k: \xe4\xff\r\n/)
  t.match(text, /\r\n\r\nok$/)
})

t.test('an Origin keeps its bytes in an answer of our own', async t => {
  const upstream = await startRecordingUpstream(t, { answer: (_, { socket }) => void socket.destroy() })
  const CORSRules = [{ AllowedOrigins: ['https://*.example'], AllowedMethods: ['GET'] }]
  const proxy = await startTestProxy(t, upstream.url, { buckets: { web: { CORSRules } } })
  const { text } = await raw(
    proxy.port,
    'GET /web/k HTTP/1.1\r\nHost: a\r\nOrigin: https://\xe4.example\r\nConnection: close\r\n\r\n',
  )
  t.match(text, /^HTTP\/1\.1 502 /)
  t.match(text, /\r\nAccess-Control-Allow-Origin: https:\/\/\xe4\.example\r\n/)
})
