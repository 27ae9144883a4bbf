// Two worker processes against one.

import { availableParallelism } from 'node:os'
import type { BenchRun, Part } from '../bench-run.ts'
import { childrenOf, proxyCore } from '../machine.ts'
import type { Peer } from '../peers/peer.ts'
import { canLimitProcessors, limitProcessors, share } from '../processor-share.ts'
import { figuresOf, medianRatio } from '../report/figures.ts'
import { number, ratio } from '../report/table.ts'
import { realisticSize } from '../rule-set.ts'
import { measure } from './measurement.ts'
import { scenarios } from './requests.ts'

/** How the processes are kept from competing with the load. */
type Room = 'cores of their own' | 'shares' | 'none'

export const workers: Part = {
  name: 'workers',
  title: '`workers: 2` against 1',
  async run(run) {
    const { upstream, runs, seconds, warmUpSeconds, isPatient } = run
    const room = roomOf()
    const setting = { upstream, tls: false, size: realisticSize }
    const candidates = [1, 2].map(count => ({ peer: peerWith(run, count, room), setting }))
    const rows: (string | undefined)[][] = []
    const data = []
    for (const scenario of scenarios.filter(({ name }) => name === 'preflight' || name === 'get-1k')) {
      const results = await measure(scenario, candidates, { runs, seconds, warmUpSeconds, isPatient })
      for (const [index, figures] of figuresOf(results).entries()) {
        const throughput = medianRatio(results[index]?.runs ?? [], results[0]?.runs ?? [], one => one.requestsPerSecond)
        data.push({ scenario: scenario.name, ...figures, throughputToOne: throughput, room })
        rows.push([
          `${scenario.name}, ${figures.peer}`,
          number(figures.requestsPerSecond),
          ratio(throughput),
          number(figures.cpuMicrosecondsPerRequest),
          number(figures.peakMemoryMiB),
        ])
      }
    }
    return {
      name: workers.name,
      title: workers.title,
      columns: ['request, workers', 'requests/s', '÷ one', 'CPU µs/request', 'peak RSS MiB'],
      rows,
      notes: notes[room],
      data,
      errors: data.flatMap(({ scenario, peer, errors }) => errors.map(error => `${scenario}, ${peer}: ${error}`)),
    }
  },
}

const notes: Readonly<Record<Room, readonly string[]>> = {
  'cores of their own': [],
  shares: [
    `Each process that answers has ${share * 100} % of one core, whatever the others do: load and endpoint have the rest.`,
  ],
  none: [
    'Load and endpoint compete with the workers for the machine’s cores: four of them, or control groups (root), show their gain.',
  ],
}

function roomOf(): Room {
  if (availableParallelism() >= 4) return 'cores of their own'
  return canLimitProcessors() ? 'shares' : 'none'
}

function peerWith({ variant }: BenchRun, count: number, room: Room): Peer {
  const cores = { 'cores of their own': '1,2', shares: proxyCore, none: '0,1' }[room]
  const peer = variant({ name: `workers-${count}`, settings: [`workers: ${count}`], cores })
  if (room !== 'shares') return peer
  return {
    ...peer,
    async start(setting) {
      const running = await peer.start(setting)
      const answering = count === 1 ? [running.pid] : childrenOf(running.pid)
      const remove = limitProcessors(peer.name, answering)
      return {
        ...running,
        async stop() {
          await running.stop()
          remove()
        },
      }
    },
  }
}
