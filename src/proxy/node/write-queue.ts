import { Socket } from 'node:net'
import type { ClientSocket } from '../client/client-request.ts'

/**
 * How many of the bytes that were written to `socket` the kernel has not taken: what Node's own idle timer looks at. Not
 * documented; a test holds that it is there. `writableLength` counts a write whole until all of it has left.
 */
export function unsentBytes(socket: ClientSocket): number {
  if (!(socket instanceof Socket)) return socket.writableLength
  const { _handle: handle } = socket as Socket & { readonly _handle?: { readonly writeQueueSize?: number } | null }
  return handle?.writeQueueSize ?? 0
}

/** Whether the kernel has ended the connection, as after a reset. It tells of a reset once, and HTTP/2 hears of no write that failed. */
export function isDisconnected(socket: Socket): boolean {
  const { _handle: handle } = socket as Socket & {
    readonly _handle?: { readonly getpeername?: (out: object) => number } | null
  }
  const answer = handle?.getpeername?.({})
  return answer !== undefined && answer !== 0
}
