import t from 'tap'
import { checkBucketRules } from '../../../../src/cli/connect/buckets/bucket-rules.ts'
import { missingIn } from '../../../../src/cli/connect/buckets/missing-buckets.ts'
import { fetchFailureReasons } from '../../../../src/s3/endpoint/fetch-failure.ts'
import type { CorsFetchResult } from '../../../../src/s3/endpoint/get-bucket-cors.ts'

const rule = {
  allowedOrigins: ['https://a.example'],
  allowedMethods: ['GET'],
  allowedHeaders: [],
  exposeHeaders: [],
} as const

const endpointUrl = 'http://minio:9000'
const missing = missingIn([], [], endpointUrl)

const cases: readonly {
  name: string
  result: CorsFetchResult
  lines: readonly (string | RegExp)[]
  where?: string
}[] = [
  { name: 'one rule', result: { kind: 'rules', rules: [rule] }, lines: ['ok: 1 rule by GetBucketCors'] },
  {
    name: 'rules that a person regrets',
    result: { kind: 'rules', rules: [rule, { ...rule, allowedOrigins: ['https://a.example/'] }] },
    lines: [
      'ok: 2 rules by GetBucketCors',
      /^warning: rule 2, AllowedOrigins "https:\/\/a\.example\/": .*; the same without the slash: "https:\/\/a\.example"$/,
    ],
  },
  {
    name: 'rules that S3 would refuse',
    result: {
      kind: 'rules',
      rules: [rule, { allowedOrigins: [], allowedMethods: [], allowedHeaders: [], exposeHeaders: [] }],
      faults: [
        { index: 0, id: undefined, effect: 'value-ignored', message: 'ExposeHeader "*"' },
        { index: 1, id: 'x', effect: 'rule-ignored', message: 'AllowedOrigin "**"' },
      ],
    },
    lines: [
      'ok: 2 rules by GetBucketCors',
      /^warning: stored rule 1: ExposeHeader "\*"; ignored, the rest of the rule holds; put rules that S3 takes: aws s3api put-bucket-cors --endpoint-url http:\/\/minio:9000 --bucket media --cors-configuration file:\/\/cors.json$/,
      /^warning: stored rule 2 \(ID "x"\): AllowedOrigin "\*\*"; the rule matches nothing; put rules that S3 takes: aws s3api put-bucket-cors --endpoint-url http:\/\/minio:9000 --bucket media --cors-configuration file:\/\/cors.json$/,
    ],
  },
  {
    name: 'no rules',
    result: { kind: 'none', unsupported: false },
    lines: [
      /^warning: the bucket has no rules: .*; aws s3api put-bucket-cors --endpoint-url http:\/\/minio:9000 --bucket media --cors-configuration file:\/\/cors.json; where/,
    ],
  },
  {
    name: 'an endpoint without rules',
    result: { kind: 'none', unsupported: true, said: '200 ListBucketResult' },
    lines: [
      /^warning: this endpoint keeps no rules \(GET \?cors is answered 200 ListBucketResult\): every preflight of media is refused; CORSRules or CORSFile/,
    ],
    where: 'buckets',
  },
  {
    name: 'no bucket',
    result: { kind: 'no-such-bucket' },
    lines: [
      /^fault: the endpoint has no bucket of this name: its preflights get 403; .*create-bucket --endpoint-url http:\/\/minio:9000 --bucket media$/,
    ],
  },
  ...fetchFailureReasons.map(reason => ({
    name: `a failure (${reason})`,
    result: { kind: 'failure', reason, detail: 'what was said' } as const,
    lines: [new RegExp(`^fault: GetBucketCors: ${reason}: what was said; \\S`)],
  })),
]
for (const { name, result, lines, where = 'buckets.media' } of cases) {
  t.test(`${name} is said, with what to do`, async t => {
    const findings = await checkBucketRules(async () => result, ['media'], missing, endpointUrl)
    const said = findings.map(
      ({ severity, what, todo }) => `${severity}: ${what}${todo === undefined ? '' : `; ${todo}`}`,
    )
    t.equal(said.length, lines.length)
    t.match(said, lines)
    for (const { about } of findings) t.equal(about, where)
  })
}

t.test('an endpoint that keeps no rules is told of once, whatever the number of buckets', async t => {
  const names = Array.from({ length: 12 }, (_, index) => `bucket-${index}`)
  const findings = await checkBucketRules(
    async () => ({ kind: 'none', unsupported: true, said: '501' }),
    names,
    missing,
    endpointUrl,
  )
  t.equal(findings.length, 1)
  t.match(findings[0]?.what, /bucket-0, .*bucket-9 and 2 more is refused$/)
  t.notMatch(JSON.stringify(findings), /put-bucket-cors|managed|MinIO/)
})

t.test('every bucket is asked for, and told of in order', async t => {
  const names = Array.from({ length: 20 }, (_, index) => `bucket-${index}`)
  const findings = await checkBucketRules(async () => ({ kind: 'no-such-bucket' }), names, missing, endpointUrl)
  t.strictSame(
    findings.map(({ about }) => about),
    names.map(name => `buckets.${name}`),
  )
})
