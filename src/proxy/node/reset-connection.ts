import { Socket } from 'node:net'
import type { ClientSocket } from '../client/client-request.ts'
import { tcpSocketBelow } from './tcp-socket.ts'

/**
 * Ends a client's connection with a reset: what a client that only the end of the connection tells where a response ends
 * cannot take for one.
 */
export function resetConnection(socket: ClientSocket): void {
  // Node refuses to reset a TLS socket, and destroying one ends the TCP connection in order, which most clients take for
  // the end even without a close_notify. So the TCP socket below it is reset.
  const below = socket instanceof Socket ? tcpSocketBelow(socket) : undefined
  if (below === undefined) socket.resetAndDestroy()
  else {
    below.resetAndDestroy()
    socket.destroy()
  }
}
