// All of the internet that a browser under test gets: a SOCKS 5 proxy that leads each `host:port` of the test to a port of
// this machine and refuses every other one. So pages have the origins that they have in the world, on ports 80 and 443, and
// a browser that calls home reaches no server.

import { once } from 'node:events'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Owner } from '../fixtures/recording-upstream.ts'
import { createTestAuthority, type IssuedCertificate, type TestAuthority } from '../fixtures/test-authority.ts'

export interface Internet {
  /** Of the SOCKS proxy, on 127.0.0.1. */
  readonly port: number
  readonly authority: TestAuthority
  /** Every `host:port` without a route that was asked for. */
  readonly refused: readonly string[]
  /** Leads `host:port`, or every name below a `*.host:port`, to a port of 127.0.0.1. */
  route(hostAndPort: string, port: number): void
  /** Serves the origins, with a certificate of `authority` where they are https; by default every path is an empty page. */
  serve(origins: readonly string[], listener?: RequestListener, certificate?: IssuedCertificate): Promise<void>
}

const servePage: RequestListener = (request, response) => {
  if (request.url === '/favicon.ico') response.writeHead(204).end()
  else response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>page</title>')
}

/** Starts it; closed when `owner` ends. */
export async function startInternet(owner: Owner): Promise<Internet> {
  const authority = createTestAuthority()
  const routes = new Map<string, number>()
  const refused: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket.on('close', () => sockets.delete(socket)))
    socket.on('error', () => socket.destroy())
    serveSocks(socket, hostAndPort => {
      const wildcard = hostAndPort.replace(/^[^.]+/, '*')
      const port = routes.get(hostAndPort) ?? routes.get(wildcard)
      if (port === undefined) refused.push(hostAndPort)
      return port
    })
  })
  const port = await listen(server)
  owner.teardown(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })

  return {
    port,
    authority,
    refused,
    route: (hostAndPort, target) => void routes.set(hostAndPort, target),
    async serve(origins, listener = servePage, certificate) {
      const urls = origins.map(origin => new URL(origin))
      const secure = urls.filter(({ protocol }) => protocol === 'https:')
      const plain = urls.filter(({ protocol }) => protocol === 'http:')
      const start = async (served: readonly URL[], site: ReturnType<typeof createHttpServer>) => {
        const sitePort = await listen(site)
        owner.teardown(() => {
          site.close()
          site.closeAllConnections()
        })
        for (const url of served) {
          routes.set(`${url.hostname}:${url.port || (url.protocol === 'https:' ? 443 : 80)}`, sitePort)
        }
      }
      if (plain.length > 0) await start(plain, createHttpServer(listener))
      if (secure.length > 0) {
        await start(
          secure,
          createHttpsServer(certificate ?? authority.issue(secure.map(({ hostname }) => hostname)), listener),
        )
      }
    },
  }
}

async function listen(server: { listen(port: number, host: string): unknown; address(): unknown }): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server as ReturnType<typeof createServer>, 'listening')
  return (server.address() as AddressInfo).port
}

/** RFC 1928, of which browsers use CONNECT by name without authentication. */
async function serveSocks(socket: Socket, findPort: (hostAndPort: string) => number | undefined): Promise<void> {
  const read = async (length: number): Promise<Buffer> => {
    for (;;) {
      const bytes: Buffer | null = socket.read(length)
      if (bytes !== null) return bytes
      if (socket.readableEnded || socket.destroyed) throw new Error('closed')
      await Promise.race([once(socket, 'readable'), once(socket, 'close')])
    }
  }
  try {
    const [, methods = 0] = await read(2)
    await read(methods)
    socket.write(Buffer.from([5, 0]))
    const [, command, , type] = await read(4)
    const isName = type === 3
    const length = isName ? ((await read(1))[0] ?? 0) : type === 4 ? 16 : 4
    const address = await read(length)
    const port = (await read(2)).readUInt16BE()
    const host = isName ? address.toString('latin1').toLowerCase() : [...address].join('.')
    const target = command === 1 ? findPort(`${host}:${port}`) : undefined
    const answer = (code: number) => Buffer.from([5, code, 0, 1, 0, 0, 0, 0, 0, 0])
    if (target === undefined) {
      // 4: host unreachable.
      socket.end(answer(4))
      return
    }
    const onward = connect(target, '127.0.0.1')
    onward.on('error', () => socket.destroy())
    socket.on('close', () => onward.destroy())
    onward.on('close', () => socket.destroySoon())
    await once(onward, 'connect')
    socket.write(answer(0))
    socket.pipe(onward)
    onward.pipe(socket)
  } catch {
    socket.destroy()
  }
}
