import type { ServerHttp2Session } from 'node:http2'
import { type ClientMemory, type Holding, requestBytes } from '../shares/client-memory.ts'
import { type Listed, LiveList } from '../shares/live-list.ts'
import type { Http2Response } from './http2-response.ts'

/** One client connection that speaks HTTP/2, with the requests that are under way in it. */
export class Http2Session implements Listed, Holding {
  listedAt = -1
  readonly remoteAddress: string | undefined
  readonly memory: ClientMemory | undefined
  readonly #session: ServerHttp2Session
  readonly #responses = new LiveList<Http2Response>()
  #idleSinceMs: number

  constructor(
    session: ServerHttp2Session,
    remoteAddress: string | undefined,
    memory: ClientMemory | undefined,
    nowMs: number,
  ) {
    this.#session = session
    this.remoteAddress = remoteAddress
    this.memory = memory
    this.#idleSinceMs = nowMs
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
    this.memory?.wrote(requestBytes)
  }

  remove(response: Http2Response): void {
    this.#responses.delete(response)
  }

  /** Looks at the clock: ends a connection without requests after `keepAliveMs`, and tells of requests that stood still for `idleMs`. */
  tick(nowMs: number, idleMs: number, keepAliveMs: number, onIdle: (response: Http2Response) => void): void {
    let moved = false
    for (const response of this.#responses) {
      if (response.hasMoved()) {
        moved = true
        response.idleSinceMs = nowMs
      } else if (nowMs - response.idleSinceMs >= idleMs) {
        response.idleSinceMs = nowMs
        onIdle(response)
      }
    }
    if (!this.isResting) {
      this.#idleSinceMs = nowMs
      // What its streams have read and written is counted anew.
      this.memory?.wrote(0)
    } else if (nowMs - this.#idleSinceMs >= keepAliveMs) this.goAway()
    this.memory?.tick(nowMs, moved)
  }

  /** Takes no further requests, and ends when those under way have ended. */
  goAway(): void {
    if (!this.#session.closed) this.#session.close()
  }

  destroy(): void {
    this.#session.destroy()
  }
}
