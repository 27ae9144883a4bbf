import type { OpenPattern } from './pattern-list.ts'
import type { CompiledRule } from './policy.ts'

/**
 * Which rules of a policy list an origin, without asking each: what a rule costs that cannot match is next to nothing, so
 * a bucket with a hundred rules answers as fast as one with a few. The plain way to the same answer is `covers` of every
 * rule in turn.
 */
export interface OriginIndex {
  /** The rules that list the literal `*`, in order. */
  readonly any: readonly CompiledRule[]
  /** The rules that list an origin as it is, in order. */
  readonly exact: ReadonlyMap<string, readonly CompiledRule[]>
  /** Every other pattern, the shortest suffix first. */
  readonly wildcards: readonly OriginWildcard[]
  /**
   * `[length, hash, …]` of the suffix of each of `wildcards`, see {@link extendHash}: they dismiss most patterns without a look
   * at the pattern itself. In one piece, because a policy that was not asked for a while has to be fetched from memory.
   */
  readonly suffixes: Int32Array
}

/** A pattern of AllowedOrigins with the rule that lists it. */
export interface OriginWildcard {
  readonly pattern: OpenPattern
  readonly rule: CompiledRule
}

/** Sorts the origins of all `rules` of a policy. */
export function indexOrigins(rules: readonly CompiledRule[]): OriginIndex {
  const exact = new Map<string, CompiledRule[]>()
  const wildcards: OriginWildcard[] = []
  for (const rule of rules) {
    for (const origin of [...rule.origins.exact, ...(rule.origins.index ?? [])]) {
      const listing = exact.get(origin)
      if (listing === undefined) exact.set(origin, [rule])
      else listing.push(rule)
    }
    for (const pattern of rule.origins.wildcards) wildcards.push(Object.freeze({ pattern, rule }))
  }
  wildcards.sort((a, b) => a.pattern.suffix.length - b.pattern.suffix.length)
  return Object.freeze({
    any: Object.freeze(rules.filter(rule => rule.anyOrigin)),
    exact,
    wildcards: Object.freeze(wildcards),
    suffixes: Int32Array.from(wildcards.flatMap(({ pattern: { suffix } }) => [suffix.length, hashFromEnd(suffix)])),
  })
}

/** The hash of a text one character longer at its front. Equal texts have equal hashes, unequal ones seldom. */
export function extendHash(hash: number, code: number): number {
  return (Math.imul(hash, 31) + code) | 0
}

function hashFromEnd(text: string): number {
  let hash = 0
  for (let at = text.length - 1; at >= 0; at--) hash = extendHash(hash, text.charCodeAt(at))
  return hash
}
