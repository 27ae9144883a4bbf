import type { Socket } from 'node:net'

/** The TCP socket below a TLS socket, to which there is no public way; undefined for a socket that is no TLS socket. */
export function tcpSocketBelow(socket: Socket): Socket | undefined {
  return (socket as Socket & { readonly _parent?: Socket | null })._parent ?? undefined
}
