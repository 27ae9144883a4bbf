import t from 'tap'
import { readResponse } from '../../fixtures/client-responses.ts'
import { asks, evil, good, send, testOutcomes } from '../../fixtures/handled-requests.ts'

testOutcomes(t, [
  { name: 'a preflight that is allowed', bytes: asks('/web/k', good), outcome: 'preflight matched 200 CORS' },
  {
    name: 'a preflight of another origin',
    bytes: asks('/web/k', evil),
    outcome: 'preflight origin 403 AccessForbidden',
  },
  { name: 'a preflight without Origin', bytes: asks('/web/k', ''), outcome: 'preflight bad_request 400 BadRequest' },
  {
    name: 'a preflight of a bucket without rules',
    bytes: asks('/ruleless', good),
    outcome: 'preflight no_rules 403 AccessForbidden',
  },
  { name: 'a preflight of no bucket', bytes: asks('/gone/k', good), outcome: 'preflight no_rules 403 AccessForbidden' },
  {
    name: 'a preflight while rules are unknown',
    bytes: asks('/unknown/k', good),
    outcome: 'preflight rules_unavailable 503 ServiceUnavailable',
  },
  { name: 'a preflight, report', bytes: asks('/reported/k', good), outcome: 'preflight matched 503 SlowDown' },
])

t.test('while draining, a preflight ends its connection', async t => {
  const bytes = asks('/web/k', good).replace('Connection: close\r\n', '')
  const { client } = await send(t, bytes, {}, context => {
    context.draining = true
  })
  await client.until(({ ended }) => ended !== undefined)
  t.strictSame(readResponse(client.text).values('connection'), ['close'])
})

t.test('a preflight with content is answered, and ends its connection', async t => {
  const bytes = `${asks('/web/k', good).replace('Connection: close\r\n', 'Content-Length: 3\r\n')}abc`
  const { client } = await send(t, bytes)
  await client.until(({ ended }) => ended !== undefined)
  const response = readResponse(client.text, 'OPTIONS')
  t.strictSame([response.status, response.values('connection')], [200, ['close']])
})
