import t from 'tap'
import { describeRules } from '../../src/admin/bucket-rules.ts'
import { parseText, upstreamLine } from '../fixtures/parsed-text.ts'

const rules = [
  {
    id: 'web',
    allowedOrigins: ['https://app.example', 'https://*.app.example'],
    allowedMethods: ['GET', 'PUT'],
    allowedHeaders: ['*'],
    exposeHeaders: ['ETag'],
    maxAgeSeconds: 60,
  },
  { allowedOrigins: ['*'], allowedMethods: ['GET'], allowedHeaders: [], exposeHeaders: [] },
] as const

t.test('rules of every source can be pasted into a configuration and are the same there', async t => {
  for (const source of ['yaml', 'file', 'upstream', 'managed'] as const) {
    const text = describeRules('my-media', { source, enforcement: 'block', state: 'rules', rules })
    t.match(text, `# in force: rules from ${source}; enforcement: block\n`)
    const { configuration } = parseText(upstreamLine + text)
    t.strictSame(configuration?.buckets[0]?.rules, rules)
  }
})

t.test('no rules and unknown ones are said, and read as what they are', async t => {
  const none = describeRules('my-media', { source: 'none', enforcement: 'headers', state: 'none', rules: [] })
  t.match(none, 'which has none')
  t.equal(parseText(upstreamLine + none).configuration?.buckets[0]?.source, 'none')
  const unknown = describeRules('my-media', { source: 'upstream', enforcement: 'headers', state: 'unknown', rules: [] })
  t.match(unknown, 'not known now: nothing is allowed')
  t.equal(parseText(upstreamLine + unknown).configuration?.buckets[0]?.source, 'upstream')
})

t.test('a hostile name does not end its line', async t => {
  const text = describeRules('a\n- b: "', { source: 'none', enforcement: 'headers', state: 'none', rules: [] })
  t.equal(text.split('\n').length, 4)
})
