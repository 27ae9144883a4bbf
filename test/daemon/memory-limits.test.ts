// Real memory limits, and clients that make the proxy hold all they can. For two minutes each: `npm run floods`.

import t from 'tap'
import { measureFlood } from '../fixtures/flood-measurement.ts'
import { floodKinds } from '../fixtures/memory-floods.ts'
import { createMemoryGroup } from '../fixtures/memory-group.ts'

t.setTimeout(600_000)

const probe = createMemoryGroup('s3-cors-proxy-probe', 2 ** 30)
await probe?.remove()
const isCi = process.env.S3CORS_REQUIRE_SERVERS === '1'
const isRequired = isCi && process.getuid?.() === 0
const skip = probe !== undefined || isRequired ? false : 'no memory group can be made: it needs root and control groups'

for (const [mebibytes, kinds] of [
  [128, floodKinds],
  [512, floodKinds],
  ...floodKinds.map(kind => [256, [kind]] as const),
] as const) {
  const name = kinds.length === 1 ? kinds[0] : 'all of them'
  // Two minutes that a machine of its own has: those of all kinds at once hold the same bounds.
  const alone = kinds.length > 1 || isCi ? false : 'one kind of flood alone: S3CORS_REQUIRE_SERVERS=1 or npm run floods'
  t.test(`a flood in ${mebibytes} MiB: ${name}`, { skip: skip || alone }, async t => {
    const figures = await measureFlood(kinds, mebibytes, 8)
    if (figures === undefined) throw new Error('no memory group can be made')
    t.equal(figures.kills, 0, 'the kernel ends nothing')
    t.equal(figures.exitCode, 0, 'it ends when it is told to')
    t.ok(figures.peakBytes <= mebibytes * 1024 * 1024)
    // Far above what a machine that is not busy shows: the figures are those of the long run.
    t.strictSame(figures.livez.failures, [], '/livez answers')
    const preflights = figures.ramp.answeredMs.length + figures.after.answeredMs.length
    t.ok(preflights > 0, 'a stranger is answered')
  })
}
