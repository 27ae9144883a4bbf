// Names that clients ask for and the configuration does not have, in bounded memory.

import type { RequestRecord } from '../../proxy/request/request-record.ts'
import { ownCopy } from '../../text/own-copy.ts'

/** One name. Times are milliseconds since the epoch. */
export interface UnknownName {
  readonly name: string
  readonly count: number
  readonly firstSeenMs: number
  readonly lastSeenMs: number
}

/** What is known of the names of one kind. */
export interface UnknownNamesReport {
  readonly names: readonly UnknownName[]
  /** Requests whose name has no entry: there is no room for all, or it is too long. */
  readonly others: number
}

/** Entries: a person who mends a configuration reads no more. */
const defaultLimit = 64
/** No host name is longer (RFC 1035 §2.3.4), and no bucket name. */
const maxLength = 255

interface Entry {
  count: number
  firstSeenMs: number
  lastSeenMs: number
}

/**
 * The names that come most, counted. An unknown one takes the place of the one that came least, of n times, with a probability of
 * 1/(n+1): names that a client invents, each once, do not drive out those that a page asks for again and again.
 */
export class UnknownNames {
  readonly #entries = new Map<string, Entry>()
  readonly #random: () => number
  readonly #limit: number
  #others = 0

  constructor(random: () => number, limit = defaultLimit) {
    this.#random = random
    this.#limit = limit
  }

  /** Counts one request. */
  count(name: string, nowMs: number): void {
    const known = this.#entries.get(name)
    if (known !== undefined) {
      known.count++
      known.lastSeenMs = nowMs
    } else this.#take(name, { count: 1, firstSeenMs: nowMs, lastSeenMs: nowMs })
  }

  /** Adds what another process has counted. */
  absorb({ names, others }: UnknownNamesReport): void {
    this.#others += others
    for (const { name, ...entry } of names) {
      const known = this.#entries.get(name)
      if (known === undefined) this.#take(name, entry)
      else {
        known.count += entry.count
        known.firstSeenMs = Math.min(known.firstSeenMs, entry.firstSeenMs)
        known.lastSeenMs = Math.max(known.lastSeenMs, entry.lastSeenMs)
      }
    }
  }

  /** Plain data. */
  report(): UnknownNamesReport {
    return { names: [...this.#entries].map(([name, entry]) => ({ name, ...entry })), others: this.#others }
  }

  #take(name: string, entry: Entry): void {
    if (name.length > maxLength || !this.#makeRoom(entry.count)) {
      this.#others += entry.count
      return
    }
    this.#entries.set(ownCopy(name), entry)
  }

  #makeRoom(newcomer: number): boolean {
    if (this.#entries.size < this.#limit) return true
    let least = Number.POSITIVE_INFINITY
    let lightest = ''
    for (const [name, { count }] of this.#entries) {
      if (count < least) {
        least = count
        lightest = name
      }
    }
    if (this.#random() * (least + newcomer) >= newcomer) return false
    this.#entries.delete(lightest)
    this.#others += least
    return true
  }
}

/** Buckets and Hosts that CORS requests ask for and the configuration does not name. */
export interface UnknownAddressReport {
  readonly buckets: UnknownNamesReport
  readonly hosts: UnknownNamesReport
}

/** Counts them. */
export class UnknownAddresses {
  readonly #buckets: UnknownNames
  readonly #hosts: UnknownNames

  constructor(random: () => number) {
    this.#buckets = new UnknownNames(random)
    this.#hosts = new UnknownNames(random)
  }

  /** Counts a preflight or an actual request, if it asks for one. */
  count({ bucket, bucketNamed, unknownHost }: RequestRecord, nowMs: number): void {
    if (unknownHost !== undefined) this.#hosts.count(unknownHost, nowMs)
    else if (bucket !== undefined && !bucketNamed) this.#buckets.count(bucket, nowMs)
  }

  /** Adds what another process has counted. */
  absorb({ buckets, hosts }: UnknownAddressReport): void {
    this.#buckets.absorb(buckets)
    this.#hosts.absorb(hosts)
  }

  /** Plain data. */
  report(): UnknownAddressReport {
    return { buckets: this.#buckets.report(), hosts: this.#hosts.report() }
  }
}
