import t from 'tap'
import { parseSnapshot, type SnapshotResult } from '../../src/config/load-configuration.ts'
import { packResult, unpackResult } from '../../src/config/packed-result.ts'
import { IncompleteParcel } from '../../src/config/parcel.ts'
import { contentOf, upstreamLine } from '../fixtures/parsed-text.ts'

const rule = '{ AllowedOrigins: ["https://a.example"], AllowedMethods: [GET] }'

function parse(buckets: number, rules: number) {
  const list = new Array(rules).fill(rule).join(', ')
  const entries = Array.from({ length: buckets }, (_, i) => `  bucket-${i}: { CORSRules: [${list}] }\n`)
  const text = `${upstreamLine}buckets: ${buckets === 0 ? '{}' : `\n${entries.join('')}`}\n`
  return parseSnapshot({ file: 'a.yaml', environment: {}, flags: {} }, new Map([['a.yaml', contentOf(text)]]))
}

const cases = [
  { name: 'no bucket', buckets: 0, rules: 0 },
  { name: 'one bucket', buckets: 1, rules: 1 },
  { name: 'many small buckets', buckets: 250, rules: 1 },
  { name: 'buckets of many rules', buckets: 6, rules: 100 },
]
for (const { name, buckets, rules } of cases) {
  t.test(`a configuration of ${name} is whole again after it crossed processes`, async t => {
    const result = parse(buckets, rules)
    t.equal(result.parsed.configuration?.buckets.length, buckets)
    const received = unpackResult([Buffer.concat(packResult(result))])
    const counted = received.parsed.configuration?.buckets.map(({ ruleCount }) => ruleCount)
    t.strictSame(counted, new Array(buckets).fill(rules))
    t.strictSame(withoutCounts(received), result)
    t.strictSame(withoutCounts(structuredClone(received)), result, 'and can be sent on')
  })
}

t.test('rules are text until they are read', async t => {
  const pieces = packResult(parse(1, 3))
  t.match(Buffer.from(pieces.at(-1) ?? []).toString(), /^\[\{.*"https:\/\/a\.example".*\}\]$/)
  const broken = [...pieces.slice(0, -1), Buffer.alloc(pieces.at(-1)?.length ?? 0, 'no JSON')]
  const [bucket] = unpackResult(broken).parsed.configuration?.buckets ?? []
  t.equal(bucket?.ruleCount, 3)
  t.throws(() => bucket?.rules, SyntaxError)
})

t.test('a result whose last byte is missing is none', async t => {
  const whole = Buffer.concat(packResult(parse(2, 1)))
  t.throws(() => unpackResult([whole.subarray(0, -1)]), IncompleteParcel)
})

t.test('a result without a configuration crosses as it is', async t => {
  const source = { file: 'a.yaml', environment: {}, flags: {} }
  const result = parseSnapshot(source, new Map([['a.yaml', contentOf('nonsense: [')]]))
  t.equal(result.parsed.configuration, undefined)
  t.strictSame(unpackResult([Buffer.concat(packResult(result))]), result)
})

function withoutCounts(result: SnapshotResult): SnapshotResult {
  const { configuration } = result.parsed
  if (configuration === undefined) return result
  const buckets = configuration.buckets.map(({ ruleCount, ...bucket }) => bucket)
  return { ...result, parsed: { ...result.parsed, configuration: { ...configuration, buckets } } }
}
