import type { IncomingMessage } from 'node:http'

// Enough for what was in flight when the client learned of the answer; not enough to make us swallow an upload.
const maxDiscardedBytes = 256 * 1024
const maxLingerMs = 2000

/**
 * Prepares the end of a connection whose request body nobody will read: what still comes is discarded, within bounds,
 * instead of being answered with a reset that could destroy the answer on its way to the client (RFC 9112 §9.6). Call it
 * before the response ends, and only for a request with content; the response must say `Connection: close`.
 */
export function lingerAtEnd(request: IncomingMessage): void {
  if (request.complete) return
  const { socket } = request
  let discardedBytes = 0
  let answered = false
  request.on('data', (chunk: Buffer) => {
    discardedBytes += chunk.length
    if (discardedBytes <= maxDiscardedBytes) return
    if (answered) socket.destroy()
    else request.pause() // the answer may take longer than the client's patience with its upload
  })
  // Without a read of its own, Node would take the body for unwanted and swallow all of it, unbounded.
  request.read(0)
  request.resume()
  // Node's last step for a connection that closes: end, then destroy at once. The pause between the two is the point.
  socket.destroySoon = () => {
    answered = true
    socket.end()
    const timer = setTimeout(() => socket.destroy(), maxLingerMs)
    socket.once('close', () => clearTimeout(timer))
    if (request.complete) socket.destroy()
    else request.once('end', () => socket.destroy())
    if (discardedBytes <= maxDiscardedBytes) request.resume()
  }
}
