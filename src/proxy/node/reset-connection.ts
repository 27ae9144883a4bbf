import type { Socket } from 'node:net'

/**
 * Ends a client's connection with a reset: what a client that only the end of the connection tells where a response ends
 * cannot take for one.
 */
export function resetConnection(socket: Socket): void {
  // Node refuses to reset a TLS socket, and destroying one ends the TCP connection in order, which most clients take for
  // the end even without a close_notify. So the TCP socket below it, to which there is no public way, is reset.
  const { _parent: below } = socket as Socket & { readonly _parent?: Socket | null }
  if (below === undefined || below === null) socket.resetAndDestroy()
  else {
    below.resetAndDestroy()
    socket.destroy()
  }
}
