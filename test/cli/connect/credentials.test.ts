import t from 'tap'
import { checkCredentials } from '../../../src/cli/connect/credentials.ts'
import type { TransportAnswer, TransportFailure } from '../../../src/s3/endpoint/endpoint-transport.ts'
import { errorOf } from '../../fixtures/fake-bucket.ts'
import { bucketsOf, documentOf, wishedEndpoint } from '../../fixtures/wished-endpoint.ts'

type Answer = TransportAnswer | TransportFailure
const environment = { credentials: 'environment', region: 'us-east-1' } as const
const withRegion = documentOf(
  400,
  '<Error><Code>AuthorizationHeaderMalformed</Code><Message>m</Message><Region>gra</Region></Error>',
)

const cases: readonly {
  name: string
  answer: Answer
  spoiled?: Answer
  severity: string
  what: RegExp | string
  todo?: RegExp | string
  good?: boolean
}[] = [
  {
    name: 'keys that are accepted',
    answer: bucketsOf('a-1', 'b-2'),
    spoiled: errorOf(403, 'SignatureDoesNotMatch'),
    severity: 'ok',
    what: 'accepted; ListBuckets shows 2 buckets',
    good: true,
  },
  {
    name: 'one bucket',
    answer: bucketsOf('a-1'),
    spoiled: errorOf(403, 'X'),
    severity: 'ok',
    what: /shows 1 bucket$/,
    good: true,
  },
  {
    name: 'keys that may not list',
    answer: errorOf(403, 'AccessDenied'),
    spoiled: errorOf(403, 'SignatureDoesNotMatch'),
    severity: 'ok',
    what: /^accepted; they may not list buckets/,
    good: true,
  },
  {
    name: 'keys that are refused without a reason',
    answer: errorOf(403, 'AccessDenied'),
    severity: 'fault',
    what: 'ListBuckets: 403 AccessDenied',
    todo: /s3:ListAllMyBuckets/,
  },
  {
    name: 'keys that may not list, and an endpoint that is gone',
    answer: errorOf(403, 'AccessDenied'),
    spoiled: { kind: 'failure', reason: 'network', detail: 'X' },
    severity: 'fault',
    what: 'ListBuckets: 403 AccessDenied',
  },
  {
    name: 'a key that the endpoint does not know',
    answer: errorOf(403, 'InvalidAccessKeyId'),
    severity: 'fault',
    what: 'ListBuckets: 403 InvalidAccessKeyId',
    todo: /AWS_ACCESS_KEY_ID/,
  },
  ...(
    [
      [404, 'XAdminUserNotFound'],
      [404, 'InvalidClientTokenId'],
      [404, 'UnrecognizedClientException'],
      [403, 'NotSignedUp'],
      [403, 'InvalidSecurity'],
    ] as const
  ).map(([status, code]) => ({
    name: `a key that the endpoint does not know, which it says with ${status} ${code}`,
    answer: errorOf(status, code),
    severity: 'fault',
    what: `ListBuckets: ${status} ${code}`,
    todo: /^set AWS_ACCESS_KEY_ID to a key of this endpoint$/,
  })),
  {
    name: 'a wrong secret',
    answer: errorOf(403, 'SignatureDoesNotMatch'),
    severity: 'fault',
    what: /SignatureDoesNotMatch$/,
    todo: /^correct AWS_SECRET_ACCESS_KEY; .*changes Host/,
  },
  {
    name: 'another region, by name',
    answer: withRegion,
    severity: 'fault',
    what: 'ListBuckets: 400 AuthorizationHeaderMalformed',
    todo: 'set upstream.region: gra',
  },
  {
    name: 'another region',
    answer: errorOf(400, 'AuthorizationHeaderMalformed'),
    severity: 'fault',
    what: /Malformed$/,
    todo: 'another upstream.region than us-east-1',
  },
  {
    name: 'a name that is taken for a bucket',
    answer: errorOf(404, 'NoSuchBucket'),
    severity: 'fault',
    what: 'ListBuckets: 404 NoSuchBucket',
    todo: /^a name that the endpoint knows as its own/,
  },
  {
    name: 'a clock that is off',
    answer: errorOf(403, 'RequestTimeTooSkewed'),
    severity: 'fault',
    what: /Skewed$/,
    todo: /clocks/,
  },
  {
    name: 'a session that ended',
    answer: errorOf(400, 'ExpiredToken'),
    severity: 'fault',
    what: /ExpiredToken$/,
    todo: /SESSION/,
  },
  {
    name: 'a web server',
    answer: documentOf(200, '<html/>'),
    severity: 'fault',
    what: /not ListAllMyBucketsResult/,
    todo: /not of its console/,
  },
  {
    name: "a web server's 404",
    answer: documentOf(404, 'none'),
    severity: 'fault',
    what: 'ListBuckets: 404',
    todo: /not of its console/,
  },
  {
    name: 'a gateway',
    answer: documentOf(502, 'no'),
    severity: 'fault',
    what: 'ListBuckets: 502',
    todo: /health of the endpoint/,
  },
  {
    name: 'no answer',
    answer: { kind: 'failure', reason: 'timeout', detail: 'no complete answer within 2 s' },
    severity: 'fault',
    what: 'ListBuckets: no complete answer within 2 s',
    todo: /health of the endpoint/,
  },
]
for (const { name, answer, spoiled = answer, severity, what, todo, good = false } of cases) {
  t.test(`${name}: ${severity}`, async t => {
    const endpoint = wishedEndpoint(({ call }) => (call.spoilSignature ? spoiled : answer))
    const { findings, ...rest } = await checkCredentials(endpoint, true, environment)
    t.match(findings, [{ severity, about: 'upstream.credentials', what }])
    if (todo !== undefined) t.match(findings[0]?.todo, todo)
    t.equal(rest.good, good)
    if (severity === 'fault') {
      const unneeded = await checkCredentials(endpoint, false, environment)
      t.equal(unneeded.findings[0]?.severity, 'warning', 'where nothing needs them')
    }
  })
}

for (const keys of ['some', 'none'] as const) {
  t.test(`an endpoint that verifies no signature is told, with ${keys} keys`, async t => {
    const endpoint = wishedEndpoint(
      ({ call, wishes }) =>
        keys === 'some' || (wishes.madeUpKeys && call.spoilSignature) ? bucketsOf('a-1') : errorOf(403, 'AccessDenied'),
      keys,
    )
    const { findings } = await checkCredentials(endpoint, false, environment)
    t.match(findings[1], {
      severity: 'warning',
      about: 'upstream',
      what: 'the endpoint verifies no signature: every client that reaches this proxy may read and write everything',
      todo: /^let only trusted clients reach this proxy/,
    })
  })
}

t.test('the buckets that the keys show are passed on', async t => {
  const { buckets } = await checkCredentials(
    wishedEndpoint(() => bucketsOf('a-1')),
    true,
    environment,
  )
  t.strictSame(buckets, new Set(['a-1']))
})

const without: readonly {
  keys: 'none' | 'unusable'
  needed: boolean
  credentials: 'environment' | 'none'
  severity: string
  todo: RegExp | undefined
}[] = [
  { keys: 'none', needed: false, credentials: 'environment', severity: 'ok', todo: undefined },
  { keys: 'none', needed: true, credentials: 'environment', severity: 'warning', todo: /^set AWS_ACCESS_KEY_ID/ },
  { keys: 'none', needed: true, credentials: 'none', severity: 'warning', todo: /^set upstream\.credentials: env/ },
  { keys: 'unusable', needed: true, credentials: 'environment', severity: 'fault', todo: /variables/ },
  { keys: 'unusable', needed: false, credentials: 'environment', severity: 'warning', todo: /variables/ },
]
for (const { keys, needed, credentials, severity, todo } of without) {
  t.test(`${keys} keys, ${needed ? '' : 'not '}needed, "credentials: ${credentials}": ${severity}`, async t => {
    const endpoint = wishedEndpoint(() => errorOf(500, 'asked'), keys)
    const { findings, good } = await checkCredentials(endpoint, needed, { credentials, region: 'gra' })
    t.match(findings, [{ severity }])
    if (todo === undefined) t.equal(findings[0]?.todo, undefined)
    else t.match(findings[0]?.todo, todo)
    t.equal(good, false)
  })
}
