import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import t from 'tap'
import { resetConnection } from '../../../src/proxy/node/reset-connection.ts'
import { localhostCertificate as cert, localhostKey as key } from '../../fixtures/localhost-certificate.ts'
import { openRaw } from '../../fixtures/raw-client.ts'

async function listen(server: Server, release: (close: () => void) => void): Promise<number> {
  server.listen(0, '127.0.0.1')
  release(() => server.close())
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Sends a little, and resets when asked for more. */
function resetWhenAsked(socket: Socket): void {
  socket.on('error', () => undefined)
  socket.write('part')
  socket.once('data', () => resetConnection(socket))
}

t.test('a client over TCP sees a reset, not an end', async t => {
  const port = await listen(createServer(resetWhenAsked), close => t.teardown(close))
  const client = await openRaw(port)
  await client.until(({ text }) => text === 'part')
  await client.write('more')
  await client.until(({ ended }) => ended !== undefined)
  t.equal(client.ended, 'reset')
})

t.test('a client over TLS sees a reset, not an end', async t => {
  const port = await listen(createTlsServer({ cert, key }, resetWhenAsked), close => t.teardown(close))
  const client = connectTls({ port, host: '127.0.0.1', ca: cert, servername: 'localhost' })
  t.teardown(() => client.destroy())
  client.once('data', () => client.write('more'))
  const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException]
  t.equal(error.code, 'ECONNRESET')
})
