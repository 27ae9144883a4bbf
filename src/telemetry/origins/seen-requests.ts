// What one origin has asked for, in bounded memory: the rules that it needs can be learnt from it.

import { parseHeaderNames } from '../../cors/decision/cors-request.ts'
import { ownCopy } from '../../text/own-copy.ts'
import { isSameList } from './kept-text.ts'

/** Requests of one origin that the rules cannot tell apart. Times are milliseconds since the epoch. */
export interface SeenRequest {
  /** Undefined where the request named none. */
  readonly bucket: string | undefined
  /** What the rules were asked about: Access-Control-Request-Method, else the request's own method. */
  readonly method: string
  /** The requested header names: in lower case, sorted, each once. Undefined where the fields are no list of names. */
  readonly headers: readonly string[] | undefined
  readonly preflights: number
  readonly actual: number
  /** In `report`: how often the endpoint's answer allowed the origin, and how often it did not. */
  readonly endpointAllowed: number
  readonly endpointRefused: number
  readonly firstSeenMs: number
  readonly lastSeenMs: number
}

/** One request, as it is counted. */
export interface CountedRequest {
  readonly bucket: string | undefined
  readonly method: string
  readonly requestHeaders: readonly string[] | undefined
  readonly isPreflight: boolean
  /** In `report`; undefined elsewhere. */
  readonly endpointAllows: boolean | undefined
}

/** How much is kept. */
export interface SeenBounds {
  readonly requests: number
  /** Of strings, all together. */
  readonly characters: number
}

interface Kept {
  bucket: string | undefined
  method: string
  /** As they came last. */
  lines: readonly string[] | undefined
  headers: readonly string[] | undefined
  preflights: number
  actual: number
  endpointAllowed: number
  endpointRefused: number
  firstSeenMs: number
  lastSeenMs: number
  characters: number
}

/**
 * The bounds of each origin on each bucket in a table of `origins`: what a page asks of a bucket is some five to ten requests. All
 * together some 16,384 requests, and 8 for each at the least.
 */
export function seenBounds(origins: number): SeenBounds {
  const requests = Math.max(8, Math.min(32, Math.floor(16_384 / origins)))
  return { requests, characters: 128 * requests }
}

/**
 * The requests that came most, counted. Of what has no room only the number is kept: a request that is unknown takes the place of the
 * one that came least, of n times, with a probability of 1/(n+1). So names that a client invents, each once, do not keep out what
 * a page asks for again and again.
 */
export class SeenRequests {
  #kept: Kept[] = []
  #characters = 0
  #last: Kept | undefined
  /** Requests without an entry. */
  other = 0

  /** What was asked for last, of what has an entry; `lines` as they came. */
  get last(): { readonly method: string; readonly lines: readonly string[] | undefined } | undefined {
    return this.#last
  }

  /** Counts one request. */
  count(request: CountedRequest, nowMs: number, bounds: SeenBounds, random: () => number): void {
    const kept =
      this.#find(request.bucket, request.method, request.requestHeaders) ?? this.#take(request, nowMs, bounds, random)
    if (kept === undefined) {
      this.other++
      return
    }
    if (request.isPreflight) kept.preflights++
    else kept.actual++
    if (request.endpointAllows === true) kept.endpointAllowed++
    else if (request.endpointAllows === false) kept.endpointRefused++
    kept.lastSeenMs = nowMs
    this.#last = kept
  }

  /** Adds what another process has counted. The first `skipped` of the requests were counted elsewhere. */
  absorb(
    requests: readonly SeenRequest[],
    other: number,
    skipped: number,
    bounds: SeenBounds,
    random: () => number,
  ): void {
    let left = skipped
    const fromOther = Math.min(left, other)
    this.other += other - fromOther
    left -= fromOther
    for (const seen of requests) {
      const actual = Math.max(0, seen.actual - left)
      left -= seen.actual - actual
      const preflights = Math.max(0, seen.preflights - left)
      left -= seen.preflights - preflights
      if (actual + preflights === 0) continue
      const { bucket, method, headers } = seen
      const lines = headers?.length === 0 ? undefined : headers
      const request = { bucket, method, requestHeaders: lines, isPreflight: false, endpointAllows: undefined }
      const kept = this.#find(bucket, method, lines) ?? this.#take(request, seen.firstSeenMs, bounds, random)
      if (kept === undefined) {
        this.other += actual + preflights
        continue
      }
      kept.actual += actual
      kept.preflights += preflights
      kept.endpointAllowed += seen.endpointAllowed
      kept.endpointRefused += seen.endpointRefused
      kept.lastSeenMs = seen.lastSeenMs
      this.#last = kept
    }
  }

  /** Plain data. */
  report(): readonly SeenRequest[] {
    return this.#kept.map(({ lines: _, characters: __, ...seen }) => ({ ...seen }))
  }

  #find(bucket: string | undefined, method: string, lines: readonly string[] | undefined): Kept | undefined {
    for (const kept of this.#kept) {
      if (kept.method === method && kept.bucket === bucket && isSameList(kept.lines, lines)) return kept
    }
    return undefined
  }

  /** Finds it under another spelling of the same names, or makes an entry. */
  #take(request: CountedRequest, nowMs: number, bounds: SeenBounds, random: () => number): Kept | undefined {
    const { bucket, method, requestHeaders } = request
    let characters = method.length + (bucket?.length ?? 0)
    for (const line of requestHeaders ?? []) characters += 2 * line.length
    if (characters > bounds.characters) return undefined
    const names = parseHeaderNames(requestHeaders ?? [])
    const headers = 'kind' in names ? undefined : [...new Set(names)].sort().map(ownCopy)
    const lines = requestHeaders?.map(ownCopy)
    const same =
      headers &&
      this.#kept.find(kept => kept.method === method && kept.bucket === bucket && isSameList(kept.headers, headers))
    if (same !== undefined) {
      this.#characters += characters - same.characters
      return Object.assign(same, { lines, characters })
    }
    while (this.#kept.length >= bounds.requests || this.#characters + characters > bounds.characters) {
      if (!this.#dropLightest(random)) return undefined
    }
    const kept = {
      bucket: bucket === undefined ? undefined : ownCopy(bucket),
      method: ownCopy(method),
      lines,
      headers,
      preflights: 0,
      actual: 0,
      endpointAllowed: 0,
      endpointRefused: 0,
      firstSeenMs: nowMs,
      lastSeenMs: nowMs,
      characters,
    }
    this.#kept.push(kept)
    this.#characters += characters
    return kept
  }

  /** With the probability that the newcomer has against it. */
  #dropLightest(random: () => number): boolean {
    let lightest: Kept | undefined
    for (const kept of this.#kept) {
      if (lightest === undefined || weightOf(kept) < weightOf(lightest)) lightest = kept
    }
    if (lightest === undefined || random() * (weightOf(lightest) + 1) >= 1) return false
    this.other += weightOf(lightest)
    this.#characters -= lightest.characters
    this.#kept.splice(this.#kept.indexOf(lightest), 1)
    return true
  }
}

function weightOf({ preflights, actual }: Kept): number {
  return preflights + actual
}
