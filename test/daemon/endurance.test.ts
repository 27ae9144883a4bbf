// The real process over many requests, in a heap that whatever is left behind would fill.

import { readdirSync } from 'node:fs'
import t from 'tap'
import { assertServes, get, startCounted } from '../fixtures/crowd.ts'
import { megabytes, noProcessMemory, peakResidentBytes } from '../fixtures/process-memory.ts'
import { openRaw } from '../fixtures/raw-client.ts'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'

t.setTimeout(300_000)

const skip = noProcessMemory

t.test('a hundred thousand requests leave nothing behind', { skip }, async t => {
  const upstream = await startRecordingUpstream(t, { keepBytes: false })
  // The heap in use is some 26 MB: 200 bytes of each request would end the process.
  const proxy = await startCounted(t, upstream, '--max-old-space-size=44 --max-semi-space-size=4')
  const descriptors = () => readdirSync(`/proc/${proxy.pid}/fd`).length
  const first = await openRaw(proxy.port)
  await first.write(get('/web/k'))
  await first.until(({ text }) => text.endsWith('ok'), 30_000)
  const length = first.receivedBytes
  first.destroy()

  // A round is 20,000 requests on twenty connections, fifty at once on each; then the connections are left.
  const round = async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => openRaw(proxy.port)))
    await Promise.all(
      clients.map(async client => {
        for (let turn = 1; turn <= 20; turn++) {
          await client.write(get('/web/k').repeat(50))
          await client.until(({ receivedBytes }) => receivedBytes === turn * 50 * length, 60_000)
        }
        client.destroy()
      }),
    )
    await assertServes(t, proxy)
    return { peak: peakResidentBytes(proxy.pid), descriptors: descriptors() }
  }
  const early = await round()
  for (let turn = 0; turn < 3; turn++) await round()
  const late = await round()
  t.ok(upstream.requests.length > 100_000)
  t.ok(late.descriptors <= early.descriptors + 5, `${early.descriptors} open files, then ${late.descriptors}`)
  const growth = late.peak - early.peak
  t.comment(
    `100,000 requests in a heap of 44 MB: peak RSS ${megabytes(late.peak)}, ${megabytes(growth)} of it after 20,000`,
  )
  t.ok(growth < 60_000_000, megabytes(growth))
})
