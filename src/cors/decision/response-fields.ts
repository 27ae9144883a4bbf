import { flatFields } from '../../http/flat-fields.ts'
import { elementEnd } from '../../http/list-element.ts'
import { withoutWhitespace } from '../../http/whitespace.ts'
import type { CompiledRule } from './compiled-rule.ts'
import type { CorsRequest } from './cors-request.ts'

/** What a decision hangs on, as S3 sends it whenever a rule matched, byte for byte: a GET that says it means a DELETE is decided as one. */
export const corsVary = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'

/**
 * The field lines that S3 adds when `rule` matched, each with its CRLF: in S3's order, on preflights and on actual responses of
 * any status alike, without Vary (which has to be merged with the endpoint's, see {@link mergeVary}). No value holds a control character.
 */
export function corsFieldLines(rule: CompiledRule, request: CorsRequest): string {
  const origin = `Access-Control-Allow-Origin: ${rule.anyOrigin ? '*' : request.origin}\r\n`
  const { headerNames } = request
  if (headerNames.length === 0) return origin + rule.methodsLine + rule.closingLines
  // The requested names, never `*`: so a rule with `*` covers Authorization as well, which the field's `*` would not,
  // https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name.
  return `${origin}${rule.methodsLine}Access-Control-Allow-Headers: ${joined(headerNames)}\r\n${rule.closingLines}`
}

// The last names that were joined: the same list comes with the same requests.
let lastNames: readonly string[] = []
let lastJoined = ''

function joined(names: readonly string[]): string {
  if (names !== lastNames) {
    lastJoined = names.join(', ')
    lastNames = names
  }
  return lastJoined
}

/** The same, as `[name, value, …]` appended to `into`. */
export function appendCorsFields(into: string[], rule: CompiledRule, request: CorsRequest): void {
  into.push(...flatFields(corsFieldLines(rule, request)))
}

/** No endpoint names more. What is beyond is not read, and `*` is what covers it. */
const mostVaryMembers = 64
const mostVaryLength = 4096

/**
 * The one Vary value to send, or undefined for none: the members of the endpoint's Vary lines, in order, without the three
 * that CORS is about, and then those to add. A `*` anywhere covers them all and stays alone,
 * https://www.rfc-editor.org/rfc/rfc9110#field.vary.
 */
export function mergeVary(upstream: readonly string[], adds: 'none' | 'all'): string | undefined {
  let kept = ''
  let left = mostVaryMembers
  for (const line of upstream) {
    for (let start = 0; start <= line.length; ) {
      if (left-- === 0 || kept.length > mostVaryLength) return '*'
      const end = elementEnd(line, start)
      const member = withoutWhitespace(line, start, end)
      if (member === '*') return '*'
      if (member !== '' && !isCorsMember(member)) kept = kept === '' ? member : kept.concat(', ', member)
      start = end + 1
    }
  }
  if (adds === 'none') return kept === '' ? undefined : kept
  return kept === '' ? corsVary : kept.concat(', ', corsVary)
}

function isCorsMember(member: string): boolean {
  switch (member.length) {
    case 6:
      return member.toLowerCase() === 'origin'
    case 29:
      return member.toLowerCase() === 'access-control-request-method'
    case 30:
      return member.toLowerCase() === 'access-control-request-headers'
    default:
      return false
  }
}
