import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import t from 'tap'
import { createAdminConnections } from '../../src/admin/admin-connections.ts'

class FakeSocket extends EventEmitter {
  readonly remoteAddress: string
  destroyed = false
  constructor(remoteAddress: string) {
    super()
    this.remoteAddress = remoteAddress
  }
  destroy(): void {
    this.destroyed = true
    this.emit('close')
  }
}

const limits = { connections: () => 4, requests: 2, unreadBytes: 100 }

function start() {
  const connections = createAdminConnections(limits)
  return {
    open(address = '192.0.2.1') {
      const socket = new FakeSocket(address)
      connections.opened(socket as unknown as Socket)
      return socket
    },
    begin: (socket: FakeSocket) => connections.begin({ socket } as unknown as IncomingMessage),
    send(socket: FakeSocket, bytes: number) {
      const response = new EventEmitter()
      connections.sending({ socket } as unknown as IncomingMessage, response as unknown as ServerResponse, bytes)
      return () => response.emit('finish')
    },
  }
}

t.test('beyond the bound the oldest connection of the address that has most is ended', async t => {
  const { open } = start()
  const probe = open('198.51.100.1')
  const many = [open(), open(), open(), open('203.0.113.1')]
  t.strictSame(
    [probe, ...many].map(({ destroyed }) => destroyed),
    [false, true, true, false, false],
  )
})

t.test('a connection that ends makes room', async t => {
  const { open } = start()
  const all = [open(), open(), open()]
  all[1]?.destroy()
  open()
  t.strictSame(
    all.map(({ destroyed }) => destroyed),
    [false, true, false],
  )
})

t.test('more requests at once than any client sends end the connection', async t => {
  const { open, begin, send } = start()
  const socket = open()
  t.ok(begin(socket))
  send(socket, 1)()
  t.ok(begin(socket), 'what was answered does not count')
  t.ok(begin(socket))
  t.notOk(begin(socket))
  t.ok(socket.destroyed)
  t.notOk(begin(socket), 'nor is what came behind them answered')
})

t.test('beyond the bound of unread content those end that wait longest', async t => {
  const { open, begin, send } = start()
  const [slow, reader, newest] = [open(), open(), open()]
  for (const socket of [slow, reader, newest]) begin(socket)
  send(slow, 60)
  send(reader, 30)()
  send(newest, 40)
  t.notOk(slow.destroyed)
  begin(reader)
  const taken = send(reader, 50)
  t.strictSame(
    [slow, reader, newest].map(({ destroyed }) => destroyed),
    [true, false, false],
  )
  taken()
  begin(reader)
  send(reader, 60)
  t.notOk(newest.destroyed, 'what is taken does not count')
})

t.test('an answer longer than the bound is sent', async t => {
  const { open, begin, send } = start()
  const socket = open()
  begin(socket)
  send(socket, 1000)
  t.notOk(socket.destroyed)
  socket.destroy()
  const next = open()
  begin(next)
  send(next, 90)
  t.notOk(next.destroyed)
})

t.test('an answer to a connection that is gone counts for nothing', async t => {
  const { open, begin, send } = start()
  const socket = open()
  begin(socket)
  const taken = send(socket, 90)
  socket.destroy()
  send(socket, 90)
  taken()
  const next = open()
  begin(next)
  send(next, 90)
  t.notOk(next.destroyed)
})
