// Which few rules allow what was asked for, and nothing else.

import { type CorsMethod, corsMethods } from '../rules/rule.ts'

/** What one origin needs with one method: these names, lower case, and with them every part of them. */
export interface Need {
  readonly origin: string
  readonly method: CorsMethod
  readonly headers: readonly string[]
}

/** A rule without what its answer says beside. Every list is sorted. */
export interface NeededRule {
  readonly origins: readonly string[]
  readonly methods: readonly CorsMethod[]
  readonly headers: readonly string[]
}

interface Pair {
  readonly origin: string
  readonly method: number
  readonly headers: ReadonlySet<string>
  readonly key: string
}

/**
 * The rules for `needs`, in which each origin and method stands once. A rule allows every method it lists to every origin it
 * lists, so of the pairs with the same names it takes those that form a rectangle; it may take further pairs with more names than
 * its own, which are allowed more by a rule of their own. Of the 31 sets of methods the one that serves most pairs comes first; where
 * that ends with more rules than one for each set of methods that an origin has, these are taken.
 */
export function fewestRules(needs: readonly Need[]): readonly NeededRule[] {
  const pairs = needs.map(({ origin, method, headers }): Pair => {
    const sorted = [...new Set(headers)].sort()
    return { origin, method: corsMethods.indexOf(method), headers: new Set(sorted), key: sorted.join(',') }
  })
  const byNames = Map.groupBy(pairs, ({ key }) => key)
  return [...byNames.values()].flatMap(same => {
    const names = same[0]?.headers ?? new Set<string>()
    const usable = methodsByOrigin(pairs.filter(({ headers }) => isSubset(names, headers)))
    const wanted = methodsByOrigin(same)
    const greedy = coverGreedily(wanted, usable)
    const plain = [...Map.groupBy(wanted, ([, methods]) => methods)].map(([methods, origins]) => ({
      methods,
      origins: origins.map(([origin]) => origin),
    }))
    return (greedy.length < plain.length ? greedy : plain).map(({ methods, origins }) => ({
      origins: origins.toSorted(),
      methods: corsMethods.filter((_, index) => methods & (1 << index)),
      headers: [...names],
    }))
  })
}

/** Methods as bits. */
interface Block {
  readonly methods: number
  readonly origins: readonly string[]
}

function coverGreedily(wanted: ReadonlyMap<string, number>, usable: ReadonlyMap<string, number>): readonly Block[] {
  const left = new Map(wanted)
  const blocks: Block[] = []
  while (left.size > 0) {
    let best: Block = { methods: 0, origins: [] }
    let most = 0
    for (let methods = 1; methods < 1 << corsMethods.length; methods++) {
      let served = 0
      const origins: string[] = []
      for (const [origin, missing] of left) {
        if ((methods & missing) === 0 || (methods & (usable.get(origin) ?? 0)) !== methods) continue
        served += bits(methods & missing)
        origins.push(origin)
      }
      // Of equal ones that with fewer methods: the rule says no more than it has to.
      if (served > most || (served === most && bits(methods) < bits(best.methods))) {
        best = { methods, origins }
        most = served
      }
    }
    blocks.push(best)
    for (const origin of best.origins) {
      const missing = (left.get(origin) ?? 0) & ~best.methods
      if (missing === 0) left.delete(origin)
      else left.set(origin, missing)
    }
  }
  return blocks
}

function methodsByOrigin(pairs: readonly Pair[]): ReadonlyMap<string, number> {
  const methods = new Map<string, number>()
  for (const { origin, method } of pairs) methods.set(origin, (methods.get(origin) ?? 0) | (1 << method))
  return methods
}

function isSubset(part: ReadonlySet<string>, whole: ReadonlySet<string>): boolean {
  if (part.size > whole.size) return false
  for (const name of part) if (!whole.has(name)) return false
  return true
}

function bits(number: number): number {
  let count = 0
  for (let rest = number; rest > 0; rest &= rest - 1) count++
  return count
}
