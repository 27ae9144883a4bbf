import t from 'tap'
import { isFreshnessField } from '../../../src/proxy/exchange/freshness-field.ts'

const cases: readonly { names: readonly string[]; expected: boolean; who: string }[] = [
  { names: ['cache-control', 'expires', 'pragma'], expected: true, who: 'every cache' },
  { names: ['x-accel-expires'], expected: true, who: 'nginx' },
  { names: ['surrogate-control', 'edge-control'], expected: true, who: 'surrogates' },
  {
    names: ['cdn-cache-control', 'cloudflare-cdn-cache-control', 'x-litespeed-cache-control'],
    expected: true,
    who: 'one CDN',
  },
  {
    names: ['etag', 'last-modified', 'age', 'date', 'vary', 'x-amz-meta-cache', 'x-accel-redirect'],
    expected: false,
    who: 'no cache',
  },
]
for (const { names, expected, who } of cases) {
  t.test(`${names.join(', ')}: told to ${who}`, async t => {
    for (const name of names) t.equal(isFreshnessField(name), expected, name)
  })
}
