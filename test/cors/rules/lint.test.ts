import t from 'tap'
import { lintRules } from '../../../src/cors/rules/lint.ts'
import type { CorsRule } from '../../../src/cors/rules/rule.ts'

const sound: CorsRule = {
  allowedOrigins: ['https://a.example'],
  allowedMethods: ['GET'],
  allowedHeaders: [],
  exposeHeaders: [],
}

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
      { ...sound, maxAgeSeconds: 7201 },
      { ...sound, maxAgeSeconds: 0 },
    ],
    expected: ['1.MaxAgeSeconds long-max-age'],
  },
  {
    name: 'PUT without ETag exposed',
    rules: [
      { ...sound, allowedMethods: ['PUT'] },
      { ...sound, allowedMethods: ['GET', 'PUT'], exposeHeaders: ['x-amz-request-id'] },
      { ...sound, allowedMethods: ['PUT'], exposeHeaders: ['x', 'etag'] },
    ],
    expected: ['0 etag-not-exposed', '1.ExposeHeaders etag-not-exposed'],
  },
  {
    name: 'Authorization without what the SDKs sign with it',
    rules: [
      { ...sound, allowedHeaders: ['Authorization'] },
      { ...sound, allowedHeaders: ['authorization', 'x-amz-date'] },
      { ...sound, allowedHeaders: ['Authorization', 'X-Amz-Date', 'x-amz-content-sha256'] },
      { ...sound, allowedHeaders: ['Authorization', 'X-Amz-*'] },
      { ...sound, allowedHeaders: ['*'] },
      { ...sound, allowedHeaders: ['Content-Type'] },
    ],
    expected: ['0.AllowedHeaders amz-headers-not-allowed', '1.AllowedHeaders amz-headers-not-allowed'],
  },
  {
    name: 'an ID that another rule has',
    rules: [{ ...sound, id: 'a' }, { ...sound, id: 'b' }, sound, sound, { ...sound, id: 'a' }],
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
