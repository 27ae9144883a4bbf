import t from 'tap'
import { AffixTree } from '../../../src/cors/patterns/affix-tree.ts'
import { SeededRandom } from '../../fixtures/seeded-random.ts'

/** All texts that the value begins or ends with, in the order in which they are found. */
function found(texts: Iterable<string>, value: string, ends: boolean): string[] {
  const tree = new AffixTree(new Map(Array.from(texts, text => [text, text])), ends)
  const path: string[] = []
  return path.slice(0, tree.follow(value, path))
}

const cases: { name: string; texts: string[]; value: string; begins: string[]; ends: string[] }[] = [
  { name: 'no texts at all', texts: [], value: 'a', begins: [], ends: [] },
  { name: 'the empty text is in every value', texts: [''], value: 'a', begins: [''], ends: [''] },
  { name: 'and in the empty value', texts: ['', 'a'], value: '', begins: [''], ends: [''] },
  { name: 'a text is in itself', texts: ['ab', 'b'], value: 'ab', begins: ['ab'], ends: ['b', 'ab'] },
  { name: 'a longer text is not', texts: ['abc', 'cab'], value: 'ab', begins: [], ends: [] },
  {
    name: 'each that is within another, the shortest first',
    texts: ['x', 'x-', 'x-amz-', 'y', 'z', '-z', 'amz'],
    value: 'x-amz-z',
    begins: ['x', 'x-', 'x-amz-'],
    ends: ['z', '-z'],
  },
  { name: 'what only stands near it does not count', texts: ['aa', 'ab', 'b'], value: 'ac', begins: [], ends: [] },
  { name: 'a way that ends before the text does', texts: ['abcd', 'abce'], value: 'ab', begins: [], ends: [] },
  {
    name: 'characters beyond ASCII',
    texts: ['a', '\u00e4', '\u00e4z'],
    value: '\u00e4',
    begins: ['\u00e4'],
    ends: ['\u00e4'],
  },
]
for (const { name, texts, value, begins, ends } of cases) {
  t.test(name, async t => {
    t.strictSame(found(texts, value, false), begins)
    t.strictSame(found(texts, value, true), ends)
  })
}

t.test('the tree finds what asking every text finds', async t => {
  const random = new SeededRandom(20261130)
  const text = (most: number): string =>
    Array.from({ length: random.below(most + 1) }, () => random.pick(['a', 'b', 'ab'])).join('')
  let wrong = 0
  for (let round = 0; round < 3000; round++) {
    const texts = new Set(Array.from({ length: random.below(40) }, () => text(6)))
    const value = text(9)
    const shortestFirst = [...texts].sort((one, other) => one.length - other.length)
    const begins = shortestFirst.filter(one => value.startsWith(one))
    const ends = shortestFirst.filter(one => value.endsWith(one))
    if (found(texts, value, false).join() !== begins.join()) wrong++
    if (found(texts, value, true).join() !== ends.join()) wrong++
  }
  t.equal(wrong, 0)
})

t.test('a value is read no further than the way leads', async t => {
  const read = new Set<number>()
  const long = `https://${'x'.repeat(5000)}.example`
  const watched: unknown = new Proxy(Object(long), {
    get: (_, key) => {
      if (key === 'length') return long.length
      if (key === 'endsWith') return (end: string, at: number) => long.endsWith(end, at)
      return (at: number) => {
        read.add(at)
        return long.charCodeAt(at)
      }
    },
  })
  const tree = new AffixTree(new Map(['.b.example', '.c.example'].map(text => [text, text])), true)
  t.equal(tree.follow(watched as string, []), 0)
  t.strictSame([...read], [long.length - 1 - '.example'.length])
})
