import { once } from 'node:events'
import fs from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import t from 'tap'
import { createOwnerCheck, isOfUser, parseOwners } from '../../src/admin/connection-owner.ts'
import { spawn } from '../fixtures/children.ts'
import { startAdmin } from './sources.ts'

t.setTimeout(300_000)

const isLinux = process.platform === 'linux'
const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode'
/** A line of /proc/net/tcp: ports in hexadecimal. */
const line = (from: string, to: string, state: string, user: number, address = '0100007F') =>
  `   7: ${address}:${from} 0100007F:${to} ${state} 00000000:00000000 02:000006C0 00000000 ${String(user).padStart(5)}        0 4242 2 0000000000000000 20 4 30 10 -1`

const own = 1000
const tables: { name: string; lines: readonly string[]; isOfUser: boolean }[] = [
  { name: 'the own user', lines: [line('A1B2', '24F8', '01', own)], isOfUser: true },
  { name: 'root', lines: [line('A1B2', '24F8', '01', 0)], isOfUser: true },
  { name: 'another user', lines: [line('A1B2', '24F8', '01', 33)], isOfUser: false },
  { name: "the server's end says nothing", lines: [line('24F8', 'A1B2', '01', own)], isOfUser: false },
  { name: 'no connection', lines: [], isOfUser: false },
  { name: 'another port of the client', lines: [line('A1B3', '24F8', '01', own)], isOfUser: false },
  { name: 'another port of the server', lines: [line('A1B2', '24F9', '01', own)], isOfUser: false },
  {
    name: 'a connection that is closing, whose user is told as 0',
    lines: [line('A1B2', '24F8', '06', 0)],
    isOfUser: false,
  },
  {
    name: 'two connections of the same ports, one of them of another user',
    lines: [line('A1B2', '24F8', '01', own), line('A1B2', '24F8', '01', 33, '0200007F')],
    isOfUser: false,
  },
  {
    name: 'among others, over IPv6',
    lines: [
      line('A1B2', '1F90', '01', 33),
      line('A1B2', '24F8', '01', own, '00000000000000000000000001000000'),
      line('A1B4', '24F8', '01', 33),
    ],
    isOfUser: true,
  },
]
for (const { name, lines, isOfUser: expected } of tables) {
  const owners = parseOwners([head, ...lines, ''].join('\n'))
  t.equal(isOfUser(owners, { remotePort: 0xa1b2, localPort: 0x24f8 }, own), expected, name)
}

t.test('the id of users that the namespace does not know is not the own user, even where the proxy has it', async t => {
  const unknown = 65_534
  const ports = { remotePort: 0xa1b2, localPort: 0x24f8 }
  t.equal(isOfUser(parseOwners(line('A1B2', '24F8', '01', unknown)), ports, unknown), false)
  t.equal(isOfUser(parseOwners(line('A1B2', '24F8', '01', 0)), ports, unknown), true, 'root')
})

t.test('a table is parsed once, however many connections are looked up in it', async t => {
  const ports = Array.from({ length: 30_000 }, (_, index) => 1024 + index)
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, '0')
  const owners = parseOwners(
    [head, ...ports.map(port => line(hex(port), '24F8', '01', port % 2 === 0 ? own : 33)), ''].join('\n'),
  )
  t.equal(owners.size, ports.length)
  // Each look-up is one of a map: a text of this size read for each would take hours.
  for (const port of ports) {
    const isOwn = isOfUser(owners, { remotePort: port, localPort: 0x24f8 }, own)
    if (isOwn !== (port % 2 === 0)) t.fail(`port ${port}`)
  }
})

t.test('only what is for the operator alone waits for the tables', async t => {
  const read: unknown[] = []
  const reading = t.intercept(fs, 'readFile', {
    value: async (path: unknown) => {
      read.push(path)
      throw new Error('no such file')
    },
  })
  syncBuiltinESMExports()
  const { ask, stop } = await startAdmin()
  t.teardown(() => {
    stop()
    reading.restore()
    syncBuiltinESMExports()
  })
  for (const path of ['/livez', '/readyz', '/metrics', '/page.css']) {
    t.equal((await ask('GET', path)).status, 200, path)
    t.strictSame(read, [], path)
  }
  t.equal((await ask('GET', '/buckets')).status, 200)
  t.strictSame(read, ['/proc/self/net/tcp', '/proc/self/net/tcp6'])
})

t.test('a connection of this process is its own', { skip: !isLinux && 'only Linux tells' }, async t => {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, resolve))
  t.teardown(() => server.close())
  for (const host of ['127.0.0.1', '::1']) {
    const client = connect({ port: (server.address() as AddressInfo).port, host })
    const [socket] = (await once(server, 'connection')) as [Socket]
    t.equal(await createOwnerCheck()(socket), true, host)
    // The user of another process that is not root either.
    if (process.geteuid?.() !== 0) t.equal(await createOwnerCheck(54_321)(socket), false, host)
    client.destroy()
    socket.destroy()
  }
})

t.test(
  'without a token, a program of another user on this machine is no operator',
  { skip: !isLinux || process.getuid?.() !== 0 ? 'needs root on Linux' : false },
  async t => {
    const { port, stop } = await startAdmin()
    t.teardown(stop)
    const ask = async (path: string, uid: number) => {
      const script = `exec 3<>/dev/tcp/127.0.0.1/${port}; printf 'GET ${path} HTTP/1.1\\r\\nHost: 127.0.0.1:${port}\\r\\nAccept: */*\\r\\n\\r\\n' >&3; read -r line <&3; echo "$line"`
      const child = spawn('/bin/bash', ['-c', script], { uid, cwd: '/', stdio: ['ignore', 'pipe', 'inherit'] })
      let text = ''
      child.stdout.setEncoding('utf8').on('data', part => {
        text += part
      })
      await once(child, 'close')
      return Number(text.split(' ')[1])
    }
    for (const { path, uid, status } of [
      { path: '/buckets', uid: 0, status: 200 },
      { path: '/buckets', uid: 65_534, status: 403 },
      { path: '/', uid: 65_534, status: 403 },
      { path: '/livez', uid: 65_534, status: 200 },
      { path: '/metrics', uid: 65_534, status: 200 },
    ])
      t.equal(await ask(path, uid), status, `${path} by ${uid}`)
  },
)
