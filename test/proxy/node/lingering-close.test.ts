import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import { lingerAtEnd } from '../../../src/proxy/node/lingering-close.ts'
import { readResponse } from '../../fixtures/client-responses.ts'
import { serveRequests } from '../../fixtures/client-side.ts'
import { outgoingFields } from '../../fixtures/outgoing-fields.ts'
import { openRaw, type RawConnection } from '../../fixtures/raw-client.ts'

const kib = 1024

/** A server that answers without reading the content, and a client that has announced `length` bytes of it. */
async function start(t: Test, length: number): Promise<{ client: RawConnection; sockets: Socket[] }> {
  const sockets: Socket[] = []
  const port = await serveRequests(t, (request, response) => {
    sockets.push(request.socket)
    lingerAtEnd(request)
    response.writeHead(403, undefined, outgoingFields(['Content-Length', '2', 'Connection', 'close']))
    response.end('no')
  })
  const client = await openRaw(port)
  t.teardown(() => client.destroy())
  await client.write(`PUT /k HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`)
  return { client, sockets }
}

/** Resolves when the server is done with the connection, in whatever way. */
function closed(socket: Socket | undefined): Promise<unknown> {
  return new Promise(resolve => {
    if (socket === undefined || socket.closed) resolve(undefined)
    else socket.once('close', resolve)
  })
}

t.test('the answer arrives, and the content that still comes is discarded', async t => {
  const { client, sockets } = await start(t, 200 * kib)
  await client.until(({ text }) => text.endsWith('no'))
  for (let i = 0; i < 20; i++) await client.write(Buffer.alloc(10 * kib))
  await client.until(({ ended }) => ended !== undefined)
  await closed(sockets[0])
  t.equal(client.ended, 'fin')
  t.equal(readResponse(client.text).status, 403)
  t.ok((sockets[0]?.bytesRead ?? 0) > 200 * kib, `${sockets[0]?.bytesRead} bytes were read`)
})

t.test('of content without end only so much is read, and the connection ends in time', async t => {
  const { client, sockets } = await start(t, 1024 * 1024 * kib)
  const startedAt = performance.now()
  // More than all buffers on the way hold.
  void client.write(Buffer.alloc(32 * 1024 * kib))
  await client.until(({ ended }) => ended !== undefined)
  t.match(client.text, /^HTTP\/1\.1 403 [\s\S]*no$/)
  const [socket] = sockets
  await closed(socket)
  t.ok(performance.now() - startedAt > 1900, 'not before the client could read the answer')
  t.ok((socket?.bytesRead ?? 0) < 512 * kib, `${socket?.bytesRead} bytes were read`)
})

t.test('the client may also say nothing more', async t => {
  const { client, sockets } = await start(t, 10)
  await client.until(({ ended }) => ended !== undefined)
  t.equal(client.ended, 'fin')
  client.end()
  const [socket] = sockets
  await closed(socket)
  t.equal(socket?.closed, true)
})

t.test('a request whose content has come changes nothing about its connection', async t => {
  const port = await serveRequests(t, (request, response) => {
    const { destroySoon } = request.socket
    request.resume().once('end', () => {
      lingerAtEnd(request)
      response.writeHead(200, undefined, outgoingFields([]))
      response.end(String(request.socket.destroySoon === destroySoon))
    })
  })
  const client = await openRaw(port)
  t.teardown(() => client.destroy())
  await client.write('PUT /k HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok')
  await client.until(({ text }) => text.endsWith('4\r\ntrue\r\n0\r\n\r\n'))
})
