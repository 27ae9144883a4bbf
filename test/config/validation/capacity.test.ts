import t from 'tap'
import { capacityOf, type Demand, findShortages, processMemoryBytes } from '../../../src/config/validation/capacity.ts'
import type { Resources } from '../../../src/config/validation/resources.ts'
import { readSettings } from '../../fixtures/test-proxy.ts'

const mebibyte = 1024 * 1024
const demand: Demand = { connections: 10_000, upstreamConnections: 256, tls: false, console: false, workers: 1 }
const large: Resources = { memoryBytes: 16_384 * mebibyte, heapBytes: 4096 * mebibyte, openFiles: undefined }
const container = (mebibytes: number): Resources => ({
  memoryBytes: mebibytes * mebibyte,
  heapBytes: 280 * mebibyte,
  openFiles: undefined,
})

t.test('what is asked for is what holds, where there is enough', async t => {
  t.match(capacityOf(demand, large), {
    connections: 10_000,
    upstreamConnections: 256,
    longBuffers: 16,
    adminConnections: 256,
  })
})

const containers: readonly {
  mebibytes: number
  tls?: boolean
  connections: number
  upstream: number
  heldMiB: number
}[] = [
  { mebibytes: 128, connections: 422, upstream: 64, heldMiB: 8 },
  { mebibytes: 256, connections: 1550, upstream: 234, heldMiB: 30 },
  { mebibytes: 512, connections: 2368, upstream: 256, heldMiB: 46 },
  { mebibytes: 512, tls: true, connections: 592, upstream: 256, heldMiB: 46 },
]
for (const { mebibytes, tls = false, connections, upstream, heldMiB } of containers) {
  t.test(`${mebibytes} MiB${tls ? ' with TLS' : ''}`, async t => {
    const capacity = capacityOf({ ...demand, tls }, container(mebibytes))
    t.strictSame(
      [capacity.connections, capacity.upstreamConnections, Math.floor(capacity.heldBytes / mebibyte)],
      [connections, upstream, heldMiB],
    )
  })
}

t.test('all that may be held together is at most half of what is free', async t => {
  for (const mebibytes of [96, 128, 200, 256, 512, 1024, 4096]) {
    for (const tls of [false, true]) {
      for (const workers of [1, 2, 4]) {
        if (mebibytes / (workers + 1) < 96) continue
        const resources = { ...large, memoryBytes: mebibytes * mebibyte }
        const { connections, heldBytes, upstreamConnections, longBuffers, consoleConnections } = capacityOf(
          { ...demand, tls, workers, console: true },
          resources,
        )
        const bytes =
          connections * (tls ? 80 : 20) * 1024 +
          heldBytes +
          upstreamConnections * 96 * 1024 +
          (longBuffers + 2 * consoleConnections) * 512 * 1024
        const free = processMemoryBytes(workers, resources) - 80 * mebibyte
        t.ok(bytes <= Math.max(8 * mebibyte, free / 2) + 2 * mebibyte, `${mebibytes} MiB, ${workers} workers: ${bytes}`)
      }
    }
  }
})

t.test('a console gets what there is room for', async t => {
  for (const [resources, expected] of [
    [container(128), 4],
    [container(256), 19],
    [container(512), 31],
    [large, 128],
  ] as const) {
    t.equal(capacityOf({ ...demand, console: true }, resources).consoleConnections, expected)
    t.equal(capacityOf(demand, resources).consoleConnections, 0)
  }
})

t.test('never nothing', async t => {
  const { connections, heldBytes, upstreamConnections } = capacityOf(demand, {
    ...{ memoryBytes: 1, heapBytes: 1, openFiles: 1 },
  })
  t.ok(connections > 0 && heldBytes > 0 && upstreamConnections > 0)
})

t.test('descriptors of clients leave those of the endpoint, the admin port and the process', async t => {
  for (const openFiles of [1024, 4096, 10_000]) {
    for (const console of [false, true]) {
      const capacity = capacityOf({ ...demand, console }, { ...large, openFiles })
      const rest = 96 + (console ? 256 : 0)
      t.equal(capacity.connections + capacity.upstreamConnections + capacity.adminConnections + rest, openFiles)
    }
  }
})

t.test('where both fit, nothing is said', async t => {
  t.strictSame(findShortages(readSettings({}, 'http://127.0.0.1:9'), large), [])
})

t.test('memory that is too little is told with what fits', async t => {
  const found = findShortages(readSettings({}, 'http://127.0.0.1:9'), container(128))
  t.strictSame(
    found.map(({ path, message, allowed }) => `${path.join('.')}: ${message}; allowed: ${allowed}`),
    [
      'limits.connections: 10000 connections do not fit 128 MiB of memory and 280 MiB of heap: 422 are served, and each further one ends another; allowed: at most 422, or a larger memory limit',
      'upstream.connections: 256 connections do not fit 128 MiB of memory and 280 MiB of heap: 64 are opened; allowed: at most 64, or a larger memory limit',
    ],
  )
})

t.test('descriptors that are too few are told with how many are needed', async t => {
  const found = findShortages(readSettings({ workers: 2 }, 'http://127.0.0.1:9'), { ...large, openFiles: 4096 })
  t.strictSame(
    found.map(({ path, message, allowed }) => `${path.join('.')}: ${message}; allowed: ${allowed}`),
    [
      'limits.connections: 5480 descriptors are needed for each of 2 workers (5000 for clients, 128 for upstream.connections, 352 in reserve), and 4096 may be open: 7232 clients are served; allowed: a limit of open files (ulimit -n, LimitNOFILE) of 5480, or fewer connections',
    ],
  )
})
