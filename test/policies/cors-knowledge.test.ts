import t from 'tap'
import { createCorsKnowledge } from '../../src/policies/cors-knowledge.ts'
import { createEndpointCors } from '../../src/policies/endpoint-cors.ts'
import type { CorsFetchResult } from '../../src/s3/endpoint/get-bucket-cors.ts'
import { noBucket, noRules, rulesFor, serverFailure } from '../fixtures/scripted-fetch.ts'

const lacking: CorsFetchResult = { kind: 'none', unsupported: true, said: '501 NotImplemented' }

const endpoint = () => createEndpointCors(() => 0)

const answers: readonly { name: string; result: CorsFetchResult; known: string }[] = [
  { name: 'rules', result: rulesFor('*'), known: 'known' },
  { name: 'no rules', result: noRules, known: 'known' },
  { name: 'an operation that the endpoint does not know', result: lacking, known: 'not-known' },
  { name: 'no bucket', result: noBucket, known: 'no-such-bucket' },
  { name: 'a failure', result: serverFailure, known: 'unclear' },
]
for (const { name, result, known } of answers) {
  t.test(`${name}: ${known}`, async t => {
    t.equal(
      await createCorsKnowledge(
        async () => result,
        endpoint(),
        () => 0,
      ).check('media'),
      known,
    )
  })
}

t.test('an endpoint that does not know it is not asked again for five minutes', async t => {
  let at = 0
  let asked = 0
  const knowledge = createCorsKnowledge(
    async () => {
      asked++
      return lacking
    },
    endpoint(),
    () => at,
  )
  await knowledge.check('media')
  at = 299_999
  t.equal(await knowledge.check('media'), 'not-known')
  t.equal(knowledge.lacking('media'), '501 NotImplemented')
  t.equal(asked, 1)
  t.equal(knowledge.lacking('other'), undefined)
  at = 300_000
  t.equal(knowledge.lacking('media'), undefined)
  await knowledge.check('media')
  t.equal(asked, 2)
})

t.test('what a client was answered counts, and an endpoint that cannot be asked leaves the rest open', async t => {
  const knowledge = createCorsKnowledge(undefined, endpoint(), () => 0)
  t.equal(await knowledge.check('media'), 'unclear')
  knowledge.observed('media')
  t.equal(await knowledge.check('media'), 'not-known')
  t.equal(knowledge.lacking('media'), '200 ListBucketResult')
})

t.test('writes in a flood cost the endpoint twenty calls a second', async t => {
  let asked = 0
  const knowledge = createCorsKnowledge(
    async () => {
      asked++
      return noRules
    },
    endpoint(),
    () => 0,
  )
  const known = await Promise.all(Array.from({ length: 100 }, (_, index) => knowledge.check(`b${index}`)))
  t.equal(asked, 20)
  t.equal(known.filter(found => found === 'unclear').length, 80)
})

t.test('what is remembered is bounded', async t => {
  const knowledge = createCorsKnowledge(undefined, endpoint(), () => 0)
  for (let index = 0; index < 5000; index++) knowledge.observed(`bucket-${index}`)
  const held = Array.from({ length: 5000 }, (_, index) => knowledge.lacking(`bucket-${index}`)).filter(Boolean)
  t.ok(held.length <= 1000)
  t.equal(knowledge.lacking('bucket-4999'), '200 ListBucketResult')
})
