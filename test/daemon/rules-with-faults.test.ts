// An endpoint that keeps rules which S3 would have refused, through the whole process: what holds, and where it is told.

import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { askAdmin, sendHttp } from '../clients/http-request.ts'
import { adminBuckets } from './managed-setup.ts'
import { answerOf, metrics, page, preflight, rulesFor, setUp } from './upstream-setup.ts'

t.setTimeout(120_000)

const rule = (inside: string, origin = page) =>
  `<CORSRule>${inside}<AllowedMethod>GET</AllowedMethod><AllowedOrigin>${origin}</AllowedOrigin></CORSRule>`
const stored = `<CORSConfiguration>${rule('<ID>all</ID><ExposeHeader>*</ExposeHeader><ExposeHeader>ETag</ExposeHeader>')}${rule('<ID>two-stars</ID>', 'https://*.*.example')}${rule('', 'https://last.example')}</CORSConfiguration>`

for (const workers of [1, 2]) {
  t.test(`with ${workers === 1 ? 'one process' : 'workers'}`, async t => {
    const { proxy, endpoint } = await setUp(t, {
      cors: () => answerOf(200, rulesFor('https://before.example')),
      buckets: '  media: { from: upstream }\n',
      more: `workers: ${workers}\n`,
    })
    t.equal((await preflight(proxy, 'media', 'https://before.example')).status, 200)

    await t.test(
      'a PUT ?cors of such rules through the proxy puts them in force at once, as far as they hold',
      async t => {
        endpoint.cors = () => answerOf(200, stored)
        const put = await sendHttp({ url: `${proxy.url}/media?cors`, method: 'PUT', body: stored })
        t.equal(put.status, 200)
        let answer = await preflight(proxy, 'media')
        // Another worker than the one that forwarded the write hears of it a moment later.
        for (let tries = 0; workers > 1 && answer.status !== 200 && tries < 200; tries++) {
          await sleep(20)
          answer = await preflight(proxy, 'media')
        }
        t.strictSame([answer.status, answer.headers['access-control-expose-headers']], [200, 'ETag'])
        t.equal((await preflight(proxy, 'media', 'https://last.example')).status, 200)
        t.equal((await preflight(proxy, 'media', 'https://a.b.example')).status, 403)
        t.equal((await preflight(proxy, 'media', 'https://before.example')).status, 403)
      },
    )

    await t.test('/buckets lists what is wrong, rule by rule', async t => {
      const [line] = await adminBuckets(proxy)
      t.match(line, {
        state: 'rules-with-faults',
        rules: 3,
        lastResult: /^rules-with-faults: stored rule 1 \(ID "all"\): ExposeHeader "\*" .* \(and 1 more\)$/,
        faults: [
          { index: 0, id: 'all', effect: 'value-ignored', message: /ExposeHeader "\*" contains wildcard/ },
          { index: 1, id: 'two-stars', effect: 'rule-ignored', message: /more than one wildcard/ },
        ],
      })
    })

    await t.test('/explain names the stored rule', async t => {
      const { body } = await askAdmin({
        url: `${proxy.adminUrl}/explain?bucket=media&origin=https%3A%2F%2Fa.b.example`,
      })
      const told = JSON.parse(String(body))
      t.match(told, {
        reason: 'origin',
        summary: /these match nothing, since S3 would refuse them: 2$/,
        faults: [/^stored rule 1/, /^stored rule 2 \(ID "two-stars"\): .*; the rule matches nothing$/],
      })
      t.not(told.change?.rule, 1, 'nothing is to be added to a rule that has to be put right first')
      t.notMatch(String(body), /has to answer again/)
    })

    await t.test('the page, a warning and a metric tell it', async t => {
      const { body } = await askAdmin({ url: `${proxy.adminUrl}/` })
      t.match(String(body), /rules known, with faults \(3\)/)
      t.match(String(body), /stored rule 2 \(ID &quot;two-stars&quot;\)/)
      t.match(await metrics(proxy), /s3cors_rules_faults\{bucket="media"\} 2\n/)
      t.match(await metrics(proxy), /s3cors_rules_fetches_total\{result="rules-with-faults"\} 1\n/)
      const warnings = proxy
        .logs()
        .split('\n')
        .filter(line => line.includes('"rules_with_faults"'))
      t.equal(warnings.length, 1)
      t.match(JSON.parse(warnings[0] ?? '{}'), { level: 'warn', bucket: 'media', faults: 2, detail: /stored rule 2/ })
    })
  })
}
