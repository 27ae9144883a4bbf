// What a peer adds to the time of a request at a rate that all of them bear: the same without any proxy is subtracted.

import type { BenchRun, Part } from '../bench-run.ts'
import type { TimedLoadResult } from '../load/load-result.ts'
import { runOwnLoad } from '../load/own-load.ts'
import { runWrk } from '../load/wrk.ts'
import type { RunningPeer } from '../peers/peer.ts'
import { median } from '../report/figures.ts'
import type { Section } from '../report/section.ts'
import type { Cell } from '../report/table.ts'
import { realisticSize } from '../rule-set.ts'
import { type Scenario, scenarios } from './requests.ts'

const requestsPerSecond = 1000
const seconds = 2

interface Latency {
  readonly scenario: string
  readonly peer: string
  /** Microseconds; added to what the endpoint takes by itself. */
  readonly p50: number
  readonly p99: number
  readonly addedP50: number
  readonly addedP99: number
  /** More than the peer could take. */
  readonly unsent: number
  readonly errors: readonly string[]
}

export const latency: Part = {
  name: 'latency',
  title: `added latency at ${requestsPerSecond} requests/s`,
  async run(run): Promise<Section> {
    const latencies: Latency[] = []
    for (const scenario of scenarios.filter(({ isPaced }) => isPaced)) latencies.push(...(await measure(scenario, run)))
    return {
      name: latency.name,
      title: latency.title,
      columns: ['request, peer', 'p50 ms', 'p99 ms', 'added p50 ms', 'added p99 ms'],
      rows: latencies.map(one => [
        `${one.scenario}, ${one.peer}`,
        milliseconds(one.p50),
        milliseconds(one.p99),
        milliseconds(one.addedP50),
        milliseconds(one.addedP99),
      ]),
      notes: [
        'A preflight never reaches the endpoint: nothing is subtracted there, not even the client’s own time.',
        ...latencies
          .filter(({ unsent }) => unsent > 0)
          .map(({ scenario, peer, unsent }) => `${scenario}, ${peer}: did not bear the rate, ${unsent} not sent.`),
      ],
      data: latencies,
      errors: latencies.flatMap(({ scenario, peer, errors }) => errors.map(error => `${scenario}, ${peer}: ${error}`)),
    }
  },
}

/** A preflight never reaches the endpoint; any other request is taken directly, too. */
async function measure(scenario: Scenario, { upstream, peers, runs }: BenchRun): Promise<readonly Latency[]> {
  const running: { name: string; process: RunningPeer; results: TimedLoadResult[] }[] = []
  const direct: TimedLoadResult[] = []
  const isDirect = scenario.request.method !== 'OPTIONS'
  try {
    for (const peer of peers) {
      const process = await peer.start({ upstream, tls: scenario.tls, size: realisticSize })
      running.push({ name: peer.name, process, results: [] })
      await runWrk(process.port, scenario.request, 1)
    }
    const load = (port: number) => runOwnLoad(port, scenario.request, seconds, requestsPerSecond)
    for (let run = 0; run < runs; run++) {
      if (isDirect) direct.push(await load(upstream.port))
      for (const { process, results } of running) results.push(await load(process.port))
    }
  } finally {
    for (const { process } of running) await process.stop()
  }
  return running.map(({ name, results }) => ({
    scenario: scenario.name,
    peer: name,
    p50: median(results.map(({ p50 }) => p50)),
    p99: median(results.map(({ p99 }) => p99)),
    // Run by run: both ends of a difference were measured at about the same time.
    addedP50: median(results.map(({ p50 }, run) => p50 - (direct[run]?.p50 ?? 0))),
    addedP99: median(results.map(({ p99 }, run) => p99 - (direct[run]?.p99 ?? 0))),
    unsent: results.reduce((sum, { unsent = 0 }) => sum + unsent, 0),
    errors: results.flatMap(faultsOf),
  }))
}

function faultsOf({ requests, badStatuses, socketErrors }: TimedLoadResult): readonly string[] {
  if (requests === 0) return ['no request came to an end']
  if (badStatuses + socketErrors > 0) return [`${badStatuses} bad statuses, ${socketErrors} socket errors`]
  return []
}

function milliseconds(microseconds: number): Cell {
  return (microseconds / 1000).toFixed(3)
}
