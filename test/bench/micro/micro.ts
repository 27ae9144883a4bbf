// `npm run bench:micro [WORD]`: time and allocation of the core's functions, those whose name has the word.

import { getHeapStatistics } from 'node:v8'
import { do_not_optimize, measure } from 'mitata'
import { number, renderTable } from '../report/table.ts'
import { type MicroCase, microCases, tableCases } from './cases.ts'

const [word = ''] = process.argv.slice(2)
// Few enough that no collection comes between; `--max-semi-space-size` in package.json gives them room.
const allocations = 10_000

function bytesEach({ run }: MicroCase): number {
  globalThis.gc?.()
  const before = getHeapStatistics().used_heap_size
  for (let time = 0; time < allocations; time++) do_not_optimize(run())
  return Math.max(0, getHeapStatistics().used_heap_size - before) / allocations
}

const rows: (string | undefined)[][] = []

async function take(one: MicroCase): Promise<void> {
  const { p50, p99 } = await measure(() => do_not_optimize(one.run()), { min_cpu_time: 3e8 })
  rows.push([one.name, number(p50), number(p99), String(Math.round(bytesEach(one)))])
}

for (const one of microCases) if (one.name.includes(word)) await take(one)
// One after the other: the larger table takes gigabytes.
for (const [buckets, rules] of [
  [1, 1],
  [100, 10],
  [10_000, 100],
] as const) {
  if (!'decision in a table'.includes(word)) continue
  for (const one of tableCases(buckets, rules)) await take(one)
}
process.stdout.write(renderTable(['the core', 'ns, median', 'ns, p99', 'bytes allocated'], rows))
