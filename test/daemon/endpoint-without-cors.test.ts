// An endpoint that does not know `?cors` and takes it for something else, through the whole process.

import t from 'tap'
import { askAdmin } from '../clients/http-request.ts'
import { adminBuckets } from './managed-setup.ts'
import { answerOf, codeOf, page, preflight, setUp } from './upstream-setup.ts'

t.setTimeout(120_000)

const listing = answerOf(200, '<?xml version="1.0"?><ListBucketResult><Name>media</Name></ListBucketResult>')

for (const workers of [1, 2]) {
  t.test(`from: upstream, with ${workers === 1 ? 'one process' : 'workers'}`, async t => {
    const { proxy } = await setUp(t, {
      cors: () => listing,
      buckets: '  media: { from: upstream }\n',
      more: `workers: ${workers}\n`,
    })
    await t.test('a preflight is refused as one of a bucket without rules', async t => {
      const answer = await preflight(proxy, 'media')
      t.strictSame([answer.status, codeOf(answer)], [403, 'AccessForbidden'])
      t.match(String(answer.body), /CORS is not enabled for this bucket/)
    })
    await t.test('/buckets says that the endpoint keeps no rules', async t => {
      t.match((await adminBuckets(proxy))[0], {
        state: 'none',
        lastResult: 'unsupported: 200 ListBucketResult',
        notes: [/^this endpoint keeps no rules \(GET \?cors is answered 200 ListBucketResult\): CORSRules or CORSFile/],
      })
    })
    await t.test('/explain leads to the configuration, not to PutBucketCors', async t => {
      const { body } = await askAdmin({
        url: `${proxy.adminUrl}/explain?bucket=media&origin=${encodeURIComponent(page)}`,
      })
      t.match(JSON.parse(String(body)), {
        reason: 'no_rules',
        summary: /^this endpoint keeps no rules .*: CORSRules or CORSFile$/,
        change: { kind: 'new-entry', where: /^under buckets, in place of the entry/ },
      })
      t.notMatch(String(body), /PutBucketCors/)
    })
  })
}
