import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Server } from 'node:net'

/** https://nodejs.org/api/diagnostics_channel.html#net */
const listened = 'tracing:net.server.listen:asyncEnd'

interface Listener extends Server {
  readonly _handle: { close(): void } | null
}

/**
 * Watches which sockets `node:cluster` listens on in this process, from now on, and returns what ends the accepting there.
 * `node:cluster` itself closes such a socket only when its last worker has closed it, and then resets the connections that it had
 * accepted and not handed on.
 */
export function watchClusterSockets(): () => void {
  const handles = new Set<{ close(): void }>()
  const note = (message: unknown) => {
    const { server } = message as { readonly server: Listener }
    // The cluster's own is a plain one. Afterwards it takes the handle out of it.
    if (Object.getPrototypeOf(server) === Server.prototype && server._handle !== null) handles.add(server._handle)
  }
  subscribe(listened, note)
  return () => {
    unsubscribe(listened, note)
    for (const handle of handles) handle.close()
  }
}
