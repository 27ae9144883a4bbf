import t from 'tap'
import { bucketYaml } from '../../../src/cors/explain/bucket-yaml.ts'
import { parseText, upstreamLine } from '../../fixtures/parsed-text.ts'

const rules = [
  {
    id: 'a "quoted" id',
    allowedOrigins: ['*', 'https://é.example', 'null', ''],
    allowedMethods: ['GET', 'PUT'] as const,
    allowedHeaders: ['*'],
    exposeHeaders: ['ETag'],
    maxAgeSeconds: -1,
  },
  { allowedOrigins: ['yes', '0x10'], allowedMethods: ['HEAD'] as const, allowedHeaders: [], exposeHeaders: [] },
]

t.test('an entry reads back as the rules it was made of', async t => {
  const { configuration } = parseText(`${upstreamLine}buckets:\n${bucketYaml('my-media', rules)}`)
  t.strictSame(configuration?.buckets[0]?.rules, rules)
})

t.test('members that were not set are not written', async t => {
  t.equal(
    bucketYaml('*', rules.slice(1)),
    '  "*":\n    CORSRules:\n      - AllowedOrigins: ["yes", "0x10"]\n        AllowedMethods: ["HEAD"]\n',
  )
})
