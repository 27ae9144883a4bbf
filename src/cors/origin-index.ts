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
}

/** A pattern of AllowedOrigins with the rule that lists it. */
export interface OriginWildcard {
  readonly pattern: OpenPattern
  readonly rule: CompiledRule
  readonly suffixLength: number
  /** See {@link extendHash}: most patterns are dismissed by it, without looking at a string. */
  readonly suffixHash: number
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
    for (const pattern of rule.origins.wildcards) wildcards.push(indexWildcard(pattern, rule))
  }
  wildcards.sort((a, b) => a.suffixLength - b.suffixLength)
  return Object.freeze({
    any: Object.freeze(rules.filter(rule => rule.anyOrigin)),
    exact,
    wildcards: Object.freeze(wildcards),
  })
}

/** The hash of a text one character longer at its front. Equal texts have equal hashes, unequal ones seldom. */
export function extendHash(hash: number, code: number): number {
  return (Math.imul(hash, 31) + code) | 0
}

function indexWildcard(pattern: OpenPattern, rule: CompiledRule): OriginWildcard {
  const { suffix } = pattern
  let suffixHash = 0
  for (let at = suffix.length - 1; at >= 0; at--) suffixHash = extendHash(suffixHash, suffix.charCodeAt(at))
  return { pattern, rule, suffixLength: suffix.length, suffixHash }
}
