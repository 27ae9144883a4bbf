import type { Server } from 'node:http'
import type { AddressInfo, ListenOptions, Server as SocketServer } from 'node:net'
import type { Address } from '../../config/schema/address.ts'
import type { InheritedSocket } from './inherited-sockets.ts'

// Of Node's 511, a crowd that comes in at once fills all, and the next has to knock again after a second.
const backlog = 4096

/** Where a server listens: an address of its own, or a socket that another process has opened. */
export type Listening = Address | InheritedSocket

/** Listens, or rejects with why it cannot. */
export function listen(server: SocketServer, where: Listening): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(optionsOf(where), () => {
      server.off('error', reject)
      if (typeof server.address() === 'object') return resolve()
      server.close()
      reject(new Error(`expected a TCP socket as the inherited one, got a Unix socket: ${String(server.address())}`))
    })
  })
}

function optionsOf(where: Listening): ListenOptions | { readonly fd: number; readonly backlog: number } {
  if ('fd' in where) return { fd: where.fd, backlog }
  const { host, port } = where
  return { port, backlog, ...(host === '' ? {} : { host }) }
}

/** `SCHEME://HOST:PORT` of a server that listens. */
export function urlOf(server: Server, scheme: string): string {
  return urlAt(server.address() as AddressInfo, scheme)
}

/** `SCHEME://HOST:PORT` of an address. */
export function urlAt({ address, port }: Pick<AddressInfo, 'address' | 'port'>, scheme: string): string {
  return `${scheme}://${address.includes(':') ? `[${address}]` : address}:${port}`
}
