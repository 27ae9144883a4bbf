import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { hostFor } from '../../../src/proxy/handling/forwarding.ts'
import type { RequestContext } from '../../../src/proxy/handling/request-context.ts'
import { createFakePool } from '../../fixtures/fake-pool.ts'
import { get, send } from '../../fixtures/handled-requests.ts'

const rewrites = [
  { name: 'a path', bytes: get('/web/k'), host: 's3.internal:9000', servername: 's3.internal' },
  {
    name: 'a virtual host',
    bytes: get('/k', '', 'web.s3.example'),
    host: 'web.s3.internal:9000',
    servername: 'web.s3.internal',
  },
  {
    name: 'a dotted one',
    bytes: get('/k', '', 'w.b.s3.example'),
    host: 'w.b.s3.internal:9000',
    servername: 's3.internal',
  },
]
for (const { name, bytes, host, servername } of rewrites) {
  t.test(`under rewrite, ${name} goes to ${host}`, async t => {
    const { pool, sockets } = createFakePool()
    await send(t, bytes, { pool, authority: 's3.internal:9000', servername: 's3.internal' })
    while (sockets.length === 0) await delay(2)
    sockets[0]?.connect()
    t.equal(sockets[0]?.servername, servername)
    t.match(sockets[0]?.written, `\r\nHost: ${host}\r\n`)
  })
}

t.test('without rewrite, the endpoint gets the Host of the client', async t => {
  const turn = { settings: { authority: undefined }, guarded: { host: 'web.s3.example' }, bucketInHost: 'web' }
  t.equal(hostFor(turn as RequestContext), 'web.s3.example')
})
