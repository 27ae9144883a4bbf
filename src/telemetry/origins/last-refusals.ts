// The refusals that came last, also of origins that have no place in the table.

import type { Reason } from '../../cors/decision/decide.ts'
import { corsMethods } from '../../cors/rules/rule.ts'
import type { RequestRecord } from '../../proxy/request/request-record.ts'
import { isSameList, keepText } from './kept-text.ts'

/** One refusal, or several of the same one after another. Times are milliseconds since the epoch. */
export interface LastRefusal {
  /** `invalid` where the request had no serialised origin. */
  readonly origin: string
  /** Undefined where the request named none, or one that is too long to keep. */
  readonly bucket: string | undefined
  /** Of the reason `unknown_host`: that Host. */
  readonly unknownHost: string | undefined
  readonly reason: Reason
  /** Access-Control-Request-Method, else the request's own method; undefined where it is too long to keep. */
  readonly method: string | undefined
  /** The lines of Access-Control-Request-Headers; none where they are too long to keep. */
  readonly headers: readonly string[]
  readonly preflight: boolean
  readonly count: number
  readonly firstSeenMs: number
  readonly lastSeenMs: number
}

/** Rows that are kept: what a person reads of what happened just now. */
export const mostRefusals = 32
const maxHeaderCharacters = 1024
const noHeaders: readonly string[] = []
const knownMethods: ReadonlyMap<string, string> = new Map([...corsMethods, 'OPTIONS'].map(method => [method, method]))

type Row = { -readonly [Key in keyof LastRefusal]: LastRefusal[Key] }

/** Names that are kept already, which need no copy. */
interface KeptNames {
  readonly lastBucket: string | undefined
  readonly unknownHost: string | undefined
}

/**
 * Keeps the last {@link mostRefusals} rows, the latest at the end. The same refusal again is no row of its own, so that one page that
 * tries and tries does not drive out the others. What is kept holds nothing of a request but short strings.
 */
export class LastRefusals {
  #rows: Row[] = []

  /** `origin` has at most 255 characters. `kept`: what the table keeps of the same request. */
  add(origin: string, record: RequestRecord, kept: KeptNames | undefined, nowMs: number): void {
    const { bucket, decision, requestHeaders, unknownHost } = record
    const method = record.requestMethod ?? record.method
    const reason = decision?.reason ?? 'no_rules'
    const preflight = record.kind === 'preflight'
    const last = this.#rows.at(-1)
    const headers = requestHeaders === undefined ? noHeaders : boundedHeaders(requestHeaders)
    if (
      last !== undefined &&
      last.origin === origin &&
      last.reason === reason &&
      last.preflight === preflight &&
      last.method === method &&
      last.bucket === bucket &&
      last.unknownHost === unknownHost &&
      isSameList(last.headers, headers)
    ) {
      last.count++
      last.lastSeenMs = nowMs
      return
    }
    this.#push({
      origin,
      bucket: kept?.lastBucket ?? (last?.bucket === bucket ? last?.bucket : keepText(bucket)),
      unknownHost: kept?.unknownHost ?? keepText(unknownHost),
      reason,
      method: knownMethods.get(method) ?? keepText(method),
      headers,
      preflight,
      count: 1,
      firstSeenMs: nowMs,
      lastSeenMs: nowMs,
    })
  }

  /** Puts the rows of another process among these, by the time of their last request. */
  absorb(refusals: readonly LastRefusal[]): void {
    if (refusals.length === 0) return
    const rows = [...this.#rows, ...refusals].sort((one, other) => one.lastSeenMs - other.lastSeenMs)
    this.#rows = []
    for (const row of rows) {
      const last = this.#rows.at(-1)
      if (last !== undefined && isSame(last, row)) {
        last.count += row.count
        last.firstSeenMs = Math.min(last.firstSeenMs, row.firstSeenMs)
        last.lastSeenMs = row.lastSeenMs
      } else this.#push({ ...row })
    }
  }

  /** Plain data, the earliest first. */
  report(): readonly LastRefusal[] {
    return this.#rows.map(row => ({ ...row }))
  }

  #push(row: Row): void {
    if (this.#rows.length >= mostRefusals) this.#rows.shift()
    this.#rows.push(row)
  }
}

/** The values of fields are strings of their own, so that keeping a short one keeps nothing else. */
function boundedHeaders(lines: readonly string[]): readonly string[] {
  let characters = 0
  for (const line of lines) characters += line.length
  return characters > maxHeaderCharacters ? noHeaders : lines
}

function isSame(one: LastRefusal, other: LastRefusal): boolean {
  return (
    one.origin === other.origin &&
    one.reason === other.reason &&
    one.preflight === other.preflight &&
    one.method === other.method &&
    one.bucket === other.bucket &&
    one.unknownHost === other.unknownHost &&
    isSameList(one.headers, other.headers)
  )
}
