import type { Server } from 'node:http'
import { Server as SocketServer } from 'node:net'
import { endUnreadConnections } from '../../proxy/server/proxy-server.ts'

/** How a drain went: `expired` when requests had to be broken off. */
export type DrainResult = 'drained' | 'expired'

/** What a drain needs; times in milliseconds. */
export interface DrainOptions {
  readonly server: Server
  /** New connections are still taken this long, for clients and load balancers that do not yet know that this replica ends. */
  readonly acceptMs: number
  /** All in all. */
  readonly deadlineMs: number
  /** Breaks off what is still under way, so that no client takes a part for the whole. */
  readonly breakOff: () => void
}

/**
 * So long a connection may be idle before a drain ends it: a client that asks again and again has its next request under way,
 * and is told by the answer to that one that the connection closes.
 */
const idleMs = 250

/**
 * A client of HTTP/2 pauses a stream by its window; one whose connection takes nothing at all for this part of the drain is not waited
 * for any longer. A client of HTTP/1.1 has no other way to pause.
 */
const unreadShare = 1 / 2

/**
 * Ends a server without losing what finishes in time: goes on accepting for a while, then stops listening, ends idle
 * connections, and waits for the rest.
 */
export async function drain(options: DrainOptions): Promise<DrainResult> {
  const { server, acceptMs, deadlineMs } = options
  const startMs = performance.now()
  const deadline = startMs + deadlineMs
  const unreadMs = deadlineMs * unreadShare
  if (acceptMs > 0) await wait(Math.min(acceptMs, deadlineMs))
  const closed = new Promise<DrainResult>(resolve => {
    // HTTP's own `close` would end idle connections at once.
    SocketServer.prototype.close.call(server, () => resolve('drained'))
  })
  // A connection that was busy a moment ago is idle now: every response says `Connection: close`, but a client may not heed it.
  const closeIdle = () => {
    server.closeIdleConnections()
    if (performance.now() - startMs >= unreadMs) endUnreadConnections(server, unreadMs)
    idle = setTimeout(closeIdle, 100)
  }
  let idle = setTimeout(closeIdle, Math.max(0, idleMs - acceptMs))
  let timer: NodeJS.Timeout | undefined
  const expired = new Promise<DrainResult>(resolve => {
    timer = setTimeout(() => resolve('expired'), Math.max(0, deadline - performance.now()))
  })
  const result = await Promise.race([closed, expired])
  clearTimeout(idle)
  clearTimeout(timer)
  if (result === 'expired') {
    options.breakOff()
    server.closeAllConnections()
  }
  return result
}

function wait(ms: number): Promise<void> {
  return new Promise(resolve => {
    setTimeout(resolve, ms)
  })
}
