import t from 'tap'
import { extendHash, indexOrigins } from '../../src/cors/origin-index.ts'
import { policyForOrigins } from '../fixtures/cors-policy.ts'

const many = Array.from({ length: 20 }, (_, index) => `https://app${index}.example`)
const { rules } = policyForOrigins(['https://a', '*.example.com'], ['*', 'https://a'], ['a*', '*b', ...many], ['*'])

t.test('each pattern leads to the rules that list it', async t => {
  const index = indexOrigins(rules)
  const at = (listing: readonly { index: number }[] | undefined) => listing?.map(rule => rule.index)
  t.strictSame(at(index.any), [1, 3])
  t.strictSame(at(index.exact.get('https://a')), [0, 1])
  for (const origin of many) t.strictSame(at(index.exact.get(origin)), [2], origin)
  t.equal(index.exact.get('*'), undefined)
  t.strictSame(
    index.wildcards.map(({ pattern, rule }, at) => [
      pattern.prefix,
      pattern.suffix,
      rule.index,
      index.suffixes[2 * at],
    ]),
    [
      ['a', '', 2, 0],
      ['', 'b', 2, 1],
      ['', '.example.com', 0, 12],
    ],
    'the shortest suffix first',
  )
})

t.test('the hash of a suffix is what a request finds from the end of its origin', async t => {
  const [, empty, , short, , long] = indexOrigins(rules).suffixes
  t.equal(empty, 0)
  t.equal(short, extendHash(0, 0x62))
  const origin = 'https://x.example.com'
  let hash = 0
  for (let length = 0; length < 12; length++) hash = extendHash(hash, origin.charCodeAt(origin.length - 1 - length))
  t.equal(long, hash)
  t.equal(hash | 0, hash, 'a 32-bit integer')
})

t.test('a policy without rules lists nothing', async t => {
  const index = indexOrigins([])
  t.strictSame([index.any.length, index.exact.size, index.wildcards.length, index.suffixes.length], [0, 0, 0, 0])
})
