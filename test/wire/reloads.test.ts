// A reload under load.

import t from 'tap'
import { readResponse, readResponses } from '../fixtures/client-responses.ts'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { goodOrigin, startTestProxy } from '../fixtures/test-proxy.ts'
import { assertWell } from '../fixtures/well-being.ts'

const status = 'HTTP/1.1 200 OK\r\n'
const request = (method: string, fields = '', target = '/web/k') =>
  `${method} ${target} HTTP/1.1\r\nHost: a\r\nOrigin: ${goodOrigin}\r\n${fields}\r\n`

t.test('a reload swaps everything at once: no response mixes two configurations', async t => {
  const upstream = await startRecordingUpstream(t)
  const other = await startRecordingUpstream(t, { answer: () => `${status}Content-Length: 5\r\n\r\nother` })
  const settings = (name: string) => ({
    buckets: {
      web: {
        CORSRules: [
          {
            AllowedOrigins: [goodOrigin],
            AllowedMethods: [name === 'a' ? 'GET' : 'PUT', 'HEAD'],
            ExposeHeaders: [`x-${name}`],
            MaxAgeSeconds: name === 'a' ? 1 : 2,
          },
        ],
      },
    },
  })
  const proxy = await startTestProxy(t, upstream.url, settings('a'))
  let flips = 0
  const flipping = setInterval(() => {
    flips++
    proxy.apply(settings(flips % 2 === 0 ? 'a' : 'b'), flips % 2 === 0 ? upstream.url : other.url)
  }, 5)
  t.teardown(() => clearInterval(flipping))
  const seen = new Set<string>()
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      const client = await proxy.open(t)
      for (let turn = 0; turn < 150; turn++) {
        const before = client.receivedBytes
        const isPreflight = turn % 3 === 0
        await client.write(
          isPreflight
            ? request('OPTIONS', 'Access-Control-Request-Method: HEAD\r\n')
            : request('GET', 'Access-Control-Request-Method: HEAD\r\n'),
        )
        let response = readResponses('')[0]
        await client.until(({ text }) => {
          const rest = text.slice(before)
          if (!rest.includes('\r\n\r\n')) return false
          response = readResponse(rest)
          return response.verdict === 'complete'
        })
        const exposed = response?.values('access-control-expose-headers')[0] ?? ''
        const methods = response?.values('access-control-allow-methods')[0]
        const age = response?.values('access-control-max-age')[0]
        seen.add(`${exposed} ${methods} ${age} ${isPreflight ? '' : response?.body}`)
      }
      client.destroy()
    }),
  )
  clearInterval(flipping)
  t.ok(flips > 10)
  t.strictSame([...seen].sort(), [
    'x-a GET, HEAD 1 ',
    'x-a GET, HEAD 1 ok',
    'x-b PUT, HEAD 2 ',
    'x-b PUT, HEAD 2 other',
  ])
  proxy.apply({}, upstream.url)
  await assertWell(t, proxy, upstream, { idle: 8 })
  await other.until(({ open }) => open === 0)
})
