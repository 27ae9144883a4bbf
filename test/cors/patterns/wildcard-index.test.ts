import t from 'tap'
import { NumberSet, NumberSets } from '../../../src/cors/patterns/number-set.ts'
import { WildcardIndex } from '../../../src/cors/patterns/wildcard-index.ts'

/** Counts how often lists are added: the work of an answer. */
class CountingSet extends NumberSet {
  additions = 0
  override addFrom(sets: NumberSets, number: number): void {
    this.additions++
    super.addFrom(sets, number)
  }
}

const lengths = Array.from({ length: 19 }, (_, index) => index + 1)
// A list for each: nineteen beginnings and as many ends, each within the next.
const grid = lengths.flatMap(begins => lengths.map(ends => `${'a'.repeat(begins)}*${'a'.repeat(ends)}`))

const values: { name: string; value: string; found: number }[] = [
  { name: 'all of them', value: `${'a'.repeat(19)}b${'a'.repeat(19)}`, found: 361 },
  { name: 'those of a shorter beginning', value: `${'a'.repeat(5)}b${'a'.repeat(19)}`, found: 95 },
  { name: 'those whose halves do not overlap in it', value: 'a'.repeat(20), found: 190 },
  { name: 'none', value: 'b', found: 0 },
]
for (const { name, value, found } of values) {
  t.test(`of 361 wildcards within one another, a value has ${name}: one addition for each beginning`, async t => {
    const sets = new NumberSets(grid.length)
    const wildcards = grid.map((pattern, list) => {
      const [prefix = '', suffix = ''] = pattern.split('*')
      return { prefix, suffix, lists: [list] }
    })
    const index = new WildcardIndex(wildcards, sets)
    const wanted = new NumberSet(grid.length)
    for (const list of grid.keys()) wanted.add(list)
    const lists = new CountingSet(grid.length)
    index.find(value, lists, wanted)
    t.equal(grid.filter((_, list) => lists.has(list)).length, found)
    t.ok(lists.additions <= lengths.length, `${lists.additions} additions`)
  })
}

t.test('what is wanted no more is not looked for', async t => {
  const sets = new NumberSets(2)
  const wildcards = [
    { prefix: 'ab', suffix: '', lists: [0] },
    { prefix: 'a', suffix: '', lists: [1] },
  ]
  const wanted = new NumberSet(2)
  wanted.add(0)
  const lists = new CountingSet(2)
  new WildcardIndex(wildcards, sets).find('abc', lists, wanted)
  t.strictSame([lists.has(0), lists.has(1), lists.additions], [true, false, 1])
})
