// What a table of a million rules costs a request, against a table of one.

import type { Part } from '../bench-run.ts'
import { figuresOf, medianRatio } from '../report/figures.ts'
import { number, ratio } from '../report/table.ts'
import { allowedOrigin, type RuleSetSize } from '../rule-set.ts'
import { createInMemoryPeer } from './in-memory-proxy.ts'
import { type Candidate, measure } from './measurement.ts'
import { type Scenario, scenarios } from './requests.ts'

const one: RuleSetSize = { buckets: 1, rules: 1 }
const many: RuleSetSize = { buckets: 10_000, rules: 100 }

export const manyBuckets: Part = {
  name: 'many-buckets',
  title: '10,000 buckets × 100 rules against 1 × 1',
  async run({ upstream, runs, seconds, warmUpSeconds, isPatient }) {
    const [preflight, get] = ['preflight', 'get-1k'].map(name => scenarios.find(scenario => scenario.name === name))
    if (preflight === undefined || get === undefined) throw new Error('there are no requests for this')
    const candidate = (name: string, size: RuleSetSize, scenario: Scenario): Candidate => ({
      peer: createInMemoryPeer(name, true),
      setting: { upstream, tls: false, size },
      scenario,
    })
    const groups = [
      [
        candidate('preflight-1-bucket', one, sentFrom(preflight, one)),
        candidate('preflight-of-10000', many, sentFrom(preflight, many)),
        candidate('preflight-all-10000', many, byBucket(preflight, many)),
      ],
      [candidate('get-1-bucket', one, sentFrom(get, one)), candidate('get-of-10000', many, sentFrom(get, many))],
    ]
    const rows: string[][] = []
    const all = []
    for (const candidates of groups) {
      const results = await measure(preflight, candidates, { runs, seconds, warmUpSeconds, isPatient })
      const [base] = results
      for (const [index, figures] of figuresOf(results).entries()) {
        const result = results[index]
        if (base === undefined || result === undefined) continue
        const cpu = medianRatio(result.runs, base.runs, run => run.cpuMicrosecondsPerRequest)
        const throughput = medianRatio(result.runs, base.runs, run => run.requestsPerSecond)
        all.push({ ...figures, cpuToOne: cpu, throughputToOne: throughput, runs: result.runs })
        rows.push(
          [figures.peer, number(figures.cpuMicrosecondsPerRequest), ratio(cpu), number(figures.requestsPerSecond)]
            .concat(ratio(throughput) ?? '', number(figures.peakMemoryMiB) ?? '')
            .map(cell => cell ?? ''),
        )
      }
    }
    return {
      name: manyBuckets.name,
      title: manyBuckets.title,
      columns: ['requests', 'CPU µs/request', '÷ 1 × 1', 'requests/s', '÷ 1 × 1', 'peak RSS MiB'],
      rows,
      notes: ['Ratios are medians of run by run. The time of one decision is in `npm run bench:micro`.'],
      data: all,
      errors: all.flatMap(({ peer, errors }) => errors.map(error => `${peer}: ${error}`)),
    }
  },
}

/** The same request from an origin that this size's last rule allows. */
function sentFrom(scenario: Scenario, size: RuleSetSize): Scenario {
  const fields = scenario.request.fields.map(line =>
    line.startsWith('Origin: ') ? `Origin: ${allowedOrigin(size)}` : line,
  )
  return { ...scenario, request: { ...scenario.request, fields } }
}

function byBucket(scenario: Scenario, size: RuleSetSize): Scenario {
  const sent = sentFrom(scenario, size)
  return { ...sent, request: { ...sent.request, byBucket: size } }
}
