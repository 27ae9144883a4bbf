import t from 'tap'
import { parseSnapshot } from '../../src/config/load-configuration.ts'
import { createPartsReader, cutResult } from '../../src/config/parsed-parts.ts'
import { contentOf, upstreamLine } from '../fixtures/parsed-text.ts'

const rule = '{ AllowedOrigins: ["https://a.example"], AllowedMethods: [GET] }'

function parse(buckets: number, rules: number) {
  const list = new Array(rules).fill(rule).join(', ')
  const entries = Array.from({ length: buckets }, (_, i) => `  bucket-${i}: { CORSRules: [${list}] }\n`)
  const text = `${upstreamLine}buckets: ${buckets === 0 ? '{}' : `\n${entries.join('')}`}\n`
  return parseSnapshot({ file: 'a.yaml', environment: {}, flags: {} }, new Map([['a.yaml', contentOf(text)]]))
}

const cases = [
  { name: 'no bucket', buckets: 0, rules: 0, parts: 1 },
  { name: 'one bucket', buckets: 1, rules: 1, parts: 2 },
  { name: 'many small buckets', buckets: 250, rules: 1, parts: 4 },
  { name: 'buckets that are a part each', buckets: 6, rules: 100, parts: 4 },
]
for (const { name, buckets, rules, parts } of cases) {
  t.test(`a configuration of ${name} is whole again after it was cut`, async t => {
    const result = parse(buckets, rules)
    t.equal(result.parsed.configuration?.buckets.length, buckets)
    const cut = [...cutResult(result)].map(part => structuredClone(part))
    t.equal(cut.length, parts)
    const read = createPartsReader()
    const found = cut.map(read)
    t.strictSame(found.slice(0, -1), new Array(parts - 1).fill(undefined))
    t.strictSame(found.at(-1), result)
  })
}

t.test('a result without a configuration is one part', async t => {
  const source = { file: 'a.yaml', environment: {}, flags: {} }
  const result = parseSnapshot(source, new Map([['a.yaml', contentOf('nonsense: [')]]))
  t.equal(result.parsed.configuration, undefined)
  const parts = [...cutResult(result)]
  t.strictSame(parts, [result])
  t.strictSame(parts.map(createPartsReader()), [result])
})
