import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { listen, urlAt, urlOf } from '../../../src/daemon/process/listening.ts'

t.test('listens and says where, or says why not', async t => {
  const server = createServer()
  t.teardown(() => server.close())
  await listen(server, { host: '127.0.0.1', port: 0 })
  const { port } = server.address() as AddressInfo
  t.equal(urlOf(server, 'http'), `http://127.0.0.1:${port}`)
  t.equal(server.listenerCount('error'), 0)
  await t.rejects(listen(createServer(), { host: '127.0.0.1', port }), { code: 'EADDRINUSE' })
})

t.test('an address of IPv6 stands in brackets', async t => {
  t.equal(urlAt({ address: '::1', port: 80 }, 'https'), 'https://[::1]:80')
})
