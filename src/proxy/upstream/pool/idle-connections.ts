import { IdleLimit } from '../idle-limit.ts'
import type { PoolConnection } from './pool-client.ts'

/**
 * The connections of a pool that carry nothing, the longest idle first. Taken is the one that was idle for the shortest time, so
 * that the others can run out.
 *
 * A request that can be sent again may have any of them: if the endpoint ends it at that moment, the request goes on a fresh one.
 * Any other request may have one only while the endpoint certainly keeps it.
 */
export class IdleConnections {
  readonly #keepAliveMs: number
  readonly #list: PoolConnection[] = []
  readonly #limit = new IdleLimit()

  /** `keepAliveMs`: the most that one is kept. */
  constructor(keepAliveMs: number) {
    this.#keepAliveMs = keepAliveMs
  }

  get size(): number {
    return this.#list.length
  }

  add(connection: PoolConnection, nowMs: number): void {
    connection.sinceMs = nowMs
    // It may have been opened for a request that has left: the endpoint's limit counts for it, too.
    connection.reused = true
    this.#list.push(connection)
  }

  /** Takes one out; those that cannot be used any more are destroyed on the way. */
  take(servername: string, repeatable: boolean, nowMs: number): PoolConnection | undefined {
    for (let i = this.#list.length - 1; i >= 0; i--) {
      const connection = this.#list[i]
      if (connection === undefined || connection.servername !== servername) continue
      const expired = this.#isExpired(connection, nowMs)
      // Those before it were idle for longer.
      if (!expired && !repeatable && !this.isCertain(connection, nowMs)) return undefined
      // The last one is it but where names differ.
      if (i === this.#list.length - 1) this.#list.pop()
      else this.#list.splice(i, 1)
      connection.idleMs = nowMs - connection.sinceMs
      this.#limit.seen(connection.idleMs)
      if (connection.reusable && !expired) {
        return connection
      }
      connection.destroy()
    }
    return undefined
  }

  /** Takes the one out that was idle for the longest time, of those to one server name where one is given. */
  takeOldest(nowMs: number, servername?: string): PoolConnection | undefined {
    const at = servername === undefined ? 0 : this.#list.findIndex(connection => connection.servername === servername)
    const connection = this.#list[at]
    if (connection === undefined) return undefined
    this.#list.splice(at, 1)
    this.#limit.seen(nowMs - connection.sinceMs)
    return connection
  }

  /** Whether a request that must not be sent twice may have it: the endpoint cannot be about to end it. */
  isCertain(connection: PoolConnection, nowMs: number): boolean {
    return nowMs - connection.activeMs < this.#limit.certainMs(nowMs, connection.keepAliveMs)
  }

  /** A connection has carried a request after it was idle. */
  onSurvived(connection: PoolConnection): void {
    this.#limit.survived(connection.idleMs)
  }

  /** A connection that was taken from here has ended before any byte of a response, or brings none. */
  onLost(connection: PoolConnection, nowMs: number): void {
    this.#limit.ended(connection.idleMs, nowMs)
  }

  /** The connection has closed. */
  onClosed(connection: PoolConnection, nowMs: number): void {
    const at = this.#list.indexOf(connection)
    if (at < 0) return
    this.#list.splice(at, 1)
    if (connection.endedByPeer) this.#limit.ended(nowMs - connection.sinceMs, nowMs)
    else this.#limit.seen(nowMs - connection.sinceMs)
  }

  /** Ends those that have outlived their time; one leaves the list when its socket has closed. */
  sweep(nowMs: number): void {
    for (const connection of [...this.#list]) if (this.#isExpired(connection, nowMs)) connection.destroy()
  }

  /** Ends all of them. */
  close(): void {
    for (const connection of [...this.#list]) connection.destroy()
  }

  #isExpired(connection: PoolConnection, nowMs: number): boolean {
    return nowMs - connection.sinceMs >= Math.min(this.#keepAliveMs, connection.keepAliveMs)
  }
}
