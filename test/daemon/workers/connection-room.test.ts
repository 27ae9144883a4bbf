import { EventEmitter } from 'node:events'
import type { Server } from 'node:net'
import t from 'tap'
import { watchRoom } from '../../../src/daemon/workers/connection-room.ts'

t.test('tells when the last place is taken and when one is free again', async t => {
  const server = new EventEmitter() as unknown as Server
  const told: boolean[] = []
  watchRoom(
    server,
    () => 2,
    full => told.push(full),
  )
  const sockets = [1, 2].map(() => new EventEmitter())
  for (const socket of sockets) server.emit('connection', socket)
  t.strictSame(told, [true])
  sockets[0]?.emit('close')
  sockets[1]?.emit('close')
  t.strictSame(told, [true, false])
})
