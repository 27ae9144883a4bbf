import t from 'tap'
import { matches, parsePattern } from '../../../src/cors/patterns/pattern.ts'

const cases: { name: string; pattern: string; accepted: string[]; rejected: string[] }[] = [
  {
    name: 'a pattern without * stands for itself alone',
    pattern: 'https://a.example',
    accepted: ['https://a.example'],
    rejected: ['https://a.example/', 'https://a.exampl', 'https://b.example', 'HTTPS://a.example', ''],
  },
  {
    name: '* in the middle is anchored at both ends and may be empty (S3T)',
    pattern: 'start*end',
    accepted: ['startend', 'start1end', 'start12end'],
    rejected: ['0start12end', 'start12end0', 'star', 'startx', 'tend'],
  },
  {
    name: '* at the start',
    pattern: '*suffix',
    accepted: ['foo.suffix', 'suffix'],
    rejected: ['foo.suffix.get', 'uffix'],
  },
  {
    name: '* at the end',
    pattern: 'prefix*',
    accepted: ['prefix', 'prefix.suffix'],
    rejected: ['bla.prefix', 'prefi'],
  },
  { name: '* alone matches everything', pattern: '*', accepted: ['', 'null', 'https://a.example', '*'], rejected: [] },
  {
    name: 'prefix and suffix do not overlap',
    pattern: 'aba*aba',
    accepted: ['abaaba', 'aba-aba'],
    rejected: ['aba', 'ababa'],
  },
  {
    name: 'the dot is a dot, and * spans dots, slashes and colons',
    pattern: 'https://*.example.com',
    accepted: ['https://a.example.com', 'https://a.b.example.com', 'https://.example.com', 'https://x/:.example.com'],
    rejected: ['https://example.com', 'https://aexample.com', 'https://a.example.com:8080', 'https://a.exampleXcom'],
  },
  {
    name: 'any port',
    pattern: 'http://localhost:*',
    accepted: ['http://localhost:3000', 'http://localhost:'],
    rejected: ['http://localhost', 'https://localhost:3000'],
  },
  {
    name: 'characters of regular expressions mean nothing',
    pattern: 'a.(b|c)+*[x]$',
    accepted: ['a.(b|c)+[x]$', 'a.(b|c)+??[x]$'],
    rejected: ['aXb[x]', 'a.bx'],
  },
  { name: 'the empty pattern matches the empty value only', pattern: '', accepted: [''], rejected: ['a'] },
]

for (const { name, pattern, accepted, rejected } of cases) {
  t.test(name, async t => {
    const parsed = parsePattern(pattern)
    for (const value of accepted) t.equal(matches(parsed, value), true, `${pattern} accepts '${value}'`)
    for (const value of rejected) t.equal(matches(parsed, value), false, `${pattern} rejects '${value}'`)
  })
}

t.test('a pattern is cut at its first *', async t => {
  t.strictSame(parsePattern('a*b'), { prefix: 'a', suffix: 'b' })
  t.strictSame(parsePattern('ab'), { prefix: 'ab', suffix: undefined })
  t.strictSame(parsePattern('*'), { prefix: '', suffix: '' })
})
