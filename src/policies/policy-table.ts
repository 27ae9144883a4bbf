// The policies whose rules stand in the configuration: known from the start and until the next reload.
import { compilePolicy, type Policy } from '../cors/decision/policy.ts'
import type { CorsRule, RulesPlace } from '../cors/rules/rule.ts'
import type { BucketPolicy, BucketStatus, Enforcement, PolicyLookup, PolicySource, RuleState } from './policy-lookup.ts'

/** One entry of the configuration's `buckets`. */
export interface BucketEntry {
  /** A bucket's name, or `*` for every bucket that no entry names. */
  readonly name: string
  readonly source: PolicySource
  /** Of `yaml` and `file`; empty for the sources that are asked later. */
  readonly rules: readonly CorsRule[]
  /** How many, where they are costly to read. */
  readonly ruleCount?: number | undefined
  readonly enforcement: Enforcement
  readonly place?: RulesPlace | undefined
}

const none: RuleState = Object.freeze({ kind: 'none' })
const unknown: RuleState = Object.freeze({ kind: 'unknown' })

/**
 * Rules that are read and compiled when a request first asks for them: a reload of thousands of buckets keeps no request
 * waiting.
 */
class WrittenRules {
  readonly kind = 'rules'
  readonly #entry: BucketEntry
  #policy: Policy | undefined

  constructor(entry: BucketEntry) {
    this.#entry = entry
  }

  get policy(): Policy {
    this.#policy ??= compilePolicy(this.#entry.rules)
    return this.#policy
  }
}

/**
 * Makes the entries a lookup that always has its answer at hand. A reload makes a new table; requests under way keep
 * the policy they took. Rules of `upstream` and `managed` are unknown to it.
 *
 * `ungoverned` is the enforcement of buckets that no entry names, the configuration's own `enforcement`: with `report` they,
 * too, pass unchanged.
 */
export function createPolicyTable(entries: readonly BucketEntry[], ungoverned: Enforcement = 'headers'): PolicyLookup {
  // A Map, because a bucket may be called `constructor`.
  const named = new Map<string, BucketPolicy>()
  let others: BucketPolicy = Object.freeze({
    governed: false,
    named: false,
    source: 'none',
    enforcement: ungoverned,
    state: none,
    place: undefined,
  })
  // Copies that stand beside each other: the entries' own names stand among their rules, each of which would have to be
  // fetched from another place in memory to find a bucket.
  const names = JSON.parse(JSON.stringify(entries.map(({ name }) => name))) as readonly string[]
  for (const [index, entry] of entries.entries()) {
    const name = names[index] as string
    const isNamed = name !== '*'
    const { source, enforcement, place } = entry
    const policy = Object.freeze({ governed: true, named: isNamed, source, enforcement, state: stateOf(entry), place })
    if (isNamed) named.set(name, policy)
    else others = policy
  }
  const statuses = Object.freeze(entries.map(entry => statusOf(entry, named.get(entry.name) ?? others)))

  const peek = (bucket: string): BucketPolicy => named.get(bucket) ?? others
  return { peek, load: async bucket => peek(bucket), inspect: peek, describe: () => statuses }
}

function stateOf(entry: BucketEntry): RuleState {
  const { source } = entry
  switch (source) {
    case 'yaml':
    case 'file':
      return countOf(entry) === 0 ? none : new WrittenRules(entry)
    case 'none':
      return none
    case 'upstream':
    case 'managed':
      return unknown
    default:
      return source satisfies never
  }
}

function statusOf(entry: BucketEntry, { source, enforcement, state }: BucketPolicy): BucketStatus {
  return Object.freeze({ bucket: entry.name, source, enforcement, state: state.kind, rules: countOf(entry) })
}

function countOf(entry: BucketEntry): number {
  return entry.ruleCount ?? entry.rules.length
}
