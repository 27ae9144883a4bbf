// What many connections cost the real process. The bounds are several times what is measured, and the figures are printed.

import t from 'tap'
import { assertServes, get, openMany, stall, startCounted, startLargeObjects } from '../fixtures/crowd.ts'
import { megabytes, noProcessMemory, peakResidentBytes, residentBytes } from '../fixtures/process-memory.ts'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'

t.setTimeout(300_000)

const skip = noProcessMemory

t.test('two hundred stalled readers of large objects', { skip }, async t => {
  const upstream = await startLargeObjects(t)
  const proxy = await startCounted(t, upstream)
  const before = residentBytes(proxy.pid)
  const clients = await openMany(t, proxy, 200)
  await stall(upstream, clients)
  await assertServes(t, proxy)
  const peak = peakResidentBytes(proxy.pid)
  t.comment(`200 stalled readers: peak RSS ${megabytes(peak)}, ${megabytes(peak - before)} more than before them`)
  t.ok(peak - before < 200 * 1_000_000, 'at most 1 MB for each')
})

t.test('five thousand idle connections', { skip }, async t => {
  const upstream = await startRecordingUpstream(t, { keepBytes: false })
  const proxy = await startCounted(t, upstream)
  const before = residentBytes(proxy.pid)
  const clients = await openMany(t, proxy, 5000)
  const silent = residentBytes(proxy.pid)
  // Then each has its answer, and says nothing more.
  for (let at = 0; at < clients.length; at += 100) {
    const some = clients.slice(at, at + 100)
    await Promise.all(some.map(client => client.write(get('/web/k'))))
    await Promise.all(some.map(client => client.until(({ text }) => text.endsWith('ok'), 30_000)))
  }
  await assertServes(t, proxy)
  t.equal(clients.filter(({ ended }) => ended !== undefined).length, 0, 'all are still open')
  const peak = peakResidentBytes(proxy.pid)
  const each = ((peak - before) / clients.length / 1000).toFixed(1)
  t.comment(`5,000 silent connections: RSS ${megabytes(silent)}, ${megabytes(silent - before)} more than before them`)
  t.comment(`5,000 idle connections after a request: peak RSS ${megabytes(peak)}, ${each} KB each`)
  t.ok(peak - before < clients.length * 60_000, 'at most 60 KB for each')
})

// More would wait for one of them to end: then the time that each waits decides who is served.
for (const [heapMegabytes, leastStreams] of [
  [64, 250],
  [256, 500],
] as const) {
  t.test(`as many streams as the program says, with a heap of ${heapMegabytes} MB`, { skip }, async t => {
    const upstream = await startLargeObjects(t)
    const proxy = await startCounted(t, upstream, `--max-old-space-size=${heapMegabytes}`)
    const count = upstreamConnectionsOf(proxy.logs()) - 1
    t.ok(count >= leastStreams, `${count} streams`)
    const clients = await openMany(t, proxy, count)
    await stall(upstream, clients)
    // All of them then read on at once.
    const before = clients.map(({ receivedBytes }) => receivedBytes)
    for (const client of clients) client.socket.resume()
    await Promise.all(
      clients.map(async (client, index) => {
        await client.until(({ receivedBytes }) => receivedBytes > (before[index] ?? 0) + 1_000_000, 120_000)
        client.destroy()
      }),
    )
    await assertServes(t, proxy)
    const peak = megabytes(peakResidentBytes(proxy.pid))
    t.comment(`${count} streams with a heap of ${heapMegabytes} MB: peak RSS ${peak}`)
  })
}

/** What the line of the log on the capacity says. */
function upstreamConnectionsOf(logs: string): number {
  return Number(/"event":"capacity".*?"upstreamConnections":(\d+)/.exec(logs)?.[1])
}
