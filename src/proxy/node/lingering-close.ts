import { IncomingMessage } from 'node:http'
import type { ClientRequest } from '../client/client-request.ts'

// Enough for what was in flight when the client learned of the answer; not enough to make us swallow an upload.
const maxDiscardedBytes = 256 * 1024
const maxLingerMs = 2000

/** Nothing goes to the client after the response, which must say `Connection: close`. `isUnread`: content is still to come. */
export function endConnectionAfter(closing: WeakSet<object>, request: ClientRequest, isUnread: boolean): void {
  closing.add(request.socket)
  if (isUnread) lingerAtEnd(request)
}

/**
 * Prepares the end of a connection whose request body will not be read: what still comes is discarded, within bounds,
 * instead of being answered with a reset that could destroy the answer on its way to the client (RFC 9112 §9.6). Call it
 * before the response ends, and only for a request with content; the response must say `Connection: close`.
 */
export function lingerAtEnd(request: ClientRequest): void {
  // A stream of HTTP/2 ends by itself.
  if (request.complete || !(request instanceof IncomingMessage)) return
  const { socket } = request
  let discardedBytes = 0
  request.on('data', (chunk: Buffer) => {
    discardedBytes += chunk.length
    // No reset yet: a client that is stopped by its own full buffers still reads the answer.
    if (discardedBytes > maxDiscardedBytes) request.pause()
  })
  // Without a read of its own, Node would take the body for unwanted and swallow all of it, unbounded.
  request.read(0)
  request.resume()
  // Node's last step for a connection that closes: end, then destroy at once. The pause between the two is the point.
  const { destroySoon } = socket
  socket.destroySoon = () => {
    socket.destroySoon = destroySoon
    if (request.complete) {
      socket.destroySoon()
      return
    }
    socket.end()
    const timer = setTimeout(() => socket.destroy(), maxLingerMs)
    socket.once('close', () => clearTimeout(timer))
    request.once('end', () => socket.destroySoon())
  }
}
