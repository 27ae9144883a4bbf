import t from 'tap'
import type { ProxyRequest } from '../../../src/proxy/node/proxy-request.ts'
import { serveRequests } from '../../fixtures/client-side.ts'
import { openRaw } from '../../fixtures/raw-client.ts'
import type { Owner } from '../../fixtures/recording-upstream.ts'

const fields =
  'Host: a\r\nEXPECT: 100-continue\r\nUpgrade: h2c\r\nContent-Length: 0\r\nCookie: b\r\nAccept: c\r\nX-Transfer-Encode: d\r\n'

async function requestOf(owner: Owner, bytes: string): Promise<{ request: ProxyRequest }> {
  const { promise, resolve } = Promise.withResolvers<ProxyRequest>()
  const port = await serveRequests(owner, (request, response) => {
    resolve(request)
    response.end()
  })
  const client = await openRaw(port)
  owner.teardown(() => client.destroy())
  await client.write(bytes)
  return { request: await promise }
}

t.test('until all are asked for, the fields are those that Node looks at', async t => {
  const { request } = await requestOf(t, `GET / HTTP/1.1\r\n${fields}\r\n`)
  t.strictSame(request.headers, { host: 'a', expect: '100-continue', upgrade: 'h2c', 'content-length': '0' })
  t.equal(request.rawHeaders.length, 14)
  request.readAllHeaders()
  t.strictSame(
    { ...request.headers },
    {
      host: 'a',
      expect: '100-continue',
      upgrade: 'h2c',
      'content-length': '0',
      cookie: 'b',
      accept: 'c',
      'x-transfer-encode': 'd',
    },
  )
})

t.test('a request without any of them has none, not even its Host', async t => {
  const { request } = await requestOf(t, 'GET / HTTP/1.1\r\nHost: a\r\nOrigin: b\r\nAccept: c\r\nX-Frame: d\r\n\r\n')
  t.strictSame(request.headers, {})
  request.readAllHeaders()
  t.strictSame({ ...request.headers }, { host: 'a', origin: 'b', accept: 'c', 'x-frame': 'd' })
})

t.test('a transfer coding is one of them', async t => {
  const { request } = await requestOf(t, 'PUT / HTTP/1.1\r\nHost: a\r\nTRANSFER-encoding: chunked\r\n\r\n0\r\n\r\n')
  t.strictSame(request.headers, { host: 'a', 'transfer-encoding': 'chunked' })
})

t.test('of a field that stands twice, the first counts, as for Node', async t => {
  const { request } = await requestOf(t, 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nUpgrade: c\r\n\r\n')
  t.equal(request.headers.host, 'a')
  request.readAllHeaders()
  t.equal(request.headers.host, 'a')
})
