import { performance } from 'node:perf_hooks'

/** What is kept of a connection to tell what it has had of this turn of the event loop. */
export interface LoopSharer {
  /** Bytes that were read from it. */
  readonly readBytes: number
  /** Requests that were begun since its share was last looked at, and the bytes that were read then. */
  begunRequests: number
  begunAtBytes: number
  /** The turn in which it was last looked at. */
  loopTurn: number
}

/** A connection that begins fewer requests in a row, in fewer bytes, is not even looked at. */
const shareRequests = 5
const shareBytes = 64 * 1024

/**
 * So many streams of HTTP/2, of all connections together, and at most twice as many, are begun in one turn without a look at the shares:
 * what a page asks for over one connection comes in one read, and what is begun later is sent later, in a write of its own
 * (`bench --scenario h2-preflight`). Some two milliseconds of work. None while anything waits, or connections come in.
 */
const freeStreams = 64

/** What requests beyond the shares may take of one turn. libuv accepts one connection in a turn: turns are short while some come. */
const mostMs = 2
const mostBesideNewcomersMs = 0.5

/**
 * Shares the turns of the event loop among connections. A read of 64 KiB holds two thousand pipelined requests that are answered
 * at once, and all connections are read in one turn: without shares, some hundred clients make one turn last for seconds, and
 * a new connection is not even accepted. What a connection sends beyond its share of a turn is begun when the others had theirs.
 */
export class LoopShares {
  readonly #turn: () => number
  readonly #nowMs: () => number
  #waiting: { readonly sharer: LoopSharer; readonly begin: () => void }[] = []
  #next = 0
  #isDue = false
  #hasNewcomer = false
  /** Of the turn in which it was last looked at. */
  #freeLeft = 0
  #freeTurn = -1

  /** `turn`: the number of this turn of the event loop. */
  constructor(
    turn = () => performance.nodeTiming.uvMetricsInfo.loopCount,
    nowMs: () => number = () => performance.now(),
  ) {
    this.#turn = turn
    this.#nowMs = nowMs
  }

  /** A connection was accepted: more of them may wait for that. */
  onConnection(): void {
    this.#hasNewcomer = true
  }

  /** Whether the connection has its share left; if not, its next request is for {@link add}. Counts one request. */
  take(sharer: LoopSharer): boolean {
    if (++sharer.begunRequests < shareRequests && sharer.readBytes - sharer.begunAtBytes < shareBytes) return true
    const turn = this.#turn()
    if (turn === sharer.loopTurn) return false
    look(sharer, turn, 0)
    return true
  }

  /** The same of a stream: it needs nothing of the connection's share while there is enough for all. */
  takeStream(sharer: LoopSharer): boolean {
    if (this.#isDue || this.#hasNewcomer) return this.take(sharer)
    if (this.#freeLeft-- > 0) return true
    this.#freeLeft = 0
    const turn = this.#turn()
    if (turn === this.#freeTurn) return this.take(sharer)
    this.#freeTurn = turn
    this.#freeLeft = freeStreams - 1
    return true
  }

  /** Calls `begin` in this turn or a later one, when those that came before had their turn. */
  add(sharer: LoopSharer, begin: () => void): void {
    this.#waiting.push({ sharer, begin })
    if (this.#isDue) return
    this.#isDue = true
    setImmediate(() => this.#run())
  }

  #run(): void {
    const turn = this.#turn()
    const untilMs = this.#nowMs() + (this.#hasNewcomer ? mostBesideNewcomersMs : mostMs)
    this.#hasNewcomer = false
    const { length } = this.#waiting
    do {
      const next = this.#waiting[this.#next++]
      if (next === undefined) break
      // Its share is used up: another request in the same turn waits again.
      look(next.sharer, turn, shareRequests)
      next.begin()
    } while (this.#next < length && this.#nowMs() < untilMs)
    if (this.#next > this.#waiting.length / 2) {
      this.#waiting = this.#waiting.slice(this.#next)
      this.#next = 0
    }
    this.#isDue = this.#waiting.length > 0
    if (this.#isDue) setImmediate(() => this.#run())
  }
}

function look(sharer: LoopSharer, turn: number, begunRequests: number): void {
  sharer.loopTurn = turn
  sharer.begunRequests = begunRequests
  sharer.begunAtBytes = sharer.readBytes
}
