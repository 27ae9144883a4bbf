import t from 'tap'
import { NumberSet } from '../../../src/cors/patterns/number-set.ts'
import { OriginMatcher } from '../../../src/cors/patterns/origin-matcher.ts'
import { matches, parsePattern } from '../../../src/cors/patterns/pattern.ts'
import { SeededRandom } from '../../fixtures/seeded-random.ts'

const many = Array.from({ length: 500 }, (_, index) => `https://app${index}.example`)

/** The rules that list the origin. */
function listing(index: OriginMatcher, origin: string): number[] {
  const found = new NumberSet()
  // What was found before does not count.
  found.add(7)
  index.findListing(origin, found)
  const rules: number[] = []
  for (let rule = found.next(0); rule !== -1; rule = found.next(rule + 1)) rules.push(rule)
  return rules
}

const cases: { name: string; rules: string[][]; origin: string; found: number[] }[] = [
  { name: 'no rules', rules: [], origin: 'a', found: [] },
  { name: 'an origin leads to its rule', rules: [['https://a'], ['https://b']], origin: 'https://b', found: [1] },
  { name: 'an origin that no rule lists leads nowhere', rules: [['https://a']], origin: 'https://b', found: [] },
  {
    name: 'an origin of several rules leads to all of them, the first one first',
    rules: [['b', 'a'], ['b'], ['a', 'c'], ['a']],
    origin: 'a',
    found: [0, 2, 3],
  },
  { name: 'an origin that rules list twice', rules: [['a', 'a'], ['b'], ['a', 'a']], origin: 'a', found: [0, 2] },
  { name: '* stands for everything', rules: [['a'], ['*'], ['*']], origin: 'x', found: [1, 2] },
  { name: '* stands for nothing as well', rules: [['*']], origin: '', found: [0] },
  { name: 'nothing before the *', rules: [['*.b']], origin: 'a.b', found: [0] },
  { name: 'nothing behind the *', rules: [['a.*']], origin: 'a.b', found: [0] },
  { name: 'another beginning', rules: [['a.*']], origin: 'b.b', found: [] },
  { name: 'another end', rules: [['*.b']], origin: 'a.c', found: [] },
  { name: 'something on both sides', rules: [['https://*.b']], origin: 'https://a.b', found: [0] },
  { name: 'both sides and nothing between', rules: [['a*b']], origin: 'ab', found: [0] },
  { name: 'both sides that would overlap', rules: [['aba*ba']], origin: 'aba', found: [] },
  { name: 'a second * is a character', rules: [['a*b*c']], origin: 'axb*c', found: [0] },
  { name: 'a pattern with * is no origin itself', rules: [['a*b'], ['a**b']], origin: 'a*b', found: [0, 1] },
  {
    name: 'every way to list it, in the order of the rules',
    rules: [['*'], ['a*'], ['ab'], ['*b'], ['c']],
    origin: 'ab',
    found: [0, 1, 2, 3],
  },
  { name: 'ends within ends', rules: [['*b'], ['*ab'], ['*cab'], ['x*ab'], ['*bb']], origin: 'xab', found: [0, 1, 3] },
  { name: 'a pattern is its UTF-8', rules: [['https://\u00e4']], origin: 'https://\u00c3\u00a4', found: [0] },
  { name: 'and not its characters', rules: [['https://\u00e4']], origin: 'https://\u00e4', found: [] },
  { name: 'UTF-8 behind the *', rules: [['b'], ['a*\u00e4']], origin: 'axx\u00c3\u00a4', found: [1] },
  {
    name: 'halves of a character in two patterns',
    rules: [['\ud83d'], ['\ude00']],
    origin: '\u00ef\u00bf\u00bd',
    found: [0, 1],
  },
  { name: 'a character beyond a byte is no byte', rules: [['a']], origin: '\u0161', found: [] },
  {
    name: 'names of object properties are nothing special',
    rules: [['constructor'], ['a']],
    origin: 'constructor',
    found: [0],
  },
]
for (const { name, rules, origin, found } of cases) {
  t.test(name, async t => t.strictSame(listing(new OriginMatcher(rules), origin), found))
}

t.test('many origins lead each to its rule', async t => {
  const index = new OriginMatcher(many.map(origin => [origin]))
  for (const [rule, origin] of many.entries()) t.strictSame(listing(index, origin), [rule], origin)
  t.strictSame(listing(index, 'https://app500.example'), [])
})

t.test('the rules found are those that asking every pattern finds', async t => {
  const random = new SeededRandom(20261130)
  const text = (most: number): string =>
    Array.from({ length: random.below(most + 1) }, () => random.pick(['a', 'b', '.a', 'ab'])).join('')
  const pattern = (): string => {
    const whole = text(4)
    const at = random.below(whole.length + 1)
    return random.below(3) === 0 ? whole : `${whole.slice(0, at)}*${whole.slice(at)}`
  }
  let wrong = 0
  let hits = 0
  for (let round = 0; round < 2000; round++) {
    const rules = Array.from({ length: random.below(random.below(10) === 0 ? 150 : 12) }, () =>
      Array.from({ length: random.below(6) }, pattern),
    )
    const origin = text(6)
    const expected = [...rules.keys()].filter(rule => rules[rule]?.some(one => matches(parsePattern(one), origin)))
    hits += expected.length
    if (listing(new OriginMatcher(rules), origin).join() !== expected.join()) wrong++
  }
  t.equal(wrong, 0)
  t.ok(hits > 2000, 'rules were found often enough to mean something')
})
