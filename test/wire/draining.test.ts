// What a drain waits for, and what it breaks off.

import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { drain } from '../../src/daemon/process/drain.ts'
import { readResponse } from '../fixtures/client-responses.ts'
import { startFaultUpstream, write } from '../fixtures/fault-upstream.ts'
import type { RawConnection } from '../fixtures/raw-client.ts'
import { type Answer, startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { patternedBytes } from '../fixtures/streams.ts'
import { goodOrigin, startTestProxy } from '../fixtures/test-proxy.ts'
import { goodTarget } from '../fixtures/well-being.ts'

t.setTimeout(300_000)

const status = 'HTTP/1.1 200 OK\r\n'
const ok = `${status}Content-Length: 2\r\n\r\nok`
const request = (method: string, fields = '', target = '/web/k') =>
  `${method} ${target} HTTP/1.1\r\nHost: a\r\nOrigin: ${goodOrigin}\r\n${fields}\r\n`

const ended = (client: RawConnection): Promise<void> => client.until(({ ended: how }) => how !== undefined)

t.test('a drain', async t => {
  const slowly: Answer = async ({ target }) => {
    if (target !== goodTarget) await delay(300)
    return ok
  }
  t.test('loses nothing that finishes in time', async t => {
    const upstream = await startRecordingUpstream(t, { answer: slowly })
    const proxy = await startTestProxy(t, upstream.url)
    const idle = await proxy.open(t)
    await idle.write(request('GET', '', goodTarget))
    await idle.until(({ text }) => text.endsWith('ok'))
    const busy = await proxy.open(t)
    await busy.write(request('GET'))
    await upstream.until(({ requests }) => requests.length === 2)
    proxy.plane.startDraining()
    const { server, breakOff } = proxy.plane
    const draining = drain({ server, acceptMs: 100, deadlineMs: 10_000, breakOff })
    const late = await proxy.send(t, request('GET', '', '/web/late'))
    t.strictSame([readResponse(late).status, readResponse(late).values('connection')], [200, ['close']])
    await ended(busy)
    t.strictSame([readResponse(busy.text).status, readResponse(busy.text).values('connection')], [200, ['close']])
    await ended(idle)
    t.equal(await draining, 'drained')
    t.equal(proxy.inFlight, 0)
  })
  t.test('breaks off visibly what does not', async t => {
    const upstream = await startFaultUpstream(t, (_connection, received) =>
      received?.target === '/web/head'
        ? []
        : [
            write(
              `${status}${received?.target === '/web/length' ? 'Content-Length: 9\r\n' : received?.target === '/web/chunked' ? 'Transfer-Encoding: chunked\r\n' : ''}\r\n${received?.target === '/web/chunked' ? '3\r\nabc\r\n' : 'abc'}`,
            ),
          ],
    )
    const proxy = await startTestProxy(t, upstream.url)
    const clients = new Map<string, RawConnection>()
    for (const name of ['head', 'length', 'chunked', 'close']) {
      const client = await proxy.open(t)
      await client.write(request('GET', '', `/web/${name}`))
      if (name !== 'head') await client.until(({ text }) => text.includes('abc'))
      clients.set(name, client)
    }
    await upstream.until(({ requests }) => requests.length === 4)
    proxy.plane.startDraining()
    const { server, breakOff } = proxy.plane
    t.equal(await drain({ server, acceptMs: 0, deadlineMs: 200, breakOff }), 'expired')
    for (const client of clients.values()) await ended(client)
    t.equal(readResponse(clients.get('head')?.text ?? '').status, 503)
    t.equal(readResponse(clients.get('length')?.text ?? '').verdict, 'incomplete')
    t.equal(readResponse(clients.get('chunked')?.text ?? '').verdict, 'incomplete')
    t.equal(await clients.get('close')?.endedBy(), 'reset')
    await proxy.until(({ inFlight }) => inFlight === 0)
    t.ok(
      proxy.records.every(({ clientAborted }) => !clientAborted),
      'no client left',
    )
    await upstream.until(({ open }) => open === 0)
  })
  t.test('waits for slow readers of what the endpoint has sent already', async t => {
    const content = patternedBytes(3, 30_000_000)
    const upstream = await startFaultUpstream(
      t,
      (_connection, received) => {
        const length = Number(received?.target.slice(5))
        return [write(`${status}Content-Length: ${length}\r\n\r\n`), write(content.subarray(0, length))]
      },
      { keepBytes: false },
    )
    const proxy = await startTestProxy(t, upstream.url)
    const sockets: Socket[] = []
    proxy.plane.server.on('connection', socket => sockets.push(socket))
    const stall = async (length: number): Promise<RawConnection> => {
      const client = await proxy.open(t)
      client.socket.pause()
      await client.write(request('GET', '', `/web/${length}`))
      return client
    }
    // What the kernel takes for a client that reads nothing; a little more is what still waits here when the endpoint is done.
    const first = await stall(content.length)
    let taken = 0
    for (let last = -1; taken !== last || taken === 0; ) {
      last = taken
      await delay(100)
      taken = (sockets[0]?.bytesWritten ?? 0) - (sockets[0]?.writableLength ?? 0)
    }
    first.reset()
    const lengths = Array.from({ length: 8 }, (_, index) => taken + (index - 2) * 30_000)
    const clients = await Promise.all(lengths.map(stall))
    await delay(300)
    proxy.plane.startDraining()
    const { server, breakOff } = proxy.plane
    const draining = drain({ server, acceptMs: 0, deadlineMs: 20_000, breakOff })
    await delay(300)
    for (const [index, client] of clients.entries()) {
      client.socket.resume()
      await client.until(connection => connection.ended !== undefined, 20_000)
      const { body } = readResponse(client.text)
      t.strictSame([client.ended, body.length], ['fin', lengths[index]])
      client.destroy()
    }
    t.equal(await draining, 'drained')
  })
  t.test('is not held up by connections that say nothing', async t => {
    const upstream = await startRecordingUpstream(t)
    for (const tls of [false, true]) {
      const proxy = await startTestProxy(t, upstream.url, {}, { tls })
      const silent = await proxy.open(t)
      await proxy.until(async all => (await all.connections()) === 1)
      const { server, breakOff } = proxy.plane
      t.equal(await drain({ server, acceptMs: 0, deadlineMs: 5000, breakOff }), 'drained')
      await ended(silent)
    }
  })
  t.test('has no time left after the last', async t => {
    const upstream = await startRecordingUpstream(t)
    const proxy = await startTestProxy(t, upstream.url)
    const { server, breakOff } = proxy.plane
    // A deadline beyond what this test may take.
    t.equal(await drain({ server, acceptMs: 0, deadlineMs: 3_600_000, breakOff }), 'drained')
  })
})
