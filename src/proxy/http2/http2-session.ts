import { constants, type ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import { isDisconnected, unsentBytes } from '../node/write-queue.ts'
import { type ClientMemory, type Holding, requestBytes } from '../shares/client-memory.ts'
import { type Listed, LiveList } from '../shares/live-list.ts'
import type { ContentCount } from './http2-request.ts'
import type { Http2Response } from './http2-response.ts'
import { IdleFrames } from './idle-frames.ts'

/** So long a client may take to end the head that it was at when it was told to go away. */
const lingerMs = 1000

/** What a stream of an upload may send ahead of the endpoint, and what those of a connection may together. */
export const streamWindowBytes = 256 * 1024
export const connectionWindowBytes = 1024 * 1024

/** How long a connection may stand still, and the longest head of a request. */
export interface SessionLimits {
  readonly headerBytes: number
  readonly headersMs: number
  readonly idleMs: number
  readonly keepAliveMs: number
}

/** One client connection that speaks HTTP/2, with the requests that are under way in it. */
export class Http2Session implements Listed, Holding, ContentCount {
  listedAt = -1
  readonly remoteAddress: string | undefined
  readonly memory: ClientMemory | undefined
  /** Content that came, and requests that began, since it was last asked whether it is a flood. */
  contentBytes = 0
  #asked = 0
  readonly #idleFrames: IdleFrames
  readonly #session: ServerHttp2Session
  readonly #socket: Socket
  readonly #responses = new LiveList<Http2Response>()
  #idleSinceMs: number
  /** When a request began, a stream moved, or the kernel took something. */
  #movedMs: number
  /** What waited to be sent, and what was written, when the clock looked last. */
  #writtenBytes = 0
  /** Requests that have begun since the clock looked last. */
  #begun = 0
  #hasServed = false
  /** Since when it has neither requests nor takes any. */
  #leavingSinceMs = Number.POSITIVE_INFINITY
  /** What waits to be sent, and since when its client has taken nothing of that. */
  #unsentBytes = 0
  #unsentSinceMs: number

  constructor(session: ServerHttp2Session, socket: Socket, memory: ClientMemory | undefined, nowMs: number) {
    this.#session = session
    this.#socket = socket
    this.remoteAddress = socket.remoteAddress
    this.memory = memory
    this.#idleSinceMs = nowMs
    this.#unsentSinceMs = nowMs
    this.#movedMs = nowMs
    this.#idleFrames = new IdleFrames(connectionWindowBytes, nowMs)
  }

  /** No request is under way. */
  get isResting(): boolean {
    return this.#responses.size === 0
  }

  /** What its requests and responses make the proxy hold. */
  get heldBytes(): number {
    let held = 0
    for (const response of this.#responses) {
      held += requestBytes + response.req.heldBytes + (response.socket?.writableLength ?? 0)
    }
    return held
  }

  add(response: Http2Response): void {
    this.#responses.add(response)
    this.#begun++
    this.#asked++
    this.memory?.streamBegan()
  }

  remove(response: Http2Response): void {
    this.#responses.delete(response)
    // Content that is on its way goes with its stream, whichever side ended that.
    if (response.req.isCut) this.#idleFrames.forgive(streamWindowBytes)
  }

  /**
   * Looks at the clock: ends a connection without requests after `keepAliveMs`, or `headersMs` before the first, and one that was told
   * to end and whose client takes nothing after `idleMs`; tells of requests that stood still for `idleMs`.
   */
  tick(nowMs: number, limits: SessionLimits, onIdle: (response: Http2Response) => void): void {
    const { idleMs } = limits
    const unsent = unsentBytes(this.#socket)
    const { bytesWritten } = this.#socket
    // A client that takes as much as is written finds as much waiting at each look.
    const hasTaken = unsent !== this.#unsentBytes || bytesWritten !== this.#writtenBytes
    this.#unsentBytes = unsent
    this.#writtenBytes = bytesWritten
    if (hasTaken) this.#unsentSinceMs = nowMs
    // Its streams would keep what they hold of the endpoint until they count as idle.
    else if (unsent > 0 && isDisconnected(this.#socket)) this.#socket.destroy()
    if (hasTaken || this.#begun > 0) this.#movedMs = nowMs
    // Node tells when the whole of a write was taken, which may be a read of the endpoint: streams that wait to be taken share what
    // the client takes.
    let waiting = 0
    for (const { socket } of this.#responses) if (socket !== null && socket.writableLength > 0) waiting++
    let moved = this.#begun > 0
    for (const response of this.#responses) {
      response.endIfReset(unsent === 0)
      const sharers = (response.socket?.writableLength ?? 0) > 0 ? waiting : 1
      if (response.hasMoved()) {
        moved = true
        this.#movedMs = nowMs
        response.idleSinceMs = nowMs
      } else if (nowMs - response.idleSinceMs >= (nowMs - this.#movedMs >= idleMs ? idleMs : idleMs * sharers)) {
        response.idleSinceMs = nowMs
        onIdle(response)
      }
    }
    this.#rest(nowMs, limits)
    this.#leave(nowMs, idleMs)
    this.memory?.tickStreams(nowMs, moved)
  }

  /** Ends the connection if it brings too much that asks for nothing; true then, once. */
  endFlood(nowMs: number, { headerBytes }: SessionLimits): boolean {
    const asked = { requests: this.#asked, contentBytes: this.contentBytes, headerBytes }
    this.#asked = 0
    this.contentBytes = 0
    return this.#idleFrames.isFlood(this.#socket, asked, nowMs) && this.endAtOnce()
  }

  /** Ends the connection because of what its client sent; true then, once. */
  endAtOnce(): boolean {
    if (this.#session.destroyed) return false
    // Node's type asks for an error here; Node itself also takes the number of one, and sends that (http2session.destroy).
    this.#session.destroy(constants.NGHTTP2_ENHANCE_YOUR_CALM as unknown as Error)
    return true
  }

  /** Ends the connection if its client has taken nothing of what waits to be sent for `ms`. */
  endUnread(nowMs: number, ms: number): void {
    if (this.#unsentBytes > 0 && nowMs - this.#unsentSinceMs >= ms) this.#socket.destroy()
  }

  /** Takes no further requests, and ends when those under way have ended. */
  goAway(): void {
    if (!this.#session.closed) this.#session.close()
  }

  /** The connection is over. Node 22 does not tell every stream of it. */
  endAll(): void {
    for (const response of this.#responses) {
      this.#responses.delete(response)
      response.close()
    }
  }

  destroy(): void {
    this.#session.destroy()
  }

  /** A request may have begun and ended since the last look. */
  #rest(nowMs: number, { headersMs, keepAliveMs }: SessionLimits): void {
    if (!this.isResting || this.#begun > 0) {
      this.#idleSinceMs = nowMs
      this.#hasServed = true
      this.#begun = 0
    } else if (nowMs - this.#idleSinceMs >= (this.#hasServed ? keepAliveMs : headersMs)) this.goAway()
  }

  /** Node waits without end for a client to take what is left, GOAWAY and resets included, and to end the head of a last request. */
  #leave(nowMs: number, idleMs: number): void {
    const isLeaving = this.isResting && (this.#session.closed || this.#session.destroyed)
    if (!isLeaving) this.#leavingSinceMs = Number.POSITIVE_INFINITY
    else if (this.#leavingSinceMs === Number.POSITIVE_INFINITY) this.#leavingSinceMs = nowMs
    const quietSinceMs = Math.max(this.#leavingSinceMs, this.#unsentSinceMs)
    if (nowMs - quietSinceMs >= (this.#unsentBytes === 0 ? lingerMs : idleMs)) this.#socket.destroy()
  }
}
