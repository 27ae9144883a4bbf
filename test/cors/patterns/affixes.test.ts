import t from 'tap'
import { type Affixes, longestAffix, placesOf, sortAffixes } from '../../../src/cors/patterns/affixes.ts'
import { SeededRandom } from '../../fixtures/seeded-random.ts'

/** All texts that the value begins or ends with, the longest first. */
function found(affixes: Affixes, value: string): string[] {
  const byPlace = new Map([...placesOf(affixes)].map(([text, at]) => [at, text]))
  const texts: string[] = []
  for (let at = longestAffix(affixes, value); at !== -1; at = affixes.within[at] ?? -1)
    texts.push(byPlace.get(at) ?? '')
  return texts
}

const cases: { name: string; texts: string[]; value: string; begins: string[]; ends: string[] }[] = [
  { name: 'no texts at all', texts: [], value: 'a', begins: [], ends: [] },
  { name: 'the empty text is in every value', texts: [''], value: 'a', begins: [''], ends: [''] },
  { name: 'and in the empty value', texts: ['', 'a'], value: '', begins: [''], ends: [''] },
  { name: 'a text is in itself', texts: ['ab', 'b'], value: 'ab', begins: ['ab'], ends: ['ab', 'b'] },
  { name: 'a longer text is not', texts: ['abc', 'cab'], value: 'ab', begins: [], ends: [] },
  {
    name: 'each that is within another, the longest first',
    texts: ['x', 'x-', 'x-amz-', 'y', 'z', '-z', 'amz'],
    value: 'x-amz-z',
    begins: ['x-amz-', 'x-', 'x'],
    ends: ['-z', 'z'],
  },
  { name: 'what only stands near it does not count', texts: ['aa', 'ab', 'b'], value: 'ac', begins: [], ends: [] },
  {
    name: 'order is by code unit',
    texts: ['a', '\u00e4', '\u00e4z'],
    value: '\u00e4',
    begins: ['\u00e4'],
    ends: ['\u00e4'],
  },
]
for (const { name, texts, value, begins, ends } of cases) {
  t.test(name, async t => {
    t.strictSame(found(sortAffixes(new Set(texts), false), value), begins)
    t.strictSame(found(sortAffixes(new Set(texts), true), value), ends)
  })
}

t.test('the search finds what asking every text finds', async t => {
  const random = new SeededRandom(20261130)
  const text = (most: number): string =>
    Array.from({ length: random.below(most + 1) }, () => random.pick(['a', 'b', 'ab'])).join('')
  let wrong = 0
  for (let round = 0; round < 3000; round++) {
    const texts = new Set(Array.from({ length: random.below(40) }, () => text(6)))
    const value = text(9)
    const longestFirst = [...texts].sort((one, other) => other.length - one.length)
    const begins = longestFirst.filter(one => value.startsWith(one))
    const ends = longestFirst.filter(one => value.endsWith(one))
    if (found(sortAffixes(texts, false), value).join() !== begins.join()) wrong++
    if (found(sortAffixes(texts, true), value).join() !== ends.join()) wrong++
  }
  t.equal(wrong, 0)
})
