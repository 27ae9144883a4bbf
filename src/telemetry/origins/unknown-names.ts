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
  /** `count`, and what was inherited from the entry that had this place before: it decides which one goes. */
  weight: number
  firstSeenMs: number
  lastSeenMs: number
}

/**
 * The names that come most, counted. An unknown one takes the place and the weight of the lightest one, of weight n, with a probability of
 * 1/(n+1), as in `heavy-hitters`: names that a client invents, each once, do not drive out those that a page asks for again and again.
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
    this.#add(name, 1, nowMs, nowMs)
  }

  /** Adds what another process has counted. */
  absorb({ names, others }: UnknownNamesReport): void {
    this.#others += others
    for (const { name, count, firstSeenMs, lastSeenMs } of names) this.#add(name, count, firstSeenMs, lastSeenMs)
  }

  /** Plain data. */
  report(): UnknownNamesReport {
    return {
      names: [...this.#entries].map(([name, { weight: _, ...entry }]) => ({ name, ...entry })),
      others: this.#others,
    }
  }

  #add(name: string, count: number, firstSeenMs: number, lastSeenMs: number): void {
    const known = this.#entries.get(name)
    if (known !== undefined) {
      known.count += count
      known.weight += count
      known.firstSeenMs = Math.min(known.firstSeenMs, firstSeenMs)
      known.lastSeenMs = Math.max(known.lastSeenMs, lastSeenMs)
      return
    }
    const inherited = name.length > maxLength ? undefined : this.#makeRoom(count)
    if (inherited === undefined) this.#others += count
    else this.#entries.set(ownCopy(name), { count, weight: inherited + count, firstSeenMs, lastSeenMs })
  }

  /** The weight of the entry that has gone, 0 where there was room; undefined where there is none for `newcomer` requests. */
  #makeRoom(newcomer: number): number | undefined {
    if (this.#entries.size < this.#limit) return 0
    let least: Entry | undefined
    let lightest = ''
    for (const [name, entry] of this.#entries) {
      if (least !== undefined && entry.weight >= least.weight) continue
      least = entry
      lightest = name
    }
    if (least === undefined || this.#random() * (least.weight + newcomer) >= newcomer) return undefined
    this.#entries.delete(lightest)
    this.#others += least.count
    return least.weight
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
