import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import t from 'tap'
import { unsentBytes } from '../../../src/proxy/node/write-queue.ts'
import { localhostCertificate, localhostKey } from '../../fixtures/localhost-certificate.ts'

const certificate = { cert: localhostCertificate, key: localhostKey }
const options = { host: '127.0.0.1', servername: 'localhost', ca: localhostCertificate }
for (const tls of [false, true]) {
  t.test(`this version of Node tells what the kernel has not taken, ${tls ? 'TLS' : 'plain'}`, async t => {
    const server = tls ? createTlsServer(certificate) : createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const accepted = once(server, tls ? 'secureConnection' : 'connection')
    const reader = tls ? connectTls({ ...options, port }) : connect({ ...options, port })
    t.teardown(() => {
      reader.destroy()
      server.close()
    })
    const [socket] = (await accepted) as [Socket]
    t.teardown(() => socket.destroy())
    t.equal(unsentBytes(socket), 0)
    reader.pause()
    const size = 32 * 1024 * 1024
    let taken = false
    socket.write(Buffer.alloc(size), () => {
      taken = true
    })
    await delay(200)
    const before = unsentBytes(socket)
    t.ok(before > 0 && before <= 2 * size)
    reader.resume()
    while (!taken) await delay(10)
    t.equal(unsentBytes(socket), 0)
    socket.destroy()
    t.equal(unsentBytes(socket), 0)
  })
}
