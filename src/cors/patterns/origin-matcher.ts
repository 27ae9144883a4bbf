import { AffixTree } from './affix-tree.ts'
import { toFieldValue } from './field-value.ts'
import type { NumberSet } from './number-set.ts'
import { parsePattern } from './pattern.ts'

/** The numbers of the rules that hold a pattern, in ascending order. One stands for itself: most origins are in one rule. */
type Rules = number | number[]

/** A pattern that holds a `*`. */
interface WildcardOrigin {
  readonly prefix: string
  /** Of what stands before the `*` and behind it. */
  readonly length: number
  readonly rules: Rules
}

/**
 * Which rules of a bucket list an origin, found without asking each: exact origins by themselves, the others by what stands
 * behind their `*`. So a bucket may have a hundred rules (`bench:micro allowed`).
 */
export class OriginMatcher {
  /** The rules that list the literal `*`. */
  readonly #any: Rules
  /** The rules of each origin without `*`. */
  readonly #exact: ReadonlyMap<string, Rules>
  /** The length of the longest of them. */
  readonly #longest: number
  /** The others, by what stands behind their `*`. */
  readonly #wildcards: AffixTree<WildcardOrigin[]> | undefined

  /** Of each rule its AllowedOrigins, which hold at most one `*` each. */
  constructor(origins: readonly (readonly string[])[]) {
    const exact = new Map<string, Rules>()
    const wildcards = new Map<string, Rules>()
    let longest = 0
    for (let rule = 0; rule < origins.length; rule++) {
      for (const written of origins[rule] as readonly string[]) {
        const pattern = toFieldValue(written)
        const isExact = !pattern.includes('*')
        const rules = isExact ? exact : wildcards
        rules.set(pattern, withRule(rules.get(pattern), rule))
        if (isExact && pattern.length > longest) longest = pattern.length
      }
    }
    this.#exact = exact
    this.#longest = longest
    this.#any = wildcards.get('*') ?? noRules
    wildcards.delete('*')
    this.#wildcards = wildcards.size === 0 ? undefined : new AffixTree(bySuffix(wildcards), true)
  }

  /** Makes `found` the set of the rules that list `origin`. */
  findListing(origin: string, found: NumberSet): void {
    found.clear()
    add(found, this.#any)
    // A longer origin is not read through to find out that it is not there.
    const exact = origin.length <= this.#longest ? this.#exact.get(origin) : undefined
    if (exact !== undefined) add(found, exact)
    if (this.#wildcards === undefined) return
    for (let ends = this.#wildcards.follow(origin, path) - 1; ends >= 0; ends--) {
      const wildcards = path[ends] as WildcardOrigin[]
      for (let i = 0; i < wildcards.length; i++) {
        const { prefix, length, rules } = wildcards[i] as WildcardOrigin
        // The length, so that the two never overlap, as in `matches`.
        if (origin.length >= length && origin.startsWith(prefix)) add(found, rules)
      }
    }
  }
}

const noRules: Rules = []

/** Scratch: the wildcards with an end that an origin has. */
const path: WildcardOrigin[][] = []

function bySuffix(patterns: ReadonlyMap<string, Rules>): ReadonlyMap<string, WildcardOrigin[]> {
  const wildcards = new Map<string, WildcardOrigin[]>()
  for (const [pattern, rules] of patterns) {
    const { prefix, suffix = '' } = parsePattern(pattern)
    const wildcard = { prefix, length: pattern.length - 1, rules }
    const others = wildcards.get(suffix)
    if (others === undefined) wildcards.set(suffix, [wildcard])
    else others.push(wildcard)
  }
  return wildcards
}

/** A rule may hold a pattern twice. */
function withRule(rules: Rules | undefined, rule: number): Rules {
  if (rules === undefined || rules === rule) return rule
  if (typeof rules === 'number') return [rules, rule]
  if (rules.at(-1) !== rule) rules.push(rule)
  return rules
}

function add(found: NumberSet, rules: Rules): void {
  if (typeof rules === 'number') found.add(rules)
  else for (let i = 0; i < rules.length; i++) found.add(rules[i] as number)
}
