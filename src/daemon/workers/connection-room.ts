import type { Server, Socket } from 'node:net'

/**
 * Tells when a worker's share of `limits.connections` is used up, and when it is not any more. The primary offers a
 * connection to another worker when this one is full; when all are, each of them would give it back for ever.
 */
export function watchRoom(server: Server, limit: () => number, tell: (full: boolean) => void): void {
  let connections = 0
  let told = false
  const look = () => {
    const full = connections >= limit()
    if (full === told) return
    told = full
    tell(full)
  }
  server.on('connection', (socket: Socket) => {
    connections++
    socket.once('close', () => {
      connections--
      look()
    })
    look()
  })
}
