// What callers of the admin port hold: connections, requests that are not answered, and answers that they do not read.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Keeps what all callers hold within bounds, and the port open for those who hold little. */
export interface AdminConnections {
  /** Takes a connection in. Beyond the bound, the oldest of the address that has most is ended: a probe comes from another. */
  opened(socket: Socket): void
  /** False: the connection has ended, or was ended for more requests at once than any client sends; there is nothing to answer. */
  begin(request: IncomingMessage): boolean
  /** Counts content until it is handed to the system. Beyond the bound, the connection whose answer waits longest is ended. */
  sending(request: IncomingMessage, response: ServerResponse, bytes: number): void
}

/** Bounds of the port. */
export interface AdminLimits {
  /** One of these stays free for the next caller. */
  readonly connections: () => number
  readonly requests: number
  readonly unreadBytes: number
}

interface Held {
  readonly address: string
  requests: number
  unreadBytes: number
}

export function createAdminConnections(limits: AdminLimits): AdminConnections {
  const held = new Map<Socket, Held>()
  /** Those with unread content, in the order in which they began to have it. */
  const unread = new Set<Socket>()
  let unreadBytes = 0

  function forget(socket: Socket): void {
    unreadBytes -= held.get(socket)?.unreadBytes ?? 0
    unread.delete(socket)
    held.delete(socket)
  }

  function end(socket: Socket): void {
    forget(socket)
    socket.destroy()
  }

  /** The oldest connection of the address that has most. */
  function greediest(): Socket | undefined {
    const counts = new Map<string, number>()
    for (const { address } of held.values()) counts.set(address, (counts.get(address) ?? 0) + 1)
    const most = Math.max(...counts.values())
    for (const [socket, { address }] of held) if (counts.get(address) === most) return socket
    return undefined
  }

  return {
    opened(socket) {
      held.set(socket, { address: socket.remoteAddress ?? '', requests: 0, unreadBytes: 0 })
      socket.once('close', () => forget(socket))
      if (held.size < limits.connections()) return
      const ended = greediest()
      if (ended !== undefined) end(ended)
    },
    begin({ socket }) {
      const own = held.get(socket)
      if (own === undefined) return false
      if (++own.requests <= limits.requests) return true
      end(socket)
      return false
    },
    sending({ socket }, response, bytes) {
      const own = held.get(socket)
      if (own === undefined) return
      own.unreadBytes += bytes
      unreadBytes += bytes
      unread.add(socket)
      response.once('finish', () => {
        if (held.get(socket) !== own) return
        own.requests--
        own.unreadBytes -= bytes
        unreadBytes -= bytes
        if (own.unreadBytes === 0) unread.delete(socket)
      })
      for (const other of unread) {
        if (unreadBytes <= limits.unreadBytes) return
        if (other !== socket) end(other)
      }
    },
  }
}
