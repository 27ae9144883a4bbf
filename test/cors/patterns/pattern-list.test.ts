import t from 'tap'
import { compilePatterns, covers } from '../../../src/cors/patterns/pattern-list.ts'

const many = Array.from({ length: 40 }, (_, index) => `https://app${index}.example`)

const cases: { name: string; patterns: string[]; covered: string[]; uncovered: string[] }[] = [
  { name: 'an empty list covers nothing', patterns: [], covered: [], uncovered: ['', 'a'] },
  { name: 'the literal * covers everything', patterns: ['https://a', '*'], covered: ['', 'b', 'null'], uncovered: [] },
  {
    name: 'a short list covers what it lists and what its wildcards match',
    patterns: ['https://a', 'https://*.b'],
    covered: ['https://a', 'https://x.b'],
    uncovered: ['https://b', 'a', '', 'https://*'],
  },
  {
    name: 'a long list covers what it lists and what its wildcards match',
    patterns: [...many, '*.c'],
    covered: [...many, 'x.c'],
    uncovered: ['https://app40.example', 'https://app1.exampl', 'c'],
  },
  {
    name: 'the names of object properties are nothing special',
    patterns: ['constructor', ...many],
    covered: ['constructor'],
    uncovered: ['__proto__', 'toString'],
  },
]

for (const { name, patterns, covered, uncovered } of cases) {
  t.test(name, async t => {
    const list = compilePatterns(patterns)
    for (const value of covered) t.equal(covers(list, value), true, `covers '${value}'`)
    for (const value of uncovered) t.equal(covers(list, value), false, `does not cover '${value}'`)
    t.equal(list.any, patterns.includes('*'))
  })
}
