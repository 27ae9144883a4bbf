import { matches, parsePattern } from '../patterns/pattern.ts'
import { compilePatterns, covers } from '../patterns/pattern-list.ts'
import type { CorsRule } from '../rules/rule.ts'

/** More origins than a person writes by hand are not compared one by one. */
const mostOrigins = 200

/** The first rule before the one at `index` that matches whatever that one matches: S3 takes the first, so it never decides. */
export function hidingRule(rules: readonly (CorsRule | undefined)[], index: number): number | undefined {
  const rule = rules[index]
  if (rule === undefined || rule.allowedOrigins.length === 0 || rule.allowedOrigins.length > mostOrigins)
    return undefined
  const found = rules.slice(0, index).findIndex(earlier => earlier !== undefined && hides(earlier, rule))
  return found === -1 ? undefined : found
}

function hides(earlier: CorsRule, later: CorsRule): boolean {
  return (
    later.allowedMethods.every(method => earlier.allowedMethods.includes(method)) &&
    coversAll(earlier.allowedHeaders, later.allowedHeaders) &&
    originsCover(earlier.allowedOrigins, later.allowedOrigins)
  )
}

function coversAll(earlier: readonly string[], later: readonly string[]): boolean {
  if (later.length === 0) return true
  const patterns = compilePatterns(earlier.map(name => name.toLowerCase()))
  return later.every(name => covers(patterns, name.toLowerCase()))
}

function originsCover(earlier: readonly string[], later: readonly string[]): boolean {
  const exact = new Set(earlier)
  if (exact.has('*')) return true
  const wildcards = earlier.filter(origin => origin.includes('*')).map(parsePattern)
  // What a pattern matches as a text, it matches whatever stands for the `*` in that text.
  return later.every(origin => exact.has(origin) || wildcards.some(wildcard => matches(wildcard, origin)))
}
