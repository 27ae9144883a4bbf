import t from 'tap'
import { corsMethods } from '../../../src/cors/rules/rule.ts'

t.test('a rule can list five methods, and OPTIONS is none of them', async t => {
  t.strictSame(corsMethods, ['GET', 'PUT', 'POST', 'DELETE', 'HEAD'])
})
