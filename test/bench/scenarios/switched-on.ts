// What each thing that can be switched on costs a request, as a ratio to the same proxy without it.

import type { BenchRun, Part } from '../bench-run.ts'
import { figuresOf, medianRatio } from '../report/figures.ts'
import type { Section } from '../report/section.ts'
import { number, ratio } from '../report/table.ts'
import { realisticSize } from '../rule-set.ts'
import { createInMemoryPeer } from './in-memory-proxy.ts'
import { measure } from './measurement.ts'
import { scenarios } from './requests.ts'

/** Pairs: what is switched on, and what it is held against. The endpoint answers a preflight in `report`, so not that. */
const groups = [
  { request: 'get-1k', variants: ['off', 'access-log', 'report', 'block', 'node-responses'] },
  { request: 'preflight', variants: ['off', 'access-log', 'block', 'node-responses'] },
  { request: 'get-1k', variants: ['no-metrics', 'metrics'] },
  { request: 'preflight', variants: ['no-metrics', 'metrics'] },
]

export const switchedOn: Part = {
  name: 'switched-on',
  title: 'the cost of what is switched on',
  async run(run): Promise<Section> {
    const rows: (string | undefined)[][] = []
    const data = []
    const errors: string[] = []
    for (const { request, variants } of groups) {
      const scenario = scenarios.find(({ name }) => name === request)
      if (scenario === undefined) throw new Error(`there is no ${request}`)
      const setting = { upstream: run.upstream, tls: false, size: realisticSize }
      const candidates = variants.map(name => ({ peer: peerOf(name, run), setting }))
      const { runs, seconds, warmUpSeconds, isPatient } = run
      const results = await measure(scenario, candidates, { runs, seconds, warmUpSeconds, isPatient })
      for (const [index, figures] of figuresOf(results).entries()) {
        const toOff = medianRatio(
          results[index]?.runs ?? [],
          results[0]?.runs ?? [],
          one => one.cpuMicrosecondsPerRequest,
        )
        data.push({ request, ...figures, toOff, runs: results[index]?.runs })
        rows.push([`${request}, ${figures.peer}`, number(figures.cpuMicrosecondsPerRequest), ratio(toOff)])
        errors.push(...figures.errors.map(error => `${request}, ${figures.peer}: ${error}`))
      }
    }
    return {
      name: switchedOn.name,
      title: switchedOn.title,
      columns: ['request, switched on', 'CPU µs/request', '÷ off'],
      rows,
      notes: [
        'Metrics cannot be switched off: they are measured in the data plane alone, with an observer that does nothing.',
        'Ratios are medians of run by run.',
      ],
      data,
      errors,
    }
  },
}

function peerOf(name: string, { variant }: BenchRun) {
  switch (name) {
    case 'access-log':
      return variant({ name, settings: ['log: { access: true }'] })
    case 'report':
    case 'block':
      return variant({ name, settings: [`enforcement: ${name}`] })
    case 'node-responses':
      return variant({ name, settings: ['nodeResponses: true'] })
    case 'metrics':
    case 'no-metrics':
      return createInMemoryPeer(name, name === 'metrics')
    default:
      return variant({ name })
  }
}
