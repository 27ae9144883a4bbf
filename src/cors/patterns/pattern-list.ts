import { matches, type Pattern, parsePattern } from './pattern.ts'

/** The patterns of one AllowedOrigins or AllowedHeaders, in the order in which they are asked. */
export interface PatternList {
  /** The list holds the literal `*`, which stands for everything. */
  readonly any: boolean
  /** The patterns without `*`; empty when there are so many that `index` holds them. */
  readonly exact: readonly string[]
  readonly index: ReadonlySet<string> | undefined
  readonly wildcards: readonly OpenPattern[]
  /** How many patterns a value is compared with at most, one by one. */
  readonly size: number
}

/** A pattern that does hold a `*`. */
export interface OpenPattern extends Pattern {
  readonly suffix: string
}

/** Up to here a loop does, without a Set's memory for each of a bucket's rules. */
const loopLimit = 8

/** Sorts `patterns`, which hold at most one `*` each. */
export function compilePatterns(patterns: readonly string[]): PatternList {
  const exact = patterns.filter(pattern => !pattern.includes('*'))
  const wildcards = patterns
    .filter(pattern => pattern !== '*')
    .map(parsePattern)
    .filter(isOpen)
  const indexed = exact.length > loopLimit
  const any = patterns.includes('*')
  return Object.freeze({
    any,
    exact: Object.freeze(indexed ? [] : exact),
    index: indexed ? new Set(exact) : undefined,
    wildcards: Object.freeze(wildcards),
    size: any ? 0 : (indexed ? 1 : exact.length) + wildcards.length,
  })
}

/** Says whether any pattern of `list` matches `value`, byte for byte. */
export function covers(list: PatternList, value: string): boolean {
  if (list.any) return true
  const { exact, index, wildcards } = list
  for (let i = 0; i < exact.length; i++) if (exact[i] === value) return true
  if (index?.has(value)) return true
  for (let i = 0; i < wildcards.length; i++) if (matches(wildcards[i] as OpenPattern, value)) return true
  return false
}

/** Says whether every one of `values` is covered; an empty list covers none. */
export function coversAll(list: PatternList, values: readonly string[]): boolean {
  for (let i = 0; i < values.length; i++) if (!covers(list, values[i] as string)) return false
  return true
}

function isOpen(pattern: Pattern): pattern is OpenPattern {
  return pattern.suffix !== undefined
}
