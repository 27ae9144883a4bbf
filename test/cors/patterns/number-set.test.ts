import t from 'tap'
import { NumberSet, NumberSets } from '../../../src/cors/patterns/number-set.ts'

function setOf(limit: number, ...members: readonly number[]): NumberSet {
  const set = new NumberSet(limit)
  for (const member of members) set.add(member)
  return set
}

function membersOf(set: NumberSet): number[] {
  const members: number[] = []
  for (let member = set.next(0); member !== -1; member = set.next(member + 1)) members.push(member)
  return members
}

const members: { name: string; added: number[] }[] = [
  { name: 'nothing', added: [] },
  { name: 'the first number', added: [0] },
  { name: 'the first and last bits of words', added: [31, 32, 63, 64, 95, 127] },
  { name: 'numbers beyond the limit', added: [5, 128, 300, 5000] },
]
for (const { name, added } of members) {
  t.test(`a set of ${name} has what was added, and gives it in ascending order`, async t => {
    const set = setOf(128, ...added.toReversed(), ...added)
    t.strictSame(membersOf(set), added)
    for (let number = 0; number < 400; number++) t.equal(set.has(number), added.includes(number), `${number}`)
    set.clear()
    t.strictSame(membersOf(set), [])
  })
}

t.test('the next number from a place on', async t => {
  const set = setOf(128, 3, 40)
  t.strictSame(
    [0, 3, 4, 40, 41, 5000].map(from => set.next(from)),
    [3, 3, 40, 40, -1, -1],
  )
})

t.test('sets are made once, and their members are added', async t => {
  const sets = new NumberSets(70)
  const numbers = [[], [1, 31], [69, 32], [31, 1]].map(members => sets.numberOf(members))
  t.strictSame(numbers, [0, 1, 2, 1])
  const set = setOf(70, 5)
  for (const number of numbers) set.addFrom(sets, number)
  t.strictSame(membersOf(set), [1, 5, 31, 32, 69])
})

t.test('what another set does not have is removed', async t => {
  const set = setOf(70, 1, 31, 69)
  t.equal(set.keep(setOf(70, 31, 69, 4)), true)
  t.strictSame(membersOf(set), [31, 69])
  t.equal(set.keep(setOf(70, 30)), false)
  t.strictSame(membersOf(set), [])
})

t.test('a set has all of another or does not', async t => {
  t.equal(setOf(70, 1, 40).hasAll(setOf(70, 40)), true)
  t.equal(setOf(70, 1, 40).hasAll(setOf(70)), true)
  t.equal(setOf(70, 1, 40).hasAll(setOf(70, 40, 41)), false)
})
