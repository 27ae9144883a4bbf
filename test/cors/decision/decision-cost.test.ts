// What the dearest rules that S3 takes, 100 of them in 64 KB of XML, cost beside one rule, with the dearest request: 100 names in 4 KiB.

import t from 'tap'
import { type CorsRequest, parseCorsRequest, requestHeaderLimits } from '../../../src/cors/decision/cors-request.ts'
import { decide } from '../../../src/cors/decision/decide.ts'
import { compilePolicy } from '../../../src/cors/decision/policy.ts'
import { parseRules } from '../../../src/cors/parsing/parse-rules.ts'
import type { CorsRule } from '../../../src/cors/rules/rule.ts'

interface RuleSet {
  readonly name: string
  readonly origins: (rule: number) => string[]
  readonly headers: (rule: number) => string[]
  readonly names: (name: number) => string
  readonly origin?: string
}

const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))
const any = () => ['*']
/** 100 names of 39 characters; the last one is what no rule allows. */
const tagged = (end: string) => (name: number) => (name < 99 ? `x-${name}-`.padEnd(39, 'a') : `z-${end}`)

const sets: readonly RuleSet[] = [
  {
    name: 'wildcards of which the last of each rule is the one that matches',
    origins: any,
    headers: rule => [...many(17, at => `x-${at}-r${rule}*b`), 'x-*a'],
    names: tagged('z'),
  },
  {
    name: 'wildcards with nothing before their *',
    origins: any,
    headers: rule => [...many(17, at => `*${at}r${rule}b`), '*a'],
    names: tagged('z'),
  },
  {
    name: 'wildcards that begin and end as every name does',
    origins: any,
    headers: rule => many(9, at => 'x-'.padEnd(18 + at, 'a').concat('*', `${rule}b`)).concat('x-*a'),
    names: name => (name < 99 ? `${'x-'.padEnd(30, 'a')}${name}aaaaa` : 'z'),
  },
  {
    name: 'wildcards that all match, none of which stands for another',
    origins: any,
    headers: rule => many(18, at => `${'a'.repeat(1 + at)}*${'a'.repeat(1 + ((rule + 19 - at) % 19))}`),
    names: name => (name < 99 ? `${'a'.repeat(18)}${name + 10}${'a'.repeat(19)}` : 'b'),
  },
  {
    name: 'wildcards of nineteen beginnings and as many ends within one another, of which each name has all',
    origins: any,
    headers: rule =>
      many(9, at => (rule * 9 + at) % 361)
        .map(at => `${'a'.repeat(1 + (at % 19))}*${'a'.repeat(1 + Math.floor(at / 19))}`)
        .concat(`*${rule}`),
    names: name => (name < 99 ? `${'a'.repeat(19)}${name + 10}${'a'.repeat(18)}` : 'b'),
  },
  {
    name: 'names without *',
    origins: any,
    headers: rule => [...many(16, at => `x-${(rule * 16 + at) % 99}-`.padEnd(39, 'a')), 'x-*'],
    names: tagged('z'),
  },
  { name: 'the same names in every rule', origins: any, headers: () => ['x-*', 'authorization'], names: tagged('z') },
  {
    name: 'origins that all match',
    origins: rule => many(14, at => `https://${'a'.repeat(at)}*${'b'.repeat(rule % 20)}`),
    headers: () => ['x-*'],
    names: tagged('z'),
    origin: `https://${'a'.repeat(60)}${'b'.repeat(60)}`,
  },
]

function rulesOf({ origins, headers }: RuleSet): readonly CorsRule[] {
  const written = many(100, rule => ({
    AllowedOrigins: origins(rule),
    AllowedMethods: ['PUT'],
    AllowedHeaders: headers(rule),
  }))
  const parsed = parseRules(written)
  if (parsed.rules === undefined) throw new Error('these rules have faults')
  return parsed.rules
}

function requestOf({ origin = 'https://a.example', names }: RuleSet): () => CorsRequest {
  const line = [many(requestHeaderLimits.names, names).join(',')]
  return () => {
    const request = parseCorsRequest('OPTIONS', origin, 'PUT', line)
    if ('kind' in request) throw new Error(request.kind)
    return request
  }
}

/** The shortest of many tries: what else the machine does makes a try longer, never shorter. */
function shortestNs(run: () => unknown): number {
  let shortest = Number.POSITIVE_INFINITY
  for (let attempt = 0; attempt < 60; attempt++) {
    const startedNs = process.hrtime.bigint()
    for (let time = 0; time < 5; time++) run()
    shortest = Math.min(shortest, Number(process.hrtime.bigint() - startedNs))
  }
  return shortest
}

for (const set of sets) {
  t.test(`a hundred rules cost at most four times what one of them costs: ${set.name}`, async t => {
    const rules = rulesOf(set)
    const read = requestOf(set)
    const policy = compilePolicy(rules)
    t.equal(decide(policy, read()).reason, 'header', 'every rule has to be asked about every name')
    // The dearest one rule: one of these, or one with all their patterns.
    const [first] = rules
    if (first === undefined) throw new Error('no rules')
    const all = { ...first, allowedHeaders: [...new Set(rules.flatMap(({ allowedHeaders }) => allowedHeaders))] }
    const alone = [compilePolicy(rules.slice(-1)), compilePolicy([all])]
    const oneRule = Math.max(...alone.map(one => shortestNs(() => decide(one, read()))))
    const ratio = shortestNs(() => decide(policy, read())) / oneRule
    t.ok(ratio <= 4, `${ratio.toFixed(1)} times`)
  })
}
