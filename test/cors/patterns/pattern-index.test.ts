import t from 'tap'
import { PatternIndex } from '../../../src/cors/patterns/pattern-index.ts'
import { compilePatterns, covers } from '../../../src/cors/patterns/pattern-list.ts'
import { SeededRandom } from '../../fixtures/seeded-random.ts'

/** The lists that cover all values. */
function covering(lists: readonly string[][], values: readonly string[]): number[] {
  const index = new PatternIndex(lists)
  return [...lists.keys()].filter(list => index.coversAll(list, values))
}

const cases: { name: string; lists: string[][]; values: string[]; found: number[] }[] = [
  { name: 'no lists', lists: [], values: ['a'], found: [] },
  { name: 'no values: every list covers them', lists: [['a'], []], values: [], found: [0, 1] },
  { name: 'an empty list covers nothing', lists: [[]], values: ['a'], found: [] },
  {
    name: 'a list of the empty pattern covers the empty value, an empty list does not',
    lists: [[''], []],
    values: [''],
    found: [0],
  },
  { name: 'the literal * covers everything', lists: [['*'], ['a']], values: ['a', 'b', ''], found: [0] },
  { name: 'a pattern without * is itself alone', lists: [['ab'], ['a'], ['b']], values: ['ab'], found: [0] },
  { name: 'wildcards open at either side', lists: [['x-*'], ['*-z'], ['y-*']], values: ['x-z'], found: [0, 1] },
  { name: 'wildcards closed at both sides', lists: [['x*z'], ['x*y'], ['y*z']], values: ['xaz'], found: [0] },
  { name: 'beginning and end never overlap', lists: [['aba*aba']], values: ['aba'], found: [] },
  { name: 'and may touch', lists: [['aba*aba']], values: ['abaaba'], found: [0] },
  {
    name: 'every value has to be covered, each by a pattern of its own',
    lists: [['a', 'b'], ['a'], ['*']],
    values: ['a', 'b'],
    found: [0, 2],
  },
  {
    name: 'one list covers the first value, another the second: neither is found',
    lists: [['a'], ['b']],
    values: ['a', 'b'],
    found: [],
  },
  {
    name: 'equal lists in another order, and patterns twice',
    lists: [['a', 'b'], ['b', 'a', 'a'], ['c']],
    values: ['b'],
    found: [0, 1],
  },
  {
    name: 'names of object properties are nothing special',
    lists: [['constructor'], ['a']],
    values: ['constructor'],
    found: [0],
  },
]
for (const { name, lists, values, found } of cases) {
  t.test(name, async t => t.strictSame(covering(lists, values), found))
}

t.test('an answer does not depend on the one before', async t => {
  const index = new PatternIndex([['a*'], ['*b'], ['c']])
  for (const [value, expected] of [
    ['ab', [true, true, false]],
    ['c', [false, false, true]],
    ['', [false, false, false]],
    ['ab', [true, true, false]],
  ] as const) {
    const values = [value]
    t.strictSame(
      [0, 1, 2].map(list => index.coversAll(list, values)),
      expected,
      value,
    )
  }
})

t.test('more lists than a word has bits, held to the plain way of asking each', async t => {
  const random = new SeededRandom(20261130)
  const text = (most: number): string =>
    Array.from({ length: random.below(most + 1) }, () => random.pick(['a', 'b', 'x-'])).join('')
  const pattern = (): string => {
    const whole = text(5)
    const at = random.below(whole.length + 1)
    return random.below(3) === 0 ? whole : `${whole.slice(0, at)}*${whole.slice(at)}`
  }
  const some = <T>(most: number, make: () => T): T[] => Array.from({ length: random.below(most + 1) }, make)
  let wrong = 0
  let hits = 0
  for (let round = 0; round < 1500; round++) {
    const lists = some(110, () => some(random.below(8) === 0 ? 30 : 4, pattern))
    const values = some(4, () => text(7))
    const plain = lists.map(compilePatterns)
    const expected = [...plain.keys()].filter(at =>
      values.every(value => covers(plain[at] ?? compilePatterns([]), value)),
    )
    hits += expected.length
    if (covering(lists, values).join() !== expected.join()) wrong++
  }
  t.equal(wrong, 0)
  t.ok(hits > 1500, 'lists were found often enough to mean something')
})
