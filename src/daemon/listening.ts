import type { Server } from 'node:http'
import type { AddressInfo, Server as SocketServer } from 'node:net'
import type { Address } from '../config/schema/address.ts'

// Of Node's 511, a crowd that comes in at once fills all, and the next has to knock again after a second.
const backlog = 4096

/** Listens, or rejects with why it cannot. */
export function listen(server: SocketServer, { host, port }: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, backlog, ...(host === '' ? {} : { host }) }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** `SCHEME://HOST:PORT` of a server that listens. */
export function urlOf(server: Server, scheme: string): string {
  return urlAt(server.address() as AddressInfo, scheme)
}

/** `SCHEME://HOST:PORT` of an address. */
export function urlAt({ address, port }: Pick<AddressInfo, 'address' | 'port'>, scheme: string): string {
  return `${scheme}://${address.includes(':') ? `[${address}]` : address}:${port}`
}
