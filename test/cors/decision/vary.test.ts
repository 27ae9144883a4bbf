import t from 'tap'
import { corsVary, mergeVary } from '../../../src/cors/decision/response-fields.ts'

type Adds = 'none' | 'all'
const cases: { name: string; upstream: string[]; expected: Record<Adds, string | undefined> }[] = [
  {
    name: 'without a Vary of the endpoint there is ours alone',
    upstream: [],
    expected: { none: undefined, all: corsVary },
  },
  {
    name: 'an empty Vary is none',
    upstream: ['', ' , '],
    expected: { none: undefined, all: corsVary },
  },
  {
    name: 'other members stay before ours',
    upstream: ['Accept-Encoding'],
    expected: {
      none: 'Accept-Encoding',
      all: `Accept-Encoding, ${corsVary}`,
    },
  },
  {
    name: 'the three names of CORS are dropped whatever their case, and added once',
    upstream: ['Origin, ACCESS-CONTROL-REQUEST-METHOD', 'origin,access-control-request-headers'],
    expected: { none: undefined, all: corsVary },
  },
  {
    name: 'other members stay in order, over several lines, as they were written',
    upstream: ['Accept-Encoding ,Origin', 'X-B,\tcookie', 'Origins, Access-Control-Request-Metho'],
    expected: {
      none: 'Accept-Encoding, X-B, cookie, Origins, Access-Control-Request-Metho',
      all: `Accept-Encoding, X-B, cookie, Origins, Access-Control-Request-Metho, ${corsVary}`,
    },
  },
  {
    name: 'names of the same length as ours stay',
    upstream: ['Accept', 'x'.repeat(6), 'y'.repeat(29), 'z'.repeat(30)],
    expected: {
      none: `Accept, ${'x'.repeat(6)}, ${'y'.repeat(29)}, ${'z'.repeat(30)}`,
      all: `Accept, ${'x'.repeat(6)}, ${'y'.repeat(29)}, ${'z'.repeat(30)}, ${corsVary}`,
    },
  },
  {
    name: 'a no-break space is no whitespace',
    upstream: ['\xa0Origin', '*\xa0'],
    expected: { none: '\xa0Origin, *\xa0', all: `\xa0Origin, *\xa0, ${corsVary}` },
  },
  { name: '* stays alone', upstream: ['*'], expected: { none: '*', all: '*' } },
  {
    name: '* beside other members stays alone',
    upstream: ['Accept-Encoding', 'Origin, * '],
    expected: { none: '*', all: '*' },
  },
]

for (const { name, upstream, expected } of cases) {
  t.test(name, async t => {
    for (const adds of ['none', 'all'] as const) t.equal(mergeVary(upstream, adds), expected[adds], adds)
  })
}

t.test('of more members than any endpoint names, or longer ones, none is left out unseen: `*` covers them', async t => {
  const names = Array.from({ length: 64 }, (_, index) => `x-${index}`)
  t.equal(mergeVary([names.join(',')], 'all'), `${names.join(', ')}, ${corsVary}`)
  t.equal(mergeVary(names, 'none'), names.join(', '))
  for (const adds of ['all', 'none'] as const) {
    t.equal(mergeVary([[...names, 'x-64'].join(',')], adds), '*')
    t.equal(mergeVary([...names, 'x-64'], adds), '*')
    t.equal(mergeVary(['a,'.repeat(30_000)], adds), '*')
    t.equal(mergeVary([`${'x'.repeat(60_000)}, a`], adds), '*')
  }
})
