import t from 'tap'
import { configurationSchema, corsRulesSchema } from '../../../src/config/schema/schema.ts'

const wholeFile = {
  listen: '0.0.0.0:8080',
  admin: '127.0.0.1:9464',
  tls: { certFile: 'tls.crt', keyFile: 'tls.key', http2: false },
  upstream: {
    url: 'http://127.0.0.1:9000',
    host: 'preserve',
    region: 'us-east-1',
    addressing: 'path',
    credentials: 'environment',
    caFile: 'ca.pem',
    certFile: 'a.pem',
    keyFile: 'a.key',
    connectSeconds: 5,
    responseSeconds: 300,
    idleSeconds: 120,
    connections: 256,
    queue: 1024,
    queueSeconds: 5,
    keepAliveSeconds: 60,
  },
  virtualHosts: ['s3.example.com'],
  hosts: [],
  publicOrigins: [],
  forwardedFor: 'replace',
  trustedProxies: ['10.0.0.0/8'],
  enforcement: 'headers',
  vary: 'always',
  unknownPaths: 'refuse',
  limits: {
    headerBytes: 65_536,
    targetBytes: 8192,
    connections: 10_000,
    headersSeconds: 30,
    idleSeconds: 60,
    keepAliveSeconds: 75,
    concurrentStreams: 100,
  },
  rules: { freshSeconds: 60, staleSeconds: 900, negativeSeconds: 30, timeoutSeconds: 2 },
  managed: { store: { bucket: 'name', prefix: 'cors/' } },
  drainSeconds: 25,
  workers: 1,
  nodeResponses: false,
  metrics: { origins: 100, rules: 200 },
  log: { level: 'info', access: false },
  console: { host: 'console.example.com', url: 'http://127.0.0.1:9001' },
  buckets: {
    'my-media': { CORSRules: [{ AllowedOrigins: ['https://my-app.xyz'], AllowedMethods: ['GET'] }] },
    archive: { CORSFile: 'cors.json' },
    uploads: { from: 'upstream', enforcement: 'block' },
    incoming: { from: 'managed' },
    scratch: { from: 'none' },
    '*': { from: 'upstream' },
  },
}

t.test('every documented key is taken, and nothing is changed', async t => {
  t.strictSame(configurationSchema.parse(wholeFile), wholeFile)
})

t.test('no section takes a key that is not its own', async t => {
  const sections = ['tls', 'upstream', 'limits', 'rules', 'managed', 'metrics', 'log', 'console'] as const
  for (const section of sections) {
    const { success } = configurationSchema.safeParse({ ...wholeFile, [section]: { ...wholeFile[section], extra: 1 } })
    t.equal(success, false, section)
  }
  t.equal(configurationSchema.safeParse({ ...wholeFile, extra: 1 }).success, false)
  t.equal(configurationSchema.safeParse({ ...wholeFile, buckets: { abc: { from: 'none', extra: 1 } } }).success, false)
})

const bounds: readonly {
  path: readonly [string, string] | readonly [string]
  good: readonly unknown[]
  bad: readonly unknown[]
}[] = [
  { path: ['workers'], good: [1, 256], bad: [0, 257, 1.5, '1', null] },
  { path: ['nodeResponses'], good: [true, false], bad: ['true', 1, null] },
  { path: ['drainSeconds'], good: [0, 0.5, 86_400], bad: [-1, 86_401, Number.NaN, Number.POSITIVE_INFINITY] },
  { path: ['limits', 'headerBytes'], good: [1024, 1_048_576], bad: [1023, 1_048_577] },
  { path: ['upstream', 'queue'], good: [0], bad: [-1] },
  { path: ['upstream', 'region'], good: ['gra', 'us-east-1'], bad: ['', 'a b', 'a/b'] },
  { path: ['upstream', 'caFile'], good: ['a'], bad: ['', 1] },
  { path: ['metrics', 'origins'], good: [1, 10_000], bad: [0, 10_001] },
  { path: ['metrics', 'rules'], good: [0, 2000], bad: [-1, 2001] },
  { path: ['log', 'access'], good: [true], bad: ['true', 1, null] },
  { path: ['hosts'], good: [[], ['a']], bad: ['a', [1], [''], Array(1001).fill('a')] },
  { path: ['console', 'host'], good: ['a:1'], bad: ['a/b', ''] },
]
for (const { path, good, bad } of bounds) {
  const [section, key] = path
  const written = (value: unknown) => ({
    ...wholeFile,
    [section]: key === undefined ? value : { ...(wholeFile[section as 'limits'] as object), [key]: value },
  })
  t.test(`${path.join('.')} has its bounds`, async t => {
    for (const value of good) t.equal(configurationSchema.safeParse(written(value)).success, true, `${value} is in`)
    for (const value of bad) t.equal(configurationSchema.safeParse(written(value)).success, false, `${value} is out`)
  })
}

t.test('the rules that editors see are those of S3', async t => {
  const rule = { AllowedOrigins: ['*'], AllowedMethods: ['GET'] }
  t.equal(
    corsRulesSchema.safeParse([{ ID: 'a', ...rule, AllowedHeaders: ['*'], ExposeHeaders: ['ETag'], MaxAgeSeconds: -1 }])
      .success,
    true,
  )
  for (const bad of [
    [],
    [{}],
    [{ ...rule, AllowedMethods: ['OPTIONS'] }],
    [{ ...rule, allowedOrigins: [] }],
    Array(101).fill(rule),
  ]) {
    t.equal(corsRulesSchema.safeParse(bad).success, false)
  }
})
