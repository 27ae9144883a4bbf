import t from 'tap'
import type { CorsRequest } from '../../../src/cors/decision/cors-request.ts'
import { clausesPassed, judgeRules, missingOfRules, unlistableMethod } from '../../../src/cors/explain/rule-verdict.ts'
import { policyOf, preflightOf } from '../../fixtures/cors-policy.ts'

const a = 'https://a.example'
const policy = policyOf(
  { ID: 'other', AllowedOrigins: ['https://b.example'], AllowedMethods: ['GET'] },
  { AllowedOrigins: [a], AllowedMethods: ['GET'], AllowedHeaders: ['x-*'] },
  { ID: 'put', AllowedOrigins: [a], AllowedMethods: ['PUT'] },
  { AllowedOrigins: ['*'], AllowedMethods: ['HEAD'] },
)

const judge = (request: CorsRequest) => judgeRules(policy, missingOfRules(policy, request))

t.test('each rule names the first clause that failed, and what it lists for that', async t => {
  const verdicts = judge(preflightOf(a, 'PUT', 'x-a,y,y'))
  t.strictSame(verdicts, [
    { index: 0, id: 'other', failed: 'origin', lists: ['https://b.example'], deniedHeaders: [] },
    { index: 1, failed: 'method', lists: ['GET'], deniedHeaders: [] },
    { index: 2, id: 'put', failed: 'header', lists: [], deniedHeaders: ['x-a', 'y'] },
    { index: 3, failed: 'method', lists: ['HEAD'], deniedHeaders: [] },
  ])
})

t.test('rules after the one that matched are not asked', async t => {
  const verdicts = judge(preflightOf(a, 'GET', 'x-a'))
  t.strictSame(
    verdicts.map(({ index, failed }) => [index, failed]),
    [
      [0, 'origin'],
      [1, undefined],
    ],
  )
})

t.test('everything that a rule lacks is found, not only for the first clause', async t => {
  t.strictSame(missingOfRules(policy, preflightOf(a, 'PUT', 'q,w,q')).slice(0, 3), [
    { origin: true, method: true, headers: ['q', 'w'] },
    { origin: false, method: true, headers: ['q', 'w'] },
    { origin: false, method: false, headers: ['q', 'w'] },
  ])
  t.strictSame(missingOfRules(policy, preflightOf('https://b.example'))[0], {
    origin: false,
    method: false,
    headers: [],
  })
})

t.test('what is sorted for an explanation is not kept: any stranger can ask for one', async t => {
  missingOfRules(policy, preflightOf(a))
  t.equal(policy.sortedHeaders, undefined)
  const asked = policyOf({ AllowedOrigins: [a], AllowedMethods: ['GET'] })
  const { headers } = asked
  t.equal(asked.sortedHeaders, headers)
  t.strictSame(missingOfRules(asked, preflightOf(a)), [{ origin: false, method: false, headers: [] }])
})

t.test('clauses are asked in the order origin, method, header', async t => {
  t.strictSame((['origin', 'method', 'header', undefined] as const).map(clausesPassed), [0, 1, 2, 3])
})

t.test('only the five methods can be listed', async t => {
  t.equal(unlistableMethod('GET'), undefined)
  t.match(unlistableMethod('OPTIONS'), /no Access-Control-Request-Method/)
  t.match(unlistableMethod('PATCH'), /S3 knows GET, PUT, POST, DELETE and HEAD/)
})
