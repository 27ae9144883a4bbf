import t from 'tap'
import {
  type CorsRequest,
  type CorsRequestIssue,
  parseCorsRequest,
  requestHeaderLimits,
} from '../../../src/cors/decision/cors-request.ts'

const origin = 'https://a.example'

interface Case {
  name: string
  method?: string
  origin?: string | undefined
  requestMethod?: string
  requestHeaders?: string[]
  expected: CorsRequest | CorsRequestIssue
}

const asked = (headerNames: string[], method = 'GET'): CorsRequest => ({ origin, method, headerNames })
const invalid = (element: string): CorsRequestIssue => ({ kind: 'invalid_header', element })
const tooMany: CorsRequestIssue = { kind: 'too_many_headers' }

const cases: Case[] = [
  { name: 'no Origin is no CORS request', origin: undefined, expected: { kind: 'no_origin' } },
  { name: 'an empty Origin counts as none', origin: '', expected: { kind: 'no_origin' } },
  {
    name: 'no Origin is told before anything else',
    origin: undefined,
    requestMethod: 'BLAH',
    requestHeaders: ['a b'],
    expected: { kind: 'no_origin' },
  },
  { name: 'the own method counts without Access-Control-Request-Method', method: 'GET', expected: asked([]) },
  { name: 'a preflight without Access-Control-Request-Method asks for OPTIONS', expected: asked([], 'OPTIONS') },
  {
    name: 'an actual request with a method that no rule lists is a question all the same',
    method: 'PATCH',
    expected: asked([], 'PATCH'),
  },
  {
    name: 'Access-Control-Request-Method replaces the method of an actual request',
    method: 'GET',
    requestMethod: 'PUT',
    expected: asked([], 'PUT'),
  },
  ...['get', 'Get', 'PUT ', ' GET', 'PURGE', 'PATCH', 'OPTIONS', 'GET, PUT', 'null', ''].map(value => ({
    name: `Access-Control-Request-Method '${value}' is invalid`,
    requestMethod: value,
    expected: { kind: 'invalid_method', value } as const,
  })),
  {
    name: 'an invalid method is told before an invalid field name',
    requestMethod: 'get',
    requestHeaders: ['a b'],
    expected: { kind: 'invalid_method', value: 'get' },
  },
  { name: 'an empty list is no list', requestMethod: 'GET', requestHeaders: [''], expected: asked([]) },
  { name: 'no lines are no list', requestMethod: 'GET', requestHeaders: [], expected: asked([]) },
  { name: 'a list of spaces is no list', requestMethod: 'GET', requestHeaders: [' \t '], expected: asked([]) },
  {
    name: 'names are lower-cased, in order, duplicates kept',
    requestMethod: 'GET',
    requestHeaders: ['X-B,x-a,x-B'],
    expected: asked(['x-b', 'x-a', 'x-b']),
  },
  {
    name: 'spaces and tabs round names do not count',
    requestMethod: 'GET',
    requestHeaders: [' \tcontent-type \t,\texpires '],
    expected: asked(['content-type', 'expires']),
  },
  {
    name: 'empty elements are dropped',
    requestMethod: 'GET',
    requestHeaders: [',content-type,, \t,expires,'],
    expected: asked(['content-type', 'expires']),
  },
  {
    name: 'several lines are one list',
    requestMethod: 'GET',
    requestHeaders: ['a,b', '', 'C'],
    expected: asked(['a', 'b', 'c']),
  },
  {
    name: 'every token character is allowed in a name',
    requestMethod: 'GET',
    requestHeaders: ["!#$%&'*+-.^_`|~09az"],
    expected: asked(["!#$%&'*+-.^_`|~09az"]),
  },
  {
    name: 'an invalid name is told untrimmed, as S3 does',
    requestMethod: 'GET',
    requestHeaders: ['X-Ok, Bad/Header ,x'],
    expected: invalid(' Bad/Header '),
  },
  { name: 'a space inside a name', requestMethod: 'GET', requestHeaders: ['a b'], expected: invalid('a b') },
  { name: 'a tab inside a name', requestMethod: 'GET', requestHeaders: ['a\tb'], expected: invalid('a\tb') },
  { name: 'a control character', requestMethod: 'GET', requestHeaders: ['a\u0000'], expected: invalid('a\u0000') },
  { name: 'a byte over 7F', requestMethod: 'GET', requestHeaders: ['a\u00e4'], expected: invalid('a\u00e4') },
  { name: 'DEL', requestMethod: 'GET', requestHeaders: ['\u007f'], expected: invalid('\u007f') },
  {
    name: 'an invalid name in the second line',
    requestMethod: 'GET',
    requestHeaders: ['a', 'b,"c"'],
    expected: invalid('"c"'),
  },
  {
    name: '100 names are enough',
    requestMethod: 'GET',
    requestHeaders: [Array(100).fill('x').join(',')],
    expected: asked(Array(100).fill('x')),
  },
  {
    name: '101 names are too many',
    requestMethod: 'GET',
    requestHeaders: [Array(101).fill('x').join(',')],
    expected: tooMany,
  },
  {
    name: '101 names over several lines are too many',
    requestMethod: 'GET',
    requestHeaders: Array(101).fill('x'),
    expected: tooMany,
  },
  {
    name: '16 empty elements are allowed',
    requestMethod: 'GET',
    requestHeaders: [`a${','.repeat(16)}`],
    expected: asked(['a']),
  },
  {
    name: '17 empty elements are too many',
    requestMethod: 'GET',
    requestHeaders: [`a${','.repeat(17)}`],
    expected: tooMany,
  },
  {
    name: '17 empty lines are too many',
    requestMethod: 'GET',
    requestHeaders: Array(17).fill(''),
    expected: tooMany,
  },
  {
    name: '4096 bytes are allowed',
    requestMethod: 'GET',
    requestHeaders: ['x'.repeat(4096)],
    expected: asked(['x'.repeat(4096)]),
  },
  { name: '4097 bytes are too many', requestMethod: 'GET', requestHeaders: ['x'.repeat(4097)], expected: tooMany },
  {
    name: '4097 bytes over two lines are too many',
    requestMethod: 'GET',
    requestHeaders: ['x'.repeat(4096), 'y'],
    expected: tooMany,
  },
  {
    name: 'the length is told before any character is looked at',
    requestMethod: 'GET',
    requestHeaders: [','.repeat(15_000)],
    expected: tooMany,
  },
]

for (const { name, method = 'OPTIONS', requestMethod, requestHeaders, expected, ...rest } of cases) {
  t.test(name, async t => {
    const sent = 'origin' in rest ? rest.origin : origin
    t.strictSame(parseCorsRequest(method, sent, requestMethod, requestHeaders), expected)
  })
}

t.test('the Origin is kept byte for byte', async t => {
  for (const value of ['null', ' x ', 'a, b', 'https://\u00c3\u00a4', 'x'.repeat(15_000)]) {
    t.strictSame(parseCorsRequest('GET', value, undefined, undefined), {
      origin: value,
      method: 'GET',
      headerNames: [],
    })
  }
})

t.test('a list that came before is read as it was, however many came in between', async t => {
  const ask = (line: string) => parseCorsRequest('OPTIONS', origin, 'GET', [line])
  t.strictSame(ask('A, b'), asked(['a', 'b']))
  const first = ask('A, b')
  if ('headerNames' in first) t.equal(Object.isFrozen(first.headerNames), true, 'shared, so it cannot be changed')
  for (let i = 0; i < 200; i++) t.strictSame(ask(`X-${i}`), asked([`x-${i}`]))
  t.strictSame(ask('A, b'), asked(['a', 'b']))
  t.strictSame(ask('a b'), invalid('a b'))
  t.strictSame(ask('a b'), invalid('a b'), 'what is refused is refused again')
  t.strictSame(parseCorsRequest('OPTIONS', origin, 'GET', ['A, b', 'A, b']), asked(['a', 'b', 'a', 'b']))
})

t.test('the limits are those that are documented', async t => {
  t.strictSame(requestHeaderLimits, { bytes: 4096, names: 100, emptyElements: 16 })
})
