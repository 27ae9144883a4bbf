/** What a client has to move, up or down, while others wait for its connection. */
export const leastBytesPerSecond = 16 * 1024

// Long enough for a phone between two cells, and for what the kernel's send buffer takes from us at once.
const longMs = 10_000
const shortMs = 2000
const firstContentMs = 1000
// No client is slower than this: where all are, the one that has least to lose goes first.
const maxBehindMs = 60_000
// A look that comes later was held up by ourselves.
const maxLookMs = 500

/**
 * How much longer a client may move nothing before it is slow, counted twice: over a long time, and over a short one for clients
 * with more than their share. Every byte gives time at {@link leastBytesPerSecond}, up to the whole of it. Only the
 * client's own time is counted; see {@link advance}.
 */
export class ClientPace {
  #longLeftMs = longMs
  #shortLeftMs = shortMs
  #atMs: number
  #bytes: number

  constructor(nowMs: number, bytes: number) {
    this.#atMs = nowMs
    this.#bytes = bytes
  }

  /** Of a client that has just been told to send its content, which it does after one round trip. */
  static ofFirstContent(nowMs: number): ClientPace {
    const pace = new ClientPace(nowMs, 0)
    pace.#longLeftMs = firstContentMs
    pace.#shortLeftMs = firstContentMs
    return pace
  }

  /** `bytes`: all that it has moved so far. `awaited`: it is the client that is waited for, not the endpoint. */
  advance(nowMs: number, bytes: number, awaited: boolean): void {
    const gainedMs = ((bytes - this.#bytes) / leastBytesPerSecond) * 1000
    const changeMs = gainedMs - (awaited ? Math.min(nowMs - this.#atMs, maxLookMs) : 0)
    this.#atMs = nowMs
    this.#bytes = bytes
    this.#longLeftMs = Math.max(-maxBehindMs, Math.min(longMs, this.#longLeftMs + changeMs))
    this.#shortLeftMs = Math.max(-maxBehindMs, Math.min(shortMs, this.#shortLeftMs + changeMs))
  }

  /** By the long count. */
  get isSlow(): boolean {
    return this.#longLeftMs <= 0
  }

  /** Less for the slower: by the short count, which says that it is slow at nothing left. */
  get leftMs(): number {
    return this.#shortLeftMs
  }
}
