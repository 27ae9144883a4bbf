// Two worker processes against one. With fewer than four cores they share theirs with the load, and little can be gained.

import { availableParallelism } from 'node:os'
import type { Part } from '../bench-run.ts'
import { figuresOf, medianRatio } from '../report/figures.ts'
import { number, ratio } from '../report/table.ts'
import { realisticSize } from '../rule-set.ts'
import { measure } from './measurement.ts'
import { scenarios } from './requests.ts'

const coresNeeded = 4

export const workers: Part = {
  name: 'workers',
  title: '`workers: 2` against 1',
  async run({ upstream, variant, runs, seconds, warmUpSeconds, isPatient }) {
    const cores = availableParallelism() >= coresNeeded ? '1,2' : '0,1'
    const setting = { upstream, tls: false, size: realisticSize }
    const candidates = [1, 2].map(count => ({
      peer: variant({ name: `workers-${count}`, settings: [`workers: ${count}`], cores }),
      setting,
    }))
    const rows: (string | undefined)[][] = []
    const data = []
    for (const scenario of scenarios.filter(({ name }) => name === 'preflight' || name === 'get-1k')) {
      const results = await measure(scenario, candidates, { runs, seconds, warmUpSeconds, isPatient })
      for (const [index, figures] of figuresOf(results).entries()) {
        const throughput = medianRatio(results[index]?.runs ?? [], results[0]?.runs ?? [], run => run.requestsPerSecond)
        data.push({ scenario: scenario.name, ...figures, throughputToOne: throughput, cores })
        rows.push([
          `${scenario.name}, ${figures.peer}`,
          number(figures.requestsPerSecond),
          ratio(throughput),
          number(figures.cpuMicrosecondsPerRequest),
          number(figures.peakMemoryMiB),
        ])
      }
    }
    const shared = availableParallelism() < coresNeeded
    return {
      name: workers.name,
      title: workers.title,
      columns: ['request, workers', 'requests/s', '÷ one', 'CPU µs/request', 'peak RSS MiB'],
      rows,
      notes: shared
        ? [
            `Load and endpoint compete with the workers for the machine’s cores: ${coresNeeded} are needed to see their gain.`,
          ]
        : [],
      data,
      errors: data.flatMap(({ scenario, peer, errors }) => errors.map(error => `${scenario}, ${peer}: ${error}`)),
    }
  },
}
