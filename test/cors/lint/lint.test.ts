import t from 'tap'
import { lintRules } from '../../../src/cors/lint/lint.ts'
import type { CorsRule } from '../../../src/cors/rules/rule.ts'

const sound: CorsRule = {
  allowedOrigins: ['https://a.example'],
  allowedMethods: ['GET'],
  allowedHeaders: [],
  exposeHeaders: [],
}

/** A rule for uploads of files, one request each. */
const put: CorsRule = { ...sound, allowedMethods: ['PUT'], allowedHeaders: ['Content-Type'], exposeHeaders: ['ETag'] }
const sdk = ['Authorization', 'Content-Type', 'amz-sdk-*', 'x-amz-*']

const cases: { name: string; rules: CorsRule[]; expected: string[] }[] = [
  { name: 'a sound rule has no warning', rules: [sound], expected: [] },
  { name: '* alone has no warning', rules: [{ ...sound, allowedOrigins: ['*'] }], expected: [] },
  {
    name: 'the warnings of each origin point at it',
    rules: [sound, { ...sound, allowedOrigins: ['https://b.example', 'http://a.example/'] }],
    expected: ['1.AllowedOrigins.1 trailing-slash'],
  },
  {
    name: '* beside exact origins',
    rules: [{ ...sound, allowedOrigins: ['https://a.example', '*'] }],
    expected: ['0.AllowedOrigins.1 wildcard-beside-exact'],
  },
  {
    name: 'a negative MaxAgeSeconds',
    rules: [{ ...sound, maxAgeSeconds: -1 }],
    expected: ['0.MaxAgeSeconds negative-max-age'],
  },
  {
    name: 'MaxAgeSeconds over 7200',
    rules: [
      { ...sound, maxAgeSeconds: 7200 },
      { ...sound, allowedOrigins: ['https://b.example'], maxAgeSeconds: 7201 },
      { ...sound, allowedOrigins: ['https://c.example'], maxAgeSeconds: 0 },
    ],
    expected: ['1.MaxAgeSeconds long-max-age'],
  },
  {
    name: 'PUT without ETag exposed',
    rules: [
      { ...put, exposeHeaders: [] },
      { ...put, allowedMethods: ['GET', 'PUT'], exposeHeaders: ['x-amz-request-id'] },
      { ...put, allowedOrigins: ['https://b.example'], exposeHeaders: ['x', 'etag'] },
    ],
    expected: ['0 etag-not-exposed', '1.ExposeHeaders etag-not-exposed'],
  },
  {
    name: 'PUT without Content-Type',
    rules: [
      { ...put, allowedHeaders: [] },
      { ...put, allowedOrigins: ['https://b.example'], allowedHeaders: ['content-*'] },
      { ...put, allowedOrigins: ['https://c.example'], allowedHeaders: ['*'] },
    ],
    expected: ['0.AllowedHeaders content-type-not-allowed'],
  },
  {
    name: 'what AWS SDK v3 signs with, without all that it sends',
    rules: [
      ['Authorization'],
      ['authorization', 'x-amz-date'],
      ['Authorization', 'X-Amz-*'],
      ['x-amz-*'],
      ['x-amz-*', 'amz-sdk-*'],
      ['Authorization', 'amz-sdk-*', 'X-Amz-*'],
      ['*'],
      ['Content-Type', 'x-amz-meta-*'],
    ].map((allowedHeaders, index) => ({ ...sound, allowedOrigins: [`https://${index}.example`], allowedHeaders })),
    expected: [0, 1, 2, 3, 4].map(index => `${index}.AllowedHeaders sdk-headers-not-allowed`),
  },
  {
    name: 'uploads in parts without POST, for the SDK alone',
    rules: [
      { ...put, allowedHeaders: sdk },
      {
        ...put,
        allowedOrigins: ['https://b.example'],
        allowedHeaders: sdk,
        allowedMethods: ['PUT', 'POST'],
        exposeHeaders: ['ETag', 'x-amz-checksum-crc32'],
      },
      { ...put, allowedOrigins: ['https://c.example'], allowedHeaders: ['*'] },
      { ...put, allowedOrigins: ['https://d.example'] },
    ],
    expected: ['0.AllowedMethods post-not-allowed'],
  },
  {
    name: 'uploads in parts whose checksums cannot be read, for the SDK alone',
    rules: [
      { ...put, allowedHeaders: sdk, allowedMethods: ['PUT', 'POST'] },
      {
        ...put,
        allowedOrigins: ['https://b.example'],
        allowedHeaders: sdk,
        allowedMethods: ['PUT', 'POST'],
        exposeHeaders: ['ETag', 'X-Amz-Checksum-CRC32'],
      },
      { ...put, allowedOrigins: ['https://c.example'], allowedHeaders: ['*'], allowedMethods: ['PUT', 'POST'] },
      { ...put, allowedOrigins: ['https://d.example'], allowedMethods: ['PUT', 'POST'] },
    ],
    expected: ['0.ExposeHeaders checksum-not-exposed'],
  },
  {
    name: 'uploads in parts whose POST has a rule of its own, for all of the origins or for some',
    rules: [
      { ...put, allowedHeaders: sdk },
      { ...put, allowedHeaders: sdk, allowedMethods: ['POST'] },
      { ...put, allowedOrigins: [...put.allowedOrigins, 'https://b.example'], allowedHeaders: sdk },
    ],
    expected: ['2.AllowedMethods post-not-allowed'],
  },
  {
    name: 'uploads in parts whose failure is hidden by a refused DELETE',
    rules: [
      { ...put, allowedMethods: ['PUT', 'POST'], exposeHeaders: [] },
      { ...put, allowedMethods: ['PUT', 'POST', 'DELETE'], exposeHeaders: [] },
      { ...put, allowedOrigins: ['https://b.example'], allowedMethods: ['PUT', 'POST'] },
    ],
    expected: ['0 etag-not-exposed', '0.AllowedMethods delete-not-allowed', '1 etag-not-exposed'],
  },
  {
    name: 'Range without the fields that tell of ranges',
    rules: [
      { ...sound, allowedHeaders: ['Range'] },
      { ...sound, allowedMethods: ['GET', 'HEAD'], allowedHeaders: ['range'], exposeHeaders: ['content-range'] },
      {
        ...sound,
        allowedOrigins: ['https://b.example'],
        allowedHeaders: ['Range'],
        exposeHeaders: ['Content-Range', 'Accept-Ranges'],
      },
      { ...sound, allowedOrigins: ['https://c.example'], allowedHeaders: ['*'] },
    ],
    expected: ['0 ranges-not-exposed', '1.ExposeHeaders ranges-not-exposed'],
  },
  {
    name: 'a rule that an earlier one hides',
    rules: [
      {
        ...sound,
        allowedOrigins: ['https://*.example.com'],
        allowedMethods: ['GET', 'HEAD'],
        allowedHeaders: ['x-*', 'y-a'],
      },
      { ...sound, allowedOrigins: ['https://a.example.com'], allowedHeaders: ['x-a'], exposeHeaders: ['ETag'] },
      { ...sound, allowedOrigins: ['https://*.a.example.com'] },
      { ...sound, allowedOrigins: ['https://a.example.com'], allowedMethods: ['GET', 'DELETE'] },
      { ...sound, allowedOrigins: ['https://a.example.com'], allowedHeaders: ['y'] },
      { ...sound, allowedOrigins: ['https://a.example.com', 'https://b.example'] },
      { ...sound, allowedOrigins: ['*'], allowedHeaders: ['*'] },
      { ...sound, allowedOrigins: ['https://z.example'], allowedHeaders: ['q'] },
    ],
    expected: ['1 hidden-rule', '2 hidden-rule', '7 hidden-rule'],
  },
  {
    name: 'an ID that another rule has',
    rules: ['a', 'b', undefined, undefined, 'a'].map((id, index) => ({
      ...sound,
      allowedOrigins: [`https://${index}.example`],
      ...(id === undefined ? {} : { id }),
    })),
    expected: ['4.ID duplicate-id'],
  },
]

for (const { name, rules, expected } of cases) {
  t.test(name, async t => {
    const warnings = lintRules(rules)
    t.strictSame(
      warnings.map(({ path, reason }) => `${path.join('.')} ${reason}`),
      expected,
    )
    for (const { severity, message, allowed, s3Code } of warnings) {
      t.equal(severity, 'warning')
      t.equal(s3Code, undefined, 'S3 accepts it')
      t.ok(message.length > 20 && allowed.length > 3, 'it says why, and what instead')
    }
  })
}

t.test('a warning carries the value it is about', async t => {
  const [warning] = lintRules([{ ...sound, allowedOrigins: ['null'] }])
  t.equal(warning?.value, 'null')
})

t.test('a rule that has a fault is passed over, and the others keep their places', async t => {
  const warnings = lintRules([undefined, { ...sound, allowedOrigins: ['null'] }])
  t.strictSame(
    warnings.map(({ path }) => path),
    [[1, 'AllowedOrigins', 0]],
  )
})
