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

/** Rows of each table of the page. */
export const rowsPerTable = 25

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

const viewParameters = ['search', 'reason', 'order'] as const

/** What `limit`, `offset` and `bucket` of a query string ask for, or what is wrong with it. */
export type ListQuery = (Paging & { readonly bucket: string | undefined }) | { readonly fault: string }

/** Reads the query string of a list. `bucket` is one name, all of it. */
export function parseListQuery(query: URLSearchParams): ListQuery {
  for (const name of query.keys()) {
    if (!['limit', 'offset', 'bucket'].includes(name))
      return { fault: 'allowed parameters are limit, offset and bucket' }
    if (query.getAll(name).length > 1) return { fault: `${name} may be given once` }
  }
  const limit = wholeNumber(query.get('limit') ?? `${linesPerAnswer}`)
  if (limit === undefined || limit < 1 || limit > mostLinesPerAnswer) {
    return { fault: `limit is a number from 1 to ${mostLinesPerAnswer}` }
  }
  const offset = wholeNumber(query.get('offset') ?? '0')
  if (offset === undefined) return { fault: 'offset is a number of lines, from 0' }
  return { limit, offset, bucket: query.get('bucket') ?? undefined }
}

/** Where the lines behind these are: a query string, or undefined when there are none. */
export function nextQuery(
  { offset, limit, bucket }: Exclude<ListQuery, { fault: string }>,
  total: number,
): string | undefined {
  if (offset + limit >= total) return undefined
  const query = new URLSearchParams({ limit: `${limit}`, offset: `${offset + limit}` })
  if (bucket !== undefined) query.set('bucket', bucket)
  return `?${query}`
}

const pageTables = ['denied', 'report', 'allowed', 'rest', 'buckets'] as const

/** A table of the page: the parameter of this name is its first row. */
export type PageTable = (typeof pageTables)[number]

/** What of the page's query string is about its tables; the rest is the question of its form. */
export class PageView {
  /** Rows of these buckets and origins alone: those whose name has this in it. */
  readonly search: string
  /** Refusals for this reason alone. Empty: for any. */
  readonly reason: string
  /** One of {@link orders}. */
  readonly order: string
  /** The question of the form. */
  readonly asked: URLSearchParams
  readonly #query: URLSearchParams

  constructor(query: URLSearchParams = new URLSearchParams()) {
    this.#query = query
    this.search = (query.get('search') ?? '').slice(0, 255)
    this.reason = query.get('reason') ?? ''
    this.order = query.get('order') ?? ''
    this.asked = new URLSearchParams(query)
    for (const name of [...viewParameters, ...pageTables]) this.asked.delete(name)
  }

  /** Whether a bucket of this name was searched for. */
  has(bucket: string | undefined): boolean {
    return this.search === '' || bucket?.includes(this.search) === true
  }

  /** Whether refusals for this reason, or what was allowed, were asked for. */
  isOfReason(reason: string): boolean {
    return this.reason === '' || reason === 'matched' || this.reason === reason
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
    return { offset: wholeNumber(this.#query.get(table) ?? '') ?? 0, limit: rowsPerTable }
  }

  /** Links to the rows before and after those that are shown; undefined when all are. */
  renderLinks(table: PageTable, total: number): Html | undefined {
    const { offset, limit } = this.paging(table)
    if (offset === 0 && total <= limit) return undefined
    const link = (to: number, words: string) => {
      const query = new URLSearchParams(this.#query)
      query.set(table, `${to}`)
      return html` <a href="/?${query.toString()}#${table}">${words}</a>`
    }
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
