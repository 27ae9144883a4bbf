import type { Reason } from '../../cors/decision/decide.ts'
import type { OriginLine } from '../admin-sources.ts'
import type { Html } from './html.ts'
import { html } from './html.ts'

/** Which of many lines are shown. */
export interface Paging {
  readonly offset: number
  readonly limit: number
}

/** Lines of `/origins` and `/buckets` in one answer, unless it is asked for fewer or more. */
export const linesPerAnswer = 1000
const mostLinesPerAnswer = 10_000

/** Rows of each table of the page, and of those that stand in folded parts or beside others. */
export const rowsPerTable = 25
const rowsPerSmallTable = 10

/** The orders of origins: the first is that of refusals, the second that of allowed origins, unless another is asked for. */
export const orders = [
  ['', 'as they come'],
  ['latest', 'the latest first'],
  ['count', 'the most frequent first'],
  ['origin', 'by origin'],
  ['bucket', 'by bucket'],
] as const

/** Every reason of a refusal, for the filter. */
export const deniedReasons = [
  ...['no_rules', 'origin', 'method', 'header', 'bad_request', 'rules_unavailable', 'unknown_host'],
] as const satisfies readonly string[]

/** Both answers of the rules, for the filter. */
export const decisions = ['denied', 'allowed'] as const

const viewParameters = ['search', 'of-bucket', 'decision', 'reason', 'order', 'suggest'] as const

/** What the query string of a list asks for, or what is wrong with it. */
export type ListQuery = AskedList | { readonly fault: string }

/** Some lines of a list. */
export interface AskedList extends Paging {
  readonly bucket: string | undefined
  /** Of `/origins`. */
  readonly decision: string | undefined
}

const bucketParameters = ['limit', 'offset', 'bucket'] as const
const originParameters = [...bucketParameters, 'decision'] as const

/** Reads the query string of `/buckets` or `/origins`. `bucket` is one name, all of it. */
export function parseListQuery(query: URLSearchParams, list: 'buckets' | 'origins'): ListQuery {
  const allowed: readonly string[] = list === 'buckets' ? bucketParameters : originParameters
  for (const name of query.keys()) {
    if (!allowed.includes(name))
      return { fault: `allowed parameters are ${allowed.slice(0, -1).join(', ')} and ${allowed.at(-1)}` }
    if (query.getAll(name).length > 1) return { fault: `${name} may be given once` }
  }
  const limit = wholeNumber(query.get('limit') ?? `${linesPerAnswer}`)
  if (limit === undefined || limit < 1 || limit > mostLinesPerAnswer) {
    return { fault: `limit is a number from 1 to ${mostLinesPerAnswer}` }
  }
  const offset = wholeNumber(query.get('offset') ?? '0')
  if (offset === undefined) return { fault: 'offset is a number of lines, from 0' }
  const decision = query.get('decision') ?? undefined
  if (decision !== undefined && !decisions.some(known => known === decision))
    return { fault: `decision is ${decisions.join(' or ')}` }
  return { limit, offset, bucket: query.get('bucket') ?? undefined, decision }
}

/** Where the lines behind these are: a query string, or undefined when there are none. */
export function nextQuery({ offset, limit, bucket, decision }: AskedList, total: number): string | undefined {
  if (offset + limit >= total) return undefined
  const query = new URLSearchParams({ limit: `${limit}`, offset: `${offset + limit}` })
  if (bucket !== undefined) query.set('bucket', bucket)
  if (decision !== undefined) query.set('decision', decision)
  return `?${query}`
}

const largeTables = ['denied', 'allowed', 'rest', 'buckets'] as const
const smallTables = [
  ...['report-refused', 'report-allowed', 'report-same'],
  ...['refusals', 'names', 'unused', 'suggestions'],
] as const satisfies readonly string[]
const pageTables = [...largeTables, ...smallTables] as const

/** A table of the page: the parameter of this name is its first row. */
export type PageTable = (typeof pageTables)[number]

/** What of the page's query string is about its tables; the rest is the question of its form. */
export class PageView {
  /** Rows of these buckets and origins alone: those whose name has this in it. */
  readonly search: string
  /** Rows of the bucket of this name alone. Empty: of any. */
  readonly bucket: string
  /** What the rules denied or allowed alone. Empty: both. */
  readonly decision: string
  /** Refusals for this reason alone. Empty: for any. */
  readonly reason: string
  /** One of {@link orders}. */
  readonly order: string
  /** The bucket that rules are suggested for. Empty: none. */
  readonly suggest: string
  /** The question of the form. */
  readonly asked: URLSearchParams
  readonly #query: URLSearchParams

  constructor(query: URLSearchParams = new URLSearchParams()) {
    this.#query = query
    this.search = (query.get('search') ?? '').slice(0, 255)
    this.bucket = (query.get('of-bucket') ?? '').slice(0, 255)
    this.decision = query.get('decision') ?? ''
    this.reason = query.get('reason') ?? ''
    this.order = query.get('order') ?? ''
    this.suggest = (query.get('suggest') ?? '').slice(0, 255)
    this.asked = new URLSearchParams(query)
    for (const name of [...viewParameters, ...pageTables]) this.asked.delete(name)
  }

  /** Whether not every row is asked for. */
  get isNarrowed(): boolean {
    return this.search !== '' || this.bucket !== '' || this.decision !== '' || this.reason !== ''
  }

  /** Whether a bucket of this name is asked for, by its name or by a part of it. */
  hasBucket(bucket: string | undefined): boolean {
    return this.#isOfBucket(bucket) && (this.search === '' || bucket?.includes(this.search) === true)
  }

  /** Whether what an origin was told on a bucket is asked for. `bucket`: undefined where the request named none. */
  has(origin: string, bucket: string | undefined, reason: Reason): boolean {
    const decision = reason === 'matched' ? 'allowed' : 'denied'
    return (
      this.#isOfBucket(bucket) &&
      (this.decision === '' || this.decision === decision) &&
      (this.reason === '' || decision === 'allowed' || this.reason === reason) &&
      (this.search === '' || bucket?.includes(this.search) === true || origin.includes(this.search))
    )
  }

  #isOfBucket(bucket: string | undefined): boolean {
    return this.bucket === '' || this.bucket === bucket
  }

  /** The lines in the order that was asked for, else in that of the table. */
  sorted(lines: readonly OriginLine[], ownOrder: 'latest' | 'count'): readonly OriginLine[] {
    const order = this.order === '' ? ownOrder : this.order
    const bucketOf = ({ lastBucket, bucket }: OriginLine) => lastBucket ?? bucket
    return lines.toSorted((a, b) => {
      if (order === 'count') return b.count - a.count
      if (order === 'origin') return a.origin < b.origin ? -1 : 1
      if (order === 'bucket') return bucketOf(a) < bucketOf(b) ? -1 : 1
      return b.lastSeenMs - a.lastSeenMs
    })
  }

  /** Which rows of the table are shown. What is no number is the first. */
  paging(table: PageTable): Paging {
    const limit = smallTables.some(small => small === table) ? rowsPerSmallTable : rowsPerTable
    return { offset: wholeNumber(this.#query.get(table) ?? '') ?? 0, limit }
  }

  /** Whether other rows of the table than the first ones are asked for. */
  isTurned(table: PageTable): boolean {
    return this.#query.has(table)
  }

  /** The page as it is asked for, with another value of one parameter. */
  linkWith(name: string, value: string): string {
    const query = new URLSearchParams(this.#query)
    query.set(name, value)
    return `/?${query.toString()}`
  }

  /** Links to the rows before and after those that are shown; undefined when all are. */
  renderLinks(table: PageTable, total: number): Html | undefined {
    const { offset, limit } = this.paging(table)
    if (offset === 0 && total <= limit) return undefined
    const link = (to: number, words: string) =>
      html` <a href="${this.linkWith(table, `${to}`)}#${table}-caption">${words}</a>`
    return html`<p class="quiet">Rows ${Math.min(offset + 1, total)} to ${Math.min(offset + limit, total)} of ${total}.${
      offset > 0 && link(Math.max(0, offset - limit), 'Before')
    }${offset + limit < total && link(offset + limit, 'After')}</p>`
  }
}

function wholeNumber(text: string): number | undefined {
  if (text.length === 0 || text.length > 9) return undefined
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 0x30 || code > 0x39) return undefined
  }
  return Number(text)
}
