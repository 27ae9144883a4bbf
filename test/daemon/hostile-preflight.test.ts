// What the most expensive preflight that the limits let through costs the real process, by its own account, and what it does
// to the others.

import t, { type Test } from 'tap'
import { readResponses } from '../fixtures/client-responses.ts'
import { scrape, sumOf } from '../fixtures/exposition.ts'
import { type ProxyProcess, startProxy } from '../fixtures/proxy-process.ts'
import { openRaw } from '../fixtures/raw-client.ts'

t.setTimeout(300_000)

/** Long, and matched by every rule: the rules are then asked about each name. */
const origin = `https://${'a'.repeat(63)}.app.example`

/**
 * Rules that allow the origin and the method, and each name but the last: four patterns fail at one of their characters before
 * the fifth matches.
 */
function nearlyMatching(rules: number): string {
  const headers = ['a', 'b', 'c', 'd', 'z'].map(last => `x-amz-meta-*-${'y'.repeat(10)}${last}`)
  const origins = ['https://*.app.exampl', 'https://*.app.examplf', 'https://*.app.example']
  const rule = { AllowedOrigins: origins, AllowedMethods: ['PUT'], AllowedHeaders: headers }
  return `    CORSRules:\n${`      - ${JSON.stringify(rule)}\n`.repeat(rules)}`
}

/** As many names as are allowed, in as many bytes. */
const names = Array.from({ length: 100 }, (_, index) => {
  const middle = 'm'.repeat(index === 0 ? 14 : 17)
  return `x-amz-meta-${middle}-${'y'.repeat(10)}${index === 99 ? 'y' : 'z'}`
}).join()

const preflight = (bucket: string, requested: string) =>
  `OPTIONS /${bucket}/key HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: ${origin}\r\nAccess-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: ${requested}\r\n\r\n`
const normal = preflight('normal', 'authorization,content-type,x-amz-date')

async function start(t: Test): Promise<ProxyProcess> {
  const proxy = await startProxy(`upstream:
  url: http://127.0.0.1:9
  credentials: none
buckets:
  normal:
    CORSRules:
      - { AllowedOrigins: ["https://*.app.example"], AllowedMethods: [GET, PUT], AllowedHeaders: ["*"] }
  ten:
${nearlyMatching(10)}  hundred:
${nearlyMatching(100)}`)
  t.teardown(() => proxy.stop('SIGINT'))
  return proxy
}

/** Sends `count` equal preflights, twenty at a time, and returns the CPU time that the process took for each, in µs. */
async function cost(t: Test, proxy: ProxyProcess, bytes: string, status: number, count: number): Promise<number> {
  const client = await openRaw(proxy.port)
  t.teardown(() => client.destroy())
  await client.write(bytes)
  await client.until(({ text }) => text.includes('\r\n\r\n') && readResponses(text)[0]?.verdict === 'complete', 30_000)
  t.equal(readResponses(client.text)[0]?.status, status)
  const length = client.receivedBytes
  const before = sumOf(await scrape(proxy.adminUrl), 'process_cpu_seconds_total')
  for (let sent = 0; sent < count; sent += 20) {
    await client.write(bytes.repeat(20))
    await client.until(({ receivedBytes }) => receivedBytes >= length * (sent + 21), 60_000)
  }
  const after = sumOf(await scrape(proxy.adminUrl), 'process_cpu_seconds_total')
  return ((after - before) * 1e6) / count
}

t.test('the most hostile preflight costs what its names and the rules are', async t => {
  t.equal(names.length, 4096)
  const proxy = await start(t)
  await cost(t, proxy, normal, 200, 4000)
  await cost(t, proxy, preflight('ten', names), 403, 400)
  const usual = await cost(t, proxy, normal, 200, 4000)
  const ten = await cost(t, proxy, preflight('ten', names), 403, 1000)
  const hundred = await cost(t, proxy, preflight('hundred', names), 403, 400)
  const figures = [usual, ten, hundred].map(microseconds => `${microseconds.toFixed(0)} µs`)
  t.comment(`a preflight, normal: ${figures[0]}; hostile: ${figures[1]} with 10 rules, ${figures[2]} with 100`)
  // 500 patterns are asked about 100 names: what that costs is what the operator's own rules cost, and no more than they are.
  t.ok(ten < usual * 40, `10 rules: ${(ten / usual).toFixed(1)} normal ones`)
  t.ok(hundred < ten * 30, `100 rules: ${(hundred / ten).toFixed(1)} times 10 rules`)
})

const pad = (bytes: number) => 'x'.repeat(bytes)
const refused = (fields: string) => `OPTIONS /normal/key HTTP/1.1\r\nHost: 127.0.0.1\r\n${fields}\r\n`
const hostile: readonly string[] = [
  preflight('ten', names),
  preflight('normal', `${'a,'.repeat(2000)}a`),
  preflight('normal', pad(15_000)),
  refused(`Origin: ${pad(60_000)}\r\n`),
  refused(`Origin: ${origin}\r\n${'X: y\r\n'.repeat(5000)}`),
  refused(`X: ${pad(1_000_000)}\r\n`),
]

t.test('a flood of hostile requests holds up no other client for long', async t => {
  const proxy = await start(t)
  const client = await openRaw(proxy.port)
  t.teardown(() => client.destroy())
  let sent = 0
  /** How many hostile requests were served while each of `count` normal preflights waited, in order of number. */
  const overtaken = async (count: number): Promise<readonly number[]> => {
    const all: number[] = []
    for (let turn = 0; turn < count; turn++) {
      const before = client.receivedBytes
      const sentBefore = sent
      await client.write(normal)
      await client.until(({ receivedBytes }) => receivedBytes > before, 60_000)
      all.push(sent - sentBefore)
    }
    return all.toSorted((one, other) => one - other)
  }
  let flooding = true
  const flood = hostile.map(async bytes => {
    while (flooding) {
      const attacker = await openRaw(proxy.port)
      await attacker.write(bytes)
      await attacker.until(({ text, ended }) => ended !== undefined || text.includes('\r\n\r\n'), 60_000)
      attacker.destroy()
      sent++
    }
  })
  const beside = await overtaken(1000)
  flooding = false
  await Promise.all(flood)
  const p99 = beside[Math.floor(beside.length * 0.99)] ?? 0
  t.comment(`of ${sent} hostile requests ${beside.at(-1)} at most, and ${p99} at p99, went before a normal preflight`)
  t.ok(sent > 100, 'there was a flood')
  t.ok(p99 <= 10 * hostile.length, `p99: ${p99}`)
})
