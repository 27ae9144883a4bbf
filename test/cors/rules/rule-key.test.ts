import t from 'tap'
import { isRuleKey, nearestRuleKey, type RuleKey, ruleKeys } from '../../../src/cors/rules/rule-key.ts'

const cases: { meant: RuleKey | undefined; written: string[] }[] = [
  { meant: 'ID', written: ['Id', 'id', 'iD', 'name', 'RuleId', 'rule_id'] },
  {
    meant: 'AllowedOrigins',
    written: [
      'AllowedOrigin',
      'allowedOrigins',
      'allowedOrigin',
      'allowed_origins',
      'Allowed-Origins',
      'AllowOrigins',
      'origins',
      'Origin',
      'AlowedOrigins',
      'AllowedOrgins',
    ],
  },
  { meant: 'AllowedMethods', written: ['AllowedMethod', 'allowedMethods', 'methods', 'AllowMethods', 'AllowedMetods'] },
  { meant: 'AllowedHeaders', written: ['AllowedHeader', 'allowed headers', 'header', 'AllowHeaders', 'AlowedHeader'] },
  {
    meant: 'ExposeHeaders',
    written: ['ExposeHeader', 'ExposedHeaders', 'exposedHeader', 'expose_headers', 'ExposHeaders'],
  },
  {
    meant: 'MaxAgeSeconds',
    written: ['MaxAge', 'maxAgeSeconds', 'MaxAgeSecond', 'max_age', 'max-age-seconds', 'MaxAgeSec', 'MaxAgeSecnds'],
  },
  {
    meant: undefined,
    written: [
      '',
      'Foo',
      'AllowCredentials',
      'constructor',
      '__proto__',
      'toString',
      'Ids2',
      'x'.repeat(100_000),
      'Headings',
    ],
  },
]

for (const { meant, written } of cases) {
  t.test(meant === undefined ? 'what is near to no key gets no hint' : `${meant} is what people mean`, async t => {
    for (const key of written) {
      t.equal(nearestRuleKey(key), meant, `by '${key.slice(0, 30)}'`)
      t.equal(isRuleKey(key), false)
    }
  })
}

t.test('keys are known byte for byte', async t => {
  for (const key of ruleKeys) {
    t.equal(isRuleKey(key), true, key)
    t.equal(nearestRuleKey(key), key)
  }
})
