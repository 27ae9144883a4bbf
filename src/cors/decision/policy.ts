import type { StoredRuleFault } from '../parsing/stored-rules.ts'
import { OriginMatcher } from '../patterns/origin-matcher.ts'
import { PatternIndex } from '../patterns/pattern-index.ts'
import type { CorsRule } from '../rules/rule.ts'
import { type CompiledRule, compileRule } from './compiled-rule.ts'

const noFaults: readonly StoredRuleFault[] = Object.freeze([])

/**
 * The rules of one bucket, in the order of its configuration, found by the origins that they list. A rule is compiled when it is
 * first asked: most of the rules of a bucket never are. Shared by all requests.
 *
 * It is the index of its origins, and has none: of the buckets of a large table none is in the processor's caches, and each
 * further object that a decision reads is waited for (`bench:micro 'decision in a table'`).
 */
export class Policy extends OriginMatcher {
  readonly #compiled: (CompiledRule | undefined)[]
  /** The rules as they were written. */
  readonly configuration: readonly CorsRule[]
  /** What is wrong with them, where an endpoint keeps what S3 refuses. */
  readonly faults: readonly StoredRuleFault[]
  #headers: PatternIndex | undefined

  constructor(configuration: readonly CorsRule[], faults: readonly StoredRuleFault[] = noFaults) {
    super(configuration.map(({ allowedOrigins }) => allowedOrigins))
    this.#compiled = new Array<undefined>(configuration.length).fill(undefined)
    this.configuration = configuration
    this.faults = faults
  }

  /** How many rules there are. */
  get size(): number {
    return this.#compiled.length
  }

  /** Every rule. Compiles them all: for explanations, which ask them in turn. */
  get rules(): readonly CompiledRule[] {
    return Object.freeze(this.configuration.map((_, index) => this.ruleAt(index)))
  }

  /** The AllowedHeaders of all rules, sorted when they are first asked for and kept: most buckets never need that. */
  get headers(): PatternIndex {
    this.#headers ??= indexHeaders(this.configuration)
    return this.#headers
  }

  /** The same, if they were asked for already. */
  get sortedHeaders(): PatternIndex | undefined {
    return this.#headers
  }

  /** The rule at `index`, from 0 and below `size`: always the same object. */
  ruleAt(index: number): CompiledRule {
    const compiled = this.#compiled[index]
    if (compiled !== undefined) return compiled
    const rule = compileRule(this.configuration[index] as CorsRule, index)
    this.#compiled[index] = rule
    return rule
  }
}

/** Compiles rules that parseRules accepted, or what readStoredRules made of stored ones, and what that found wrong with them. */
export function compilePolicy(rules: readonly CorsRule[], faults?: readonly StoredRuleFault[]): Policy {
  return new Policy(rules, faults)
}

/** Sorts the AllowedHeaders of all rules: in lower case, since field names are compared without case, https://www.rfc-editor.org/rfc/rfc9110#section-5.1. */
export function indexHeaders(rules: readonly CorsRule[]): PatternIndex {
  return new PatternIndex(rules.map(({ allowedHeaders }) => allowedHeaders.map(name => name.toLowerCase())))
}
