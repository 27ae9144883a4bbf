import { elementEnd } from '../../http/list-element.ts'
import { isToken } from '../../http/token.ts'
import { skipWhitespace, trimWhitespace } from '../../http/whitespace.ts'
import { isCorsMethod } from '../rules/rule.ts'

/** What rules are asked about, of a preflight and of an actual request alike. */
export interface CorsRequest {
  /** The field value as it came, one character per byte. */
  readonly origin: string
  /** Access-Control-Request-Method if present, else the request's own method (`OPTIONS` for a preflight without it). */
  readonly method: string
  /** The requested names in lower case and request order, duplicates kept, empty list elements dropped. */
  readonly headerNames: readonly string[]
}

/** Why a request cannot be asked about; a preflight gets S3's 400. */
export type CorsRequestIssue =
  | { readonly kind: 'no_origin' }
  | { readonly kind: 'invalid_method'; readonly value: string }
  | { readonly kind: 'invalid_header' /** Untrimmed, as S3 names it. */; readonly element: string }
  | { readonly kind: 'too_many_headers' }

/** Header fields of browsers' preflights stay far below: the AWS SDK's longest lists have some 20 names, 500 bytes. */
export const requestHeaderLimits = Object.freeze({ bytes: 4096, names: 100, emptyElements: 16 })

const noNames: readonly string[] = Object.freeze([])
const noOrigin: CorsRequestIssue = Object.freeze({ kind: 'no_origin' })
const tooManyHeaders: CorsRequestIssue = Object.freeze({ kind: 'too_many_headers' })

/**
 * Makes the question for the rules out of raw field values, or says why there is none. Several lines of
 * Access-Control-Request-Headers count as one list, https://www.rfc-editor.org/rfc/rfc9110#section-5.3.
 * An empty Origin counts as none; an empty Access-Control-Request-Method is a method that no rule knows.
 */
export function parseCorsRequest(
  method: string,
  origin: string | undefined,
  requestMethod: string | undefined,
  requestHeaders: readonly string[] | undefined,
): CorsRequest | CorsRequestIssue {
  if (origin === undefined || origin === '') return noOrigin
  if (requestMethod !== undefined && !isCorsMethod(requestMethod))
    return { kind: 'invalid_method', value: requestMethod }
  const headerNames = requestHeaders === undefined ? noNames : parseHeaderNames(requestHeaders)
  if ('kind' in headerNames) return headerNames
  return { origin, method: requestMethod ?? method, headerNames }
}

/**
 * The names of lists that came before: a client asks for the same ones again and again. Bounded, in the number of lists and in
 * their length, and emptied when it is full: a client that sends ever new ones costs the others the time of reading theirs anew.
 */
const knownLists = new Map<string, readonly string[]>()
const knownListLimits = Object.freeze({ lists: 64, bytes: 256 })

/** The names in lines of Access-Control-Request-Headers: in lower case, as in {@link CorsRequest}, or why there are none. */
export function parseHeaderNames(lines: readonly string[]): readonly string[] | CorsRequestIssue {
  const [line = ''] = lines
  const isKept = lines.length === 1 && line.length <= knownListLimits.bytes
  const known = isKept ? knownLists.get(line) : undefined
  if (known !== undefined) return known
  const issue = checkHeaderNames(lines)
  if (issue !== undefined) return issue
  const names = readHeaderNames(lines)
  if (isKept) {
    if (knownLists.size === knownListLimits.lists) knownLists.clear()
    knownLists.set(line, names)
  }
  return names
}

/** Looks at every byte once and makes nothing, so that a hostile list costs no memory. */
function checkHeaderNames(lines: readonly string[]): CorsRequestIssue | undefined {
  let bytes = 0
  for (const line of lines) bytes += line.length
  if (bytes > requestHeaderLimits.bytes) return tooManyHeaders
  let names = 0
  let emptyElements = 0
  for (const line of lines) {
    for (let start = 0; start <= line.length; ) {
      const end = elementEnd(line, start)
      const first = skipWhitespace(line, start, end)
      if (first === end) {
        if (++emptyElements > requestHeaderLimits.emptyElements) return tooManyHeaders
      } else {
        if (++names > requestHeaderLimits.names) return tooManyHeaders
        if (!isToken(line, first, trimWhitespace(line, first, end))) {
          return { kind: 'invalid_header', element: line.slice(start, end) }
        }
      }
      start = end + 1
    }
  }
  return undefined
}

function readHeaderNames(lines: readonly string[]): readonly string[] {
  const names: string[] = []
  for (const line of lines) {
    for (let start = 0; start <= line.length; ) {
      const end = elementEnd(line, start)
      const first = skipWhitespace(line, start, end)
      if (first < end) names.push(line.slice(first, trimWhitespace(line, first, end)).toLowerCase())
      start = end + 1
    }
  }
  return names.length === 0 ? noNames : Object.freeze(names)
}
