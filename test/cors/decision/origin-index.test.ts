import t from 'tap'
import {
  extendHash,
  firstListing,
  indexOrigins,
  nextListing,
  type OriginIndex,
  ruleOf,
  wholeHash,
} from '../../../src/cors/decision/origin-index.ts'
import type { CorsRule } from '../../../src/cors/rules/rule.ts'

const many = Array.from({ length: 500 }, (_, index) => `https://app${index}.example`)
// `Aa` and `BB` have the same hash, and so have all words that are made of as many of them.
const sameHash = Array.from({ length: 64 }, (_, index) =>
  Array.from({ length: 6 }, (_, bit) => ((index >> bit) & 1 ? 'aA' : 'BB')).join(''),
)

function indexOf(...origins: (readonly string[])[]): OriginIndex {
  return indexOrigins(origins.map(allowedOrigins => ({ ...bare, allowedOrigins })))
}

const bare: CorsRule = { allowedOrigins: [], allowedMethods: ['GET'], allowedHeaders: [], exposeHeaders: [] }

function hashEnd(text: string, length: number): number {
  let hash = 0
  for (let at = 1; at <= length; at++) hash = extendHash(hash, text.charCodeAt(text.length - at))
  return hash
}

/** The rules that list the origin by a pattern of this hash, in the order in which they are found. */
function listed(index: OriginIndex, hash: number, origin: string): number[] {
  const rules: number[] = []
  for (let entry = firstListing(index, hash, origin); entry !== 0; entry = nextListing(index, entry, hash, origin)) {
    rules.push(ruleOf(index, entry))
  }
  return rules
}

/** The rules that list the origin as it is. */
function whole(index: OriginIndex, origin: string): number[] {
  return listed(index, wholeHash(hashEnd(origin, origin.length)), origin)
}

/** The rules that list the origin by a pattern with so many characters behind its `*`. */
function open(index: OriginIndex, origin: string, length: number): number[] {
  return listed(index, hashEnd(origin, length), origin)
}

const patterns: { name: string; rules: string[][]; origin: string; whole?: number[]; open?: [number, number[]] }[] = [
  { name: 'an origin leads to its rule', rules: [['https://a'], ['https://b']], origin: 'https://b', whole: [1] },
  { name: 'an origin that no rule lists leads nowhere', rules: [['https://a']], origin: 'https://b', whole: [] },
  {
    name: 'an origin of several rules leads to all of them, the first one first',
    rules: [['b', 'a'], ['b'], ['a', 'c'], ['a']],
    origin: 'a',
    whole: [0, 2, 3],
  },
  { name: 'an origin that a rule lists twice may be found twice', rules: [['a', 'a']], origin: 'a', whole: [0, 0] },
  { name: '* stands for everything', rules: [['a'], ['*'], ['*']], origin: 'x', open: [0, [1, 2]] },
  { name: '* stands for nothing as well', rules: [['*']], origin: '', open: [0, [0]] },
  { name: 'nothing before the *', rules: [['*.b']], origin: 'a.b', open: [2, [0]] },
  { name: 'nothing behind the *', rules: [['a.*']], origin: 'a.b', open: [0, [0]] },
  { name: 'another beginning', rules: [['a.*']], origin: 'b.b', open: [0, []] },
  { name: 'something on both sides', rules: [['https://*.b']], origin: 'https://a.b', open: [2, [0]] },
  { name: 'both sides and nothing between', rules: [['a*b']], origin: 'ab', open: [1, [0]] },
  { name: 'both sides that would overlap', rules: [['aba*ba']], origin: 'aba', open: [2, []] },
  { name: 'a second * is a character', rules: [['a*b*c']], origin: 'axb*c', open: [3, [0]] },
  { name: 'a pattern with * is none without it', rules: [['a*b']], origin: 'a*b', whole: [] },
  { name: 'a pattern is its UTF-8', rules: [['https://\u00e4']], origin: 'https://\u00c3\u00a4', whole: [0] },
  { name: 'and not its characters', rules: [['https://\u00e4']], origin: 'https://\u00e4', whole: [] },
  { name: 'UTF-8 behind the *', rules: [['b'], ['a*\u00e4']], origin: 'axx\u00c3\u00a4', open: [2, [1]] },
  { name: 'ASCII beside UTF-8', rules: [['\u20ac'], ['b', 'c']], origin: 'c', whole: [1] },
  {
    name: 'halves of a character in two patterns stay halves',
    rules: [['\ud83d'], ['\ude00']],
    origin: '\u00ef\u00bf\u00bd',
    whole: [0, 1],
  },
  { name: 'a character beyond a byte is no byte', rules: [['a']], origin: '\u0161', whole: [] },
]
for (const { name, rules, origin, ...expected } of patterns) {
  t.test(name, async t => {
    const index = indexOf(...rules)
    if (expected.whole !== undefined) t.strictSame(whole(index, origin), expected.whole)
    if (expected.open !== undefined) t.strictSame(open(index, origin, expected.open[0]), expected.open[1])
  })
}

t.test('many origins lead each to its rule', async t => {
  const index = indexOf(...many.map(origin => [origin]))
  for (const [rule, origin] of many.entries()) t.strictSame(whole(index, origin), [rule], origin)
  t.strictSame(whole(index, 'https://app500.example'), [])
})

t.test('origins of one hash are told apart, as they are and as ends', async t => {
  t.equal(new Set(sameHash.map(text => hashEnd(text, text.length))).size, 1)
  const index = indexOf(...sameHash.slice(1).map(text => [text, `x*${text}`]))
  for (const [rule, text] of sameHash.slice(1).entries()) {
    t.strictSame(whole(index, text), [rule], text)
    t.strictSame(open(index, `xyz${text}`, text.length), [rule], `x*${text}`)
  }
  const [unlisted = ''] = sameHash
  t.strictSame(whole(index, unlisted), [])
  t.strictSame(open(index, `xyz${unlisted}`, unlisted.length), [])
})

t.test('a hash is a 32-bit integer, of a whole pattern another than of an end', async t => {
  const hash = hashEnd(many.join(), 5000)
  t.equal(hash | 0, hash)
  t.equal(wholeHash(hash) | 0, wholeHash(hash))
  t.not(wholeHash(hash), hash)
})

const bounds: { name: string; rules: string[][]; longest: number; suffixLengths: number[] }[] = [
  { name: 'no rules', rules: [], longest: -1, suffixLengths: [] },
  { name: 'the longest pattern without *', rules: [['ab', 'abcd'], ['abc']], longest: 4, suffixLengths: [] },
  {
    name: 'each length of an end once, the shortest first',
    rules: [
      ['*abc', 'a*'],
      ['*', '*xyz', 'x*y'],
    ],
    longest: -1,
    suffixLengths: [0, 1, 3],
  },
  { name: 'lengths in bytes of UTF-8', rules: [['\u20ac', '*\u20ac']], longest: 3, suffixLengths: [3] },
]
for (const { name, rules, longest, suffixLengths } of bounds) {
  t.test(`an index says how far an origin has to be read: ${name}`, async t => {
    const index = indexOf(...rules)
    t.strictSame([index.longest, index.suffixLengths], [longest, suffixLengths])
    t.ok(Object.isFrozen(index) && Object.isFrozen(index.suffixLengths))
  })
}

t.test('more patterns than there can be chains', async t => {
  const origins = Array.from({ length: 70_000 }, (_, index) => `o${index}`)
  const index = indexOf(origins.slice(0, 69_000), origins.slice(69_000))
  t.equal(index.mask, 65_535)
  t.strictSame([whole(index, 'o0'), whole(index, 'o68999'), whole(index, 'o69999')], [[0], [0], [1]])
})
