// Floods a proxy in memory groups of several sizes, and prints what it costs: `npm run floods -- --seconds 120`. Needs root.

import { parseArgs } from 'node:util'
import { type Latencies, measureFlood } from './fixtures/flood-measurement.ts'
import { http2FloodKinds } from './fixtures/http2-floods.ts'
import { type FloodKind, floodKinds } from './fixtures/memory-floods.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '120' },
    memory: { type: 'string', default: '128,256,512' },
    kinds: { type: 'string', default: [...floodKinds, 'all', 'all-tls', ...http2FloodKinds].join(',') },
    'real-time': { type: 'boolean', default: false },
  },
})
const kinds = values.kinds.split(',')
console.log(
  'Preflights on connections of their own, none asked twice; failed/all, then ms of those that were answered, and at last ms that',
)
console.log("the proxy's event loop was on a processor meanwhile: that does not hang on what else the machine does.")
console.log(
  '                                           in the first 3 s                                 after that                         /livez ms',
)
console.log(
  'MiB  flood             peak kill files   failed   p50   p95   max  loop p95 max         failed   p50   p95   max  loop p95 max    max',
)
for (const mebibytes of values.memory.split(',').map(Number)) {
  for (const kind of kinds) {
    const tls = kind.endsWith('-tls') || kind.startsWith('h2-')
    const name = kind.replace(/-tls$/, '')
    const floods: readonly FloodKind[] = name === 'all' ? floodKinds : [name as FloodKind]
    const figures = await measureFlood(floods, mebibytes, Number(values.seconds), {
      tls,
      realTime: values['real-time'],
    })
    if (figures === undefined) throw new Error('no memory group can be made here: it needs root and control groups')
    const { peakBytes, kills, peakDescriptors, exitCode, ramp, after, livez } = figures
    const columns = [
      String(mebibytes).padEnd(4),
      kind.padEnd(17),
      (peakBytes / 1024 ** 2).toFixed(0).padStart(4),
      String(kills).padStart(4),
      String(peakDescriptors).padStart(5),
      ...row(ramp),
      '   ',
      ...row(after),
      ' ',
      milliseconds(livez.answeredMs, 1),
      livez.failures.length === 0 ? '' : `${livez.failures.length} /livez failed`,
      failuresOf([...ramp.failures, ...after.failures]),
      exitCode === 0 ? '' : `exit code ${exitCode}`,
    ]
    console.log(columns.join(' ').trimEnd())
    if (exitCode !== 0 || process.env.FLOOD_LOGS) console.log(figures.logs.slice(-2000))
  }
}

function row({ answeredMs, loopMs, failures }: Latencies): string[] {
  const share = `${failures.length}/${failures.length + answeredMs.length}`
  return [
    share.padStart(9),
    ...[0.5, 0.95, 1].map(part => milliseconds(answeredMs, part)),
    '   ',
    ...[0.95, 1].map(part => milliseconds(loopMs, part)),
  ]
}

function milliseconds(sorted: readonly number[], part: number): string {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]
  return (value?.toFixed(value < 10 ? 1 : 0) ?? '-').padStart(5)
}

/** `3 late, 1 ECONNRESET` */
function failuresOf(failures: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const failure of failures) counts.set(failure, (counts.get(failure) ?? 0) + 1)
  return [...counts].map(([failure, count]) => `${count} ${failure}`).join(', ')
}
