import t from 'tap'
import { createEndpointCors } from '../../src/policies/endpoint-cors.ts'
import { type CorsFetchResult, listed } from '../../src/s3/endpoint/get-bucket-cors.ts'
import { noBucket, noRules, rulesFor, serverFailure } from '../fixtures/scripted-fetch.ts'

const code: CorsFetchResult = { kind: 'none', unsupported: true, said: '501 NotImplemented', endpointWide: true }
const bare: CorsFetchResult = { kind: 'none', unsupported: true, said: '501' }

const cases: readonly { name: string; answers: readonly CorsFetchResult[]; lacking: string | undefined }[] = [
  { name: 'nothing is known before an answer', answers: [], lacking: undefined },
  { name: 'a listing holds of every bucket', answers: [listed], lacking: '200 ListBucketResult' },
  { name: "S3's own code holds of every bucket", answers: [code], lacking: '501 NotImplemented' },
  { name: 'a bare status holds of that bucket alone', answers: [bare], lacking: undefined },
  { name: 'a bare status does not take away what is known', answers: [code, bare], lacking: '501 NotImplemented' },
  { name: 'a failure shows nothing', answers: [code, serverFailure], lacking: '501 NotImplemented' },
  { name: 'a missing bucket shows nothing', answers: [code, noBucket], lacking: '501 NotImplemented' },
  { name: 'rules of any bucket show that it is known', answers: [listed, rulesFor('*')], lacking: undefined },
  { name: 'so does a bucket without rules', answers: [listed, noRules], lacking: undefined },
  { name: 'and that holds whatever other buckets say', answers: [noRules, listed, code], lacking: undefined },
]
for (const { name, answers, lacking } of cases) {
  t.test(name, async t => {
    const endpoint = createEndpointCors(() => 0)
    for (const answer of answers) endpoint.note(answer)
    t.equal(endpoint.lacking(), lacking)
  })
}

t.test('either holds for five minutes from its answer', async t => {
  let at = 0
  const endpoint = createEndpointCors(() => at)
  endpoint.note(code)
  at = 299_999
  t.equal(endpoint.lacking(), '501 NotImplemented')
  at = 300_000
  t.equal(endpoint.lacking(), undefined)
  endpoint.note(noRules)
  at = 599_999
  endpoint.note(code)
  t.equal(endpoint.lacking(), undefined)
  at = 600_000
  endpoint.note(code)
  t.equal(endpoint.lacking(), '501 NotImplemented')
})
