// Trailers of both directions, and HTTP/1.0, which has none.

import t from 'tap'
import { readResponse, readResponses } from '../fixtures/client-responses.ts'
import { type FaultScript, startFaultUpstream, write } from '../fixtures/fault-upstream.ts'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { fieldValues, type ReceivedRequest } from '../fixtures/request-reader.ts'
import { goodOrigin, startTestProxy } from '../fixtures/test-proxy.ts'
import { assertWell, goodTarget } from '../fixtures/well-being.ts'

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const closing = 'Connection: close\r\n'
const put = (fields: string, version = '1.1') =>
  `PUT /web/k HTTP/${version}\r\nHost: a\r\nOrigin: ${goodOrigin}\r\n${fields}\r\n`

/** Answers the good request well, every other as the script says. */
function unlessGood(script: FaultScript | ((request: ReceivedRequest) => FaultScript)) {
  return (_connection: unknown, request: ReceivedRequest | undefined): FaultScript => {
    if (request === undefined || request.target === goodTarget) return [write(ok)]
    return typeof script === 'function' ? script(request) : script
  }
}

t.test('HTTP/1.0 is served with a length, kept alive only if asked for, and never with chunks', async t => {
  const upstream = await startFaultUpstream(
    t,
    unlessGood(request =>
      request.target === '/web/chunked'
        ? [write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n')]
        : [write(ok)],
    ),
  )
  const proxy = await startTestProxy(t, upstream.url)
  const get = (target: string, fields = '') => `GET ${target} HTTP/1.0\r\nHost: a\r\n${fields}\r\n`
  const closed = readResponse(await proxy.send(t, get('/web/k')))
  t.strictSame([closed.status, closed.values('connection'), closed.body], [200, ['close'], 'ok'])
  const [first, second] = readResponses(
    await proxy.send(t, get('/web/k', 'Connection: keep-alive\r\n') + get('/web/k')),
  )
  t.strictSame([first?.values('connection'), second?.values('connection')], [['keep-alive'], ['close']])
  const chunked = readResponse(await proxy.send(t, get('/web/chunked', 'Connection: keep-alive\r\n')))
  t.strictSame([chunked.framing, chunked.body, chunked.values('connection')], ['close', 'ok', ['close']])
  t.ok(upstream.requests.every(({ version }) => version === '1.1'))
  await assertWell(t, proxy, upstream)
})

t.test('trailers of a request are discarded, whatever they are', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url)
  const content = '2\r\nhi\r\n0\r\n'
  const response = readResponse(
    await proxy.send(
      t,
      `${put(`Transfer-Encoding: chunked\r\nTrailer: X-T\r\n${closing}`)}${content}X-T: 1\r\nHost: evil\r\nAuthorization: x\r\n\r\n`,
    ),
  )
  t.equal(response.status, 200)
  const [request] = upstream.requests
  t.strictSame([request?.body.toString(), request?.trailers], ['hi', []])
  t.strictSame(fieldValues(request ?? { fields: [] }, 'host'), ['a'])
  t.strictSame(fieldValues(request ?? { fields: [] }, 'trailer'), [])
  const length = await proxy.send(t, `${put('Transfer-Encoding: chunked\r\n')}${content}Content-Length: 5\r\n\r\n`)
  t.equal(readResponse(length).status, 400)
  await assertWell(t, proxy, upstream)
})

t.test('trailers of a response are dropped', async t => {
  const upstream = await startFaultUpstream(
    t,
    unlessGood([
      write(
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Access-Control-Allow-Origin\r\n\r\n2\r\nok\r\n0\r\n',
      ),
      write('Access-Control-Allow-Origin: *\r\nX-Checksum: 1\r\n\r\n'),
    ]),
  )
  const proxy = await startTestProxy(t, upstream.url)
  const text = await proxy.send(t, `GET /web/k HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n${closing}\r\n`)
  const response = readResponse(text)
  t.strictSame([response.framing, response.verdict, response.body], ['chunked', 'complete', 'ok'])
  t.notMatch(text, /^(?:access-control|x-checksum|trailer)/im, 'Vary names fields of a request')
  await assertWell(t, proxy, upstream)
  t.equal(upstream.connections.length, 1)
})
