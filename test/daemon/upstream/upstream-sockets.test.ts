import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createServer as createTlsServer, TLSSocket } from 'node:tls'
import t from 'tap'
import { NameCache } from '../../../src/daemon/upstream/name-cache.ts'
import { createOpenSocket, servernameOf } from '../../../src/daemon/upstream/upstream-sockets.ts'
import type { SocketReader } from '../../../src/proxy/upstream/socket-reader.ts'
import { spawn } from '../../fixtures/children.ts'
import { localhostCertificate, localhostKey } from '../../fixtures/localhost-certificate.ts'

t.setTimeout(300_000)

const names = [
  { protocol: 'http:', hostname: 's3.example', servername: '' },
  { protocol: 'https:', hostname: 's3.example', servername: 's3.example' },
  { protocol: 'https:', hostname: '192.0.2.1', servername: '' },
  { protocol: 'https:', hostname: '2001:db8::1', servername: '' },
] as const
for (const { protocol, hostname, servername } of names) {
  t.test(`${protocol}//${hostname} has the server name "${servername}"`, async t => {
    t.equal(servernameOf(protocol, hostname), servername)
  })
}

/** Reads into one buffer, and takes everything. */
function readerInto(buffer: Buffer): SocketReader {
  return {
    nextBuffer: () => buffer,
    read: () => true,
    readRecord: () => true,
  }
}

t.test('every read of a connection goes where its reader says', async t => {
  const server = createServer(socket => {
    socket.on('error', () => undefined)
    socket.write('first', () => setTimeout(() => socket.end('second'), 20))
  }).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const open = createOpenSocket({ protocol: 'http:', hostname: '127.0.0.1', port })
  const buffers = [Buffer.alloc(10), Buffer.alloc(100)]
  const found: string[] = []
  let reads = 0
  const socket = open('', {
    nextBuffer: () => buffers[reads % 2] as Buffer,
    read(bytesRead, buffer) {
      t.equal(buffer, buffers[reads++ % 2])
      found.push(Buffer.from(buffer.subarray(0, bytesRead)).toString())
      return true
    },
    readRecord: () => t.fail('it is no TLS socket'),
  })
  await once(socket, 'close')
  t.strictSame(found, ['first', 'second'])
})

t.test('over TLS', async t => {
  const seen: { servername: string | false | null | undefined; reused: boolean; alpn: unknown }[] = []
  const server = createTlsServer(
    { cert: localhostCertificate, key: localhostKey, ALPNProtocols: ['h2', 'http/1.1'] },
    socket => {
      socket.on('error', () => undefined)
      seen.push({ servername: socket.servername, reused: socket.isSessionReused(), alpn: socket.alpnProtocol })
      socket.end('hello')
    },
  ).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  await t.test('the server name is the given one, sessions are reused, HTTP/2 is not spoken', async t => {
    const open = createOpenSocket({ protocol: 'https:', hostname: '127.0.0.1', port, ca: localhostCertificate })
    for (let i = 0; i < 2; i++) {
      const socket = open('localhost', readerInto(Buffer.alloc(1000)))
      t.ok(socket instanceof TLSSocket)
      await once(socket, 'close')
    }
    t.strictSame(seen, [
      { servername: 'localhost', reused: false, alpn: 'http/1.1' },
      { servername: 'localhost', reused: true, alpn: 'http/1.1' },
    ])
  })

  await t.test('a dead address is passed over, and remembered', async t => {
    seen.length = 0
    const asked: string[] = []
    const names = new NameCache({
      // At the first there is no server.
      resolve: async name => {
        asked.push(name)
        return [
          { address: '127.0.0.2', family: 4 },
          { address: '127.0.0.1', family: 4 },
        ]
      },
      askLifetime: async () => 60,
    })
    const target = { protocol: 'https:', hostname: 's3.example', port, ca: localhostCertificate } as const
    const open = createOpenSocket(target, names)
    const tried: string[][] = []
    for (let i = 0; i < 3; i++) {
      const socket = open('localhost', readerInto(Buffer.alloc(1000)))
      const addresses: string[] = []
      tried.push(addresses)
      socket.on('connectionAttempt', ip => addresses.push(ip))
      await once(socket, 'close')
    }
    t.strictSame(asked, ['s3.example'], 'the name is resolved once')
    t.strictSame(tried, [['127.0.0.2', '127.0.0.1'], ['127.0.0.1'], ['127.0.0.1']])
    t.strictSame(
      seen,
      [
        { servername: 'localhost', reused: false, alpn: 'http/1.1' },
        // Node tells no session of a connection whose first address failed.
        { servername: 'localhost', reused: false, alpn: 'http/1.1' },
        { servername: 'localhost', reused: true, alpn: 'http/1.1' },
      ],
      'the second address is asked for the same as the first',
    )
  })

  await t.test('an address that swallows every packet is passed over, and remembered', async t => {
    // A stopped process: the kernel takes as many connections for it as its queue holds, and answers no more.
    const listen = `require('node:net').createServer().listen(${port}, '127.0.0.3', 1, () => process.stdout.write('ready'))`
    const hole = spawn(process.execPath, ['-e', listen], { stdio: ['ignore', 'pipe', 'inherit'] })
    const fillers: Socket[] = []
    t.teardown(() => {
      hole.kill('SIGKILL')
      for (const filler of fillers) filler.destroy()
    })
    await once(hole.stdout, 'data')
    hole.kill('SIGSTOP')
    for (let taken = true; taken && fillers.length < 20; ) {
      const filler = connect(port, '127.0.0.3')
      fillers.push(filler)
      filler.on('error', () => undefined)
      taken = await Promise.race([once(filler, 'connect').then(() => true), sleep(500, false)])
    }
    const names = new NameCache({
      resolve: async () => [
        { address: '127.0.0.3', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ],
      askLifetime: async () => 60,
    })
    const target = { protocol: 'https:', hostname: 's3.example', port, ca: localhostCertificate } as const
    const open = createOpenSocket(target, names)
    const tried: string[][] = []
    const passedOver: string[] = []
    for (let i = 0; i < 2; i++) {
      const socket = open('localhost', readerInto(Buffer.alloc(1000)))
      const addresses: string[] = []
      tried.push(addresses)
      socket.on('connectionAttempt', ip => addresses.push(ip))
      socket.on('connectionAttemptTimeout', ip => passedOver.push(ip))
      await once(socket, 'secureConnect')
      await once(socket, 'close')
    }
    t.strictSame(passedOver, ['127.0.0.3'], 'by its silence')
    t.strictSame(tried, [['127.0.0.3', '127.0.0.1'], ['127.0.0.1']])
  })

  await t.test('an idle connection is probed', { skip: !existsSync('/proc/net/tcp') && 'needs /proc' }, async t => {
    const quiet = createServer().listen(0, '127.0.0.1')
    t.teardown(() => quiet.close())
    await once(quiet, 'listening')
    const { port } = quiet.address() as AddressInfo
    const open = createOpenSocket({ protocol: 'http:', hostname: '127.0.0.1', port })
    const socket = open('', readerInto(Buffer.alloc(1000)))
    t.teardown(() => socket.destroy())
    await once(socket, 'connect')
    // Local and remote address, state, queues, and the timer: 2 is that of keep-alive. Ports are hexadecimal. A former connection of
    // another address may still wait at the same port.
    const established = '01'
    const from = `:${socket.localPort?.toString(16).toUpperCase().padStart(4, '0')}`
    const line = readFileSync('/proc/net/tcp', 'latin1')
      .split('\n')
      .map(line => line.trim().split(/\s+/))
      .find(([, local, , state]) => local?.endsWith(from) && state === established)
    t.match(line?.[5], /^02:/)
  })

  const distrusted = [
    { name: 'a certificate of another authority', servername: 'localhost', ca: undefined, code: /SELF_SIGNED|UNABLE/ },
    { name: 'a certificate for another name', servername: 's3.example', ca: localhostCertificate, code: /ALTNAME/ },
  ]
  for (const { name, servername, ca, code } of distrusted) {
    await t.test(`${name} is refused`, async t => {
      const open = createOpenSocket({ protocol: 'https:', hostname: '127.0.0.1', port, ca })
      const [error] = (await once(open(servername, readerInto(Buffer.alloc(1000))), 'error')) as [NodeJS.ErrnoException]
      t.match(error.code, code)
    })
  }
})
