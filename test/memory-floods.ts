// Floods a proxy in memory groups of several sizes, and prints what it costs: `npm run floods -- --seconds 120`. Needs root.

import { parseArgs } from 'node:util'
import { measureFlood } from './fixtures/flood-measurement.ts'
import { type FloodKind, floodKinds } from './fixtures/memory-floods.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '120' },
    memory: { type: 'string', default: '128,256,512' },
    kinds: { type: 'string', default: [...floodKinds, 'all', 'all-tls'].join(',') },
  },
})
console.log('MiB  flood       peak MiB  kills  exit  preflight ms: p50    max  failed  /livez ms max')
for (const mebibytes of values.memory.split(',').map(Number)) {
  for (const kind of values.kinds.split(',')) {
    const tls = kind.endsWith('-tls')
    const name = kind.replace(/-tls$/, '')
    const kinds = name === 'all' ? floodKinds : [name as FloodKind]
    const figures = await measureFlood(kinds, mebibytes, Number(values.seconds), tls)
    if (figures === undefined) throw new Error('no memory group can be made here: it needs root and control groups')
    const { peakBytes, kills, exitCode, preflightMs, livezMs } = figures
    const answered = preflightMs.filter(ms => ms < Number.POSITIVE_INFINITY)
    const columns = [
      String(mebibytes).padEnd(4),
      kind.padEnd(11),
      (peakBytes / 1024 ** 2).toFixed(0).padStart(8),
      String(kills).padStart(6),
      String(exitCode).padStart(5),
      (preflightMs[Math.floor(preflightMs.length / 2)] ?? 0).toFixed(1).padStart(18),
      (answered.at(-1) ?? 0).toFixed(0).padStart(6),
      `${preflightMs.length - answered.length}/${preflightMs.length}`.padStart(7),
      (livezMs.at(-1) ?? 0).toFixed(0).padStart(14),
    ]
    console.log(columns.join(' '))
    if (exitCode !== 0 || process.env.FLOOD_LOGS) console.log(figures.logs.slice(-2000))
  }
}
