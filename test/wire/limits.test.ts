// The limits of numbers, and one exchange that fails beside others.

import t from 'tap'
import { errorCode, readResponse } from '../fixtures/client-responses.ts'
import { fin, rst, startFaultUpstream, write } from '../fixtures/fault-upstream.ts'
import type { RawConnection } from '../fixtures/raw-client.ts'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { goodOrigin, startTestProxy } from '../fixtures/test-proxy.ts'
import { assertWell, goodTarget } from '../fixtures/well-being.ts'

const status = 'HTTP/1.1 200 OK\r\n'
const ok = `${status}Content-Length: 2\r\n\r\nok`
const closing = 'Connection: close\r\n'
const request = (method: string, fields = '', target = '/web/k') =>
  `${method} ${target} HTTP/1.1\r\nHost: a\r\nOrigin: ${goodOrigin}\r\n${fields}\r\n`

const preflight = `OPTIONS /web/k HTTP/1.1\r\nHost: a\r\nOrigin: ${goodOrigin}\r\nAccess-Control-Request-Method: PUT\r\n${closing}\r\n`
const ended = (client: RawConnection): Promise<void> => client.until(({ ended: how }) => how !== undefined)

t.test('an endpoint that answers nothing: preflights go on, the queue is bounded and ends', async t => {
  const upstream = await startRecordingUpstream(t, { answer: ({ target }) => (target === goodTarget ? ok : undefined) })
  const proxy = await startTestProxy(t, upstream.url, { upstream: { connections: 50, queue: 10, queueSeconds: 1 } })
  const stuck = await Promise.all(
    Array.from({ length: 60 }, async () => {
      const client = await proxy.open(t)
      await client.write(request('GET'))
      return client
    }),
  )
  await upstream.until(({ requests }) => requests.length === 50)
  await proxy.until(({ inFlight }) => inFlight === 60)
  const refused = readResponse(await proxy.send(t, request('GET', closing, '/web/over')))
  t.strictSame([refused.status, errorCode(refused), refused.values('retry-after')], [503, 'SlowDown', ['1']])
  t.strictSame(refused.values('access-control-allow-origin'), [goodOrigin])
  t.equal((await proxy.record('/web/over')).upstreamFailure, 'queue')
  const answer = readResponse(await proxy.send(t, preflight))
  t.equal(answer.status, 200, 'a preflight needs no endpoint')
  const queued = stuck.filter(client => client.text === '')
  t.equal(queued.length, 60)
  await proxy.until(({ records }) => records.filter(record => record.upstreamFailure === 'queue').length === 11)
  await Promise.all(stuck.map(client => client.until(() => true)))
  for (const client of stuck) if (client.text !== '') t.equal(readResponse(client.text).status, 503)
  t.equal(upstream.requests.length, 50, 'requests that waited in vain never went up')
  for (const client of stuck) client.destroy()
  await proxy.until(({ inFlight }) => inFlight === 0)
  await assertWell(t, proxy, upstream)
})

t.test('what is wrong with one is wrong with no other', async t => {
  const upstream = await startFaultUpstream(
    t,
    (_connection, received) => {
      if (received?.target === '/web/rst') return [rst]
      if (received?.target === '/web/bad') return [write('garbage')]
      if (received?.target === '/web/cut') return [write(`${status}Content-Length: 9\r\n\r\nab`), fin]
      return [write(ok)]
    },
    { at: 'request' },
  )
  const proxy = await startTestProxy(t, upstream.url)
  const bad = ['/web/rst', '/web/bad', '/web/cut', 'garbage', '/web/abort']
  const outcomes = await Promise.all(
    Array.from({ length: 300 }, async (_, index) => {
      const client = await proxy.open(t)
      const target = index % 30 === 0 ? bad[(index / 30) % bad.length] : `/web/${index}`
      await client.write(request('GET', closing, target))
      if (target === '/web/abort') client.reset()
      else await ended(client)
      client.destroy()
      return target === `/web/${index}` ? readResponse(client.text).body : 'ok'
    }),
  )
  t.ok(outcomes.every(body => body === 'ok'))
  await assertWell(t, proxy, upstream, { idle: 256 })
})

t.test('more clients than are allowed are turned away, and the rest is served', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, { limits: { connections: 5 } })
  const clients: RawConnection[] = []
  for (let i = 0; i < 5; i++) clients.push(await proxy.open(t))
  await proxy.until(async all => (await all.connections()) === 5)
  const sixth = await proxy.open(t)
  await sixth.write(request('GET'))
  await ended(sixth)
  t.equal(sixth.text, '')
  for (const client of clients) {
    await client.write(request('GET', closing))
    await ended(client)
    t.equal(readResponse(client.text).status, 200)
    client.destroy()
  }
  await assertWell(t, proxy, upstream, { idle: 5 })
})
