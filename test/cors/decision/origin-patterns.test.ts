import t from 'tap'
import { readPatterns } from '../../../src/cors/decision/origin-patterns.ts'

const cases: { name: string; rules: string[][]; text: string; lengths: number[] }[] = [
  { name: 'no rules', rules: [], text: '', lengths: [] },
  { name: 'ASCII is one byte a character', rules: [['ab', 'c'], ['*']], text: 'abc*', lengths: [2, 1, 1] },
  {
    name: 'a character is its UTF-8',
    rules: [['\u00e4'], ['\u20ac', 'b']],
    text: '\u00c3\u00a4\u00e2\u0082\u00acb',
    lengths: [2, 3, 1],
  },
  { name: 'two halves are one character', rules: [['\ud83d\ude00']], text: '\u00f0\u009f\u0098\u0080', lengths: [4] },
  {
    name: 'halves in two patterns are none',
    rules: [['\ud83d'], ['\ude00']],
    text: '\u00ef\u00bf\u00bd\u00ef\u00bf\u00bd',
    lengths: [3, 3],
  },
]
for (const { name, rules, text, lengths } of cases) {
  t.test(name, async t => {
    const patterns = readPatterns(
      rules.map(allowedOrigins => ({ allowedOrigins, allowedMethods: ['GET'], allowedHeaders: [], exposeHeaders: [] })),
    )
    t.equal(String.fromCharCode(...patterns.text), text)
    t.strictSame(patterns.lengths, lengths)
  })
}
