// The web-platform-tests that apply to a server. In `report` the endpoint's answers come through, and both browsers must take
// them exactly as the suite demands. Otherwise the rules decide, and nothing that the endpoint says may change that.

import t, { type Test } from 'tap'
import { scrape, sumOf } from '../fixtures/exposition.ts'
import { type ProxyProcess, startProxy } from '../fixtures/proxy-process.ts'
import { type RecordingUpstream, startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { originRows } from '../fixtures/web-platform-tests/origin-rows.ts'
import { preflightRows } from '../fixtures/web-platform-tests/preflight-rows.ts'
import { requestRows } from '../fixtures/web-platform-tests/request-rows.ts'
import { exposed, responseRows } from '../fixtures/web-platform-tests/response-rows.ts'
import { allow, page, remote, remote2, type WptAnswer, type WptRow } from '../fixtures/web-platform-tests/wpt-row.ts'
import { type Internet, startInternet } from './internet.ts'
import { browserNames, launchBrowser, skipWithoutAnyBrowser, skipWithoutBrowser, type WebPage } from './web-browser.ts'

t.setTimeout(600_000)

const rows = [...originRows, ...preflightRows, ...requestRows, ...responseRows]
const readable: WptAnswer = { lines: [allow(page)] }

// Over HTTP/2, nghttp2 takes fields with control characters out, which some of these tests send.
const configuration = `hosts: [${new URL(remote).hostname}, ${new URL(remote2).hostname}]
tls: { certFile: tls.crt, keyFile: tls.key, http2: false }
buckets:
  allowed:
    CORSRules:
      - AllowedOrigins: ["${page}"]
        AllowedMethods: [GET, HEAD, PUT, POST, DELETE]
        AllowedHeaders: ["*"]
        ExposeHeaders: [${exposed.join(', ')}]
        MaxAgeSeconds: 0
  denied: { CORSRules: [{ AllowedOrigins: ["https://other.example"], AllowedMethods: [GET] }] }
`

/** `/BUCKET/INDEX`, and `/BUCKET/INDEX/end` where a redirect of that row ends. */
function answerOf(method: string, target: string): string {
  const [, bucket, index, end] = target.split('/')
  const row = rows[Number(index)]
  const to = `Location: ${row?.redirected?.to}/${bucket}/${index}/end`
  const answer =
    method === 'OPTIONS'
      ? (row?.preflight ?? readable)
      : end !== undefined
        ? (row?.redirected?.answer ?? readable)
        : (row?.answer ?? readable)
  const { status = 200, lines = readable.lines ?? [] } = answer
  const location = status === 302 && method !== 'OPTIONS' ? [to] : []
  const bodyless = method === 'HEAD' || [204, 304].includes(status)
  const length = status === 204 || status === 304 ? [] : [`Content-Length: ${status === 205 ? 0 : 3}`]
  const head = [`HTTP/1.1 ${status} Told`, ...lines, ...location, ...length, '', ''].join('\r\n')
  return bodyless || status === 205 ? head : `${head}row`
}

interface Seen {
  readonly outcome: 'blocked' | 'readable'
  readonly status?: number
  readonly fields?: Readonly<Record<string, string | null>>
}

const fetchAll = `const seen = [];
  const one = async index => {
    const { request, names } = rows[index];
    try {
      const response = await fetch(bucket + '/' + index, { cache: 'no-store', ...request });
      await response.text();
      const fields = Object.fromEntries(names.map(name => [name, response.headers.get(name)]));
      seen[index] = { outcome: 'readable', status: response.status, fields };
    } catch (error) {
      seen[index] = { outcome: 'blocked' };
    }
  };
  let next = 0;
  await Promise.all(Array.from({ length: 6 }, async () => { while (next < rows.length) await one(next++) }));
  return seen`

async function fetchRows(tab: WebPage, bucket: string): Promise<readonly Seen[]> {
  const asked = rows.map(({ request = {}, sees = {} }) => ({ request, names: Object.keys(sees) }))
  return (await tab.run(fetchAll, { rows: asked, bucket: `${remote}/${bucket}` })) as readonly Seen[]
}

/** Where neither browser does what the suite demands: a field that is in the safelist on paper alone. */
const demandedInVain = new Set(['cors/cors-safelisted-request-header.any.js: POST {"last-event-id":"abc123"}'])

const title = ({ source, name }: WptRow) => `${source}: ${name}`

async function startFront(t: Test, internet: Internet, upstream: RecordingUpstream, enforcement: string) {
  const { cert, key } = internet.authority.issue([remote, remote2].map(origin => new URL(origin).hostname))
  const proxy = await startProxy(
    `upstream: { url: "${upstream.url}", credentials: none }\nenforcement: ${enforcement}\n${configuration}`,
    { files: { 'tls.crt': cert, 'tls.key': key } },
  )
  t.teardown(() => proxy.stop('SIGKILL'))
  return proxy
}

function leadTo(internet: Internet, proxy: ProxyProcess): void {
  for (const origin of [remote, remote2]) internet.route(`${new URL(origin).hostname}:443`, proxy.port)
}

async function preflightsOf(proxy: ProxyProcess): Promise<number> {
  return sumOf(await scrape(proxy.adminUrl), 's3cors_requests_total', { kind: 'preflight' })
}

t.test('the suite', { skip: skipWithoutAnyBrowser() }, async t => {
  const internet = await startInternet(t)
  await internet.serve([page])
  const upstream = await startRecordingUpstream(t, {
    answer: ({ method, target }) => answerOf(method, target),
    keepBytes: false,
  })
  const report = await startFront(t, internet, upstream, 'report')
  const headers = await startFront(t, internet, upstream, 'headers')

  for (const name of browserNames) {
    await t.test(name, { skip: skipWithoutBrowser(name) }, async t => {
      const browser = await launchBrowser(t, name, internet)
      let preflights = 0

      await t.test("in report the browser takes the endpoint's answers as the suite demands", async t => {
        leadTo(internet, report)
        const bucket = name.toLowerCase()
        const tab = await browser.open(page, 'report')
        const seen = await fetchRows(tab, bucket)
        const asked = new Set(
          upstream.requests.filter(({ method }) => method === 'OPTIONS').map(({ target }) => target),
        )
        for (const [index, row] of rows.entries()) {
          const { outcome, status, fields } = seen[index] ?? {}
          const inVain = demandedInVain.has(title(row))
          t.equal(outcome, inVain || row.stopped !== undefined ? 'blocked' : row.expected, title(row))
          const answered = row.redirected?.answer ?? row.answer
          if (outcome === 'readable')
            t.equal(status, row.redirected === undefined ? (answered?.status ?? 200) : 200, 'its status')
          if (row.sees !== undefined) t.strictSame(fields, row.sees, 'its fields')
          const asks = asked.has(`/${bucket}/${index}`)
          if (asks) preflights++
          if (row.asks !== undefined)
            t.equal(asks, row.asks || inVain, row.asks ? 'it is asked about' : 'it is not asked about')
        }
        await tab.close()

        const fields = upstream.requests
          .filter(({ method, target }) => method === 'OPTIONS' && target.startsWith(`/${bucket}/`))
          .map(request => new Map(request.fields.map(([field, value]) => [field.toLowerCase(), value])))
        const lists = fields.flatMap(request => request.get('access-control-request-headers') ?? [])
        t.ok(
          lists.includes(
            'content-type,x-test-header-a,x-test-header-b,x-test-header-c,x-test-header-d,x-test-header1,x-test-header2,x-test-header3',
          ),
        )
        for (const list of lists) {
          t.equal(
            list,
            list.toLowerCase().split(',').sort().join(),
            'the names that it asks for are in lower case and sorted',
          )
        }
        for (const field of ['cookie', 'authorization', 'content-type']) {
          t.notOk(
            fields.some(request => request.has(field)),
            `no preflight has ${field}`,
          )
        }
      })

      await t.test('what the rules allow is readable, whatever the endpoint says', async t => {
        leadTo(internet, headers)
        const before = await preflightsOf(headers)
        const tab = await browser.open(page, 'allowed')
        const seen = await fetchRows(tab, 'allowed')
        for (const [index, row] of rows.entries()) {
          const { outcome, fields } = seen[index] ?? {}
          t.equal(outcome, row.allowed ?? 'readable', title(row))
          for (const field of exposed) {
            const value = row.sees?.[field]
            if (typeof value === 'string') t.equal(fields?.[field], value, `${field} is exposed`)
          }
        }
        t.equal((await preflightsOf(headers)) - before, preflights, `${preflights} preflights`)
        await tab.close()
      })

      await t.test('what no rule allows is blocked, whatever the endpoint says', async t => {
        const tab = await browser.open(page, 'denied')
        const seen = await fetchRows(tab, 'denied')
        for (const [index, row] of rows.entries()) t.equal(seen[index]?.outcome, 'blocked', title(row))
        await tab.close()
      })

      t.strictSame(
        upstream.requests.filter(({ method, target }) => method === 'OPTIONS' && /^.(allowed|denied)/.test(target)),
        [],
        'no preflight reaches the endpoint where rules are enforced',
      )
    })
  }
})
