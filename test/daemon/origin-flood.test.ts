// A client sends preflights from 100,000 invented origins, each once, to fill the metrics and to hide who is really refused.

import { connect } from 'node:net'
import t from 'tap'
import { type ExposedSample, samplesOf, scrape, sumOf } from '../fixtures/exposition.ts'
import { type ProxyProcess, startProxy } from '../fixtures/proxy-process.ts'
import { SeededRandom } from '../fixtures/seeded-random.ts'
import { freePort } from '../servers/free-ports.ts'

t.setTimeout(300_000)

const invented = 100_000
const realOrigins = Array.from({ length: 20 }, (_, index) => `https://real-${index}.example`)
/** Of each: one in a hundred and one requests in all is a real one's. */
const realEach = 50
const connections = 8

const origins = 's3cors_origin_requests_total'
const decisions = 's3cors_decisions_total'

t.test('a flood of invented origins neither grows the series nor hides the real ones', async t => {
  // Preflights do not depend on the endpoint.
  const proxy = await startProxy(`upstream: { url: "http://127.0.0.1:${await freePort()}", credentials: none }
buckets:
  media: { CORSRules: [{ AllowedOrigins: ["https://app.example"], AllowedMethods: [GET] }] }
`)
  t.teardown(() => proxy.stop())

  // Enough for every place to be taken, then the flood.
  await flood(
    proxy,
    Array.from({ length: 2000 }, (_, index) => `https://first-${index}.example`),
  )
  const before = await scrape(proxy.adminUrl)
  const scrapeBeforeMs = await shortestScrapeMs(proxy)
  const startedAt = performance.now()
  await flood(proxy, mixed())
  const seconds = (performance.now() - startedAt) / 1000
  const after = await scrape(proxy.adminUrl)
  const sent = 2000 + invented + realOrigins.length * realEach

  const shown = new Set(samplesOf(after, origins).map(({ labels }) => labels.origin))
  t.strictSame(
    realOrigins.filter(origin => !shown.has(origin)),
    [],
    'all 20 real origins are visible',
  )
  t.equal(samplesOf(before, origins).length, 101, 'metrics.origins denied ones and "other"')
  t.equal(seriesOf(after), seriesOf(before), 'there are as many series as before the flood')
  t.equal(sumOf(after, decisions, { kind: 'preflight', decision: 'denied', reason: 'origin' }), sent, 'decisions_total')
  t.equal(sumOf(after, 's3cors_requests_total', { kind: 'preflight', code: '4xx' }), sent, 'requests_total')
  const other = sumOf(after, origins, { origin: 'other' })
  t.equal(other, sumOf(after, 's3cors_label_overflow_total'), '"other" is what label_overflow_total counts')
  t.ok(other >= sumOf(before, origins, { origin: 'other' }), '"other" does not decrease')
  t.ok(sumOf(after, origins) <= sent, 'no request is counted under two origins')

  const scrapeMs = await shortestScrapeMs(proxy)
  t.ok(scrapeMs < 3 * scrapeBeforeMs, 'a scrape takes no longer than before the flood')
  t.comment(
    `${sent} preflights in ${seconds.toFixed(1)} s, ${shown.size - 1} origins shown, all 20 real ones among them; ` +
      `${seriesOf(after)} series in all, before and after; a scrape takes ${scrapeMs.toFixed(1)} ms, before ${scrapeBeforeMs.toFixed(1)}`,
  )
})

/** What else the machine does makes a scrape longer, never shorter. */
async function shortestScrapeMs({ adminUrl }: ProxyProcess): Promise<number> {
  let shortest = Number.POSITIVE_INFINITY
  for (let index = 0; index < 20; index++) {
    const startedMs = performance.now()
    await (await fetch(`${adminUrl}/metrics`)).text()
    shortest = Math.min(shortest, performance.now() - startedMs)
  }
  return shortest
}

/** The proxy's own: those of the Node process come and go. */
function seriesOf(samples: readonly ExposedSample[]): number {
  return samples.filter(({ name }) => name.startsWith('s3cors_')).length
}

/** The real ones among the invented ones, in random order. */
function mixed(): readonly string[] {
  const random = new SeededRandom(7)
  const all = Array.from({ length: invented }, (_, index) => `https://${index.toString(36)}-invented.example`)
  for (const origin of realOrigins) all.push(...Array.from({ length: realEach }, () => origin))
  for (let index = all.length - 1; index > 0; index--) {
    const other = random.below(index + 1)
    const [a = '', b = ''] = [all[index], all[other]]
    all[index] = b
    all[other] = a
  }
  return all
}

/** A preflight from each origin, pipelined over a few connections; resolves when all are answered. */
async function flood({ port }: ProxyProcess, all: readonly string[]): Promise<void> {
  const share = Math.ceil(all.length / connections)
  await Promise.all(
    Array.from({ length: connections }, (_, index) => pipeline(port, all.slice(index * share, (index + 1) * share))),
  )
}

/** So many are on their way at once, on each connection. */
const depth = 64

function pipeline(port: number, all: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    let sent = 0
    let answered = 0
    let tail = ''
    const send = () => {
      const next = all.slice(sent, answered + depth)
      sent += next.length
      const heads = next.map(
        origin =>
          `OPTIONS /media/a HTTP/1.1\r\nHost: a\r\nOrigin: ${origin}\r\nAccess-Control-Request-Method: GET\r\n\r\n`,
      )
      socket.write(heads.join(''))
    }
    socket.on('data', (bytes: Buffer) => {
      const text = tail + bytes.toString('latin1')
      const parts = text.split('HTTP/1.1 403 ')
      answered += parts.length - 1
      // A status line may be cut; one that was counted must not be seen again.
      tail = parts.length > 1 ? (parts.at(-1) ?? '').slice(-12) : text.slice(-12)
      if (answered >= all.length) {
        socket.destroy()
        resolve()
      } else if (sent - answered < depth / 2) send()
    })
    socket.once('error', reject)
    socket.once('close', () => reject(new Error(`closed after ${answered} of ${all.length} answers`)))
    socket.once('connect', send)
  })
}
