// Memory while many clients read slower than the endpoint sends: what backpressure has to hold.

import type { BenchRun, Part } from '../bench-run.ts'
import { holdReaders } from '../load/reader-load.ts'
import { forgetPeakMemory, memoryMiB, peakMemoryMiB } from '../machine.ts'
import type { Peer } from '../peers/peer.ts'
import { median } from '../report/figures.ts'
import type { Section } from '../report/section.ts'
import { number } from '../report/table.ts'
import { realisticSize } from '../rule-set.ts'
import { scenarios } from './requests.ts'

const readers = 64
const holdMs = 3000

interface Memory {
  readonly idleMiB: number
  readonly peakMiB: number
  readonly bytes: number
  readonly errors: readonly string[]
}

function readersPart(name: string, title: string, restMs: number | undefined): Part {
  return {
    name,
    title,
    async run(run): Promise<Section> {
      // Memory scatters little, and every run takes fresh processes.
      const rounds: (readonly Memory[])[] = []
      for (let round = 0; round < Math.min(run.runs, 3); round++) {
        rounds.push(await Promise.all(run.peers.map(peer => measure(peer, run, restMs))))
      }
      const of = (index: number) => rounds.map(round => round[index]).filter(memory => memory !== undefined)
      const results = run.peers.map(({ name: peer }, index) => ({
        peer,
        idleMiB: median(of(index).map(({ idleMiB }) => idleMiB)),
        peakMiB: median(of(index).map(({ peakMiB }) => peakMiB)),
        mebibytesRead: median(of(index).map(({ bytes }) => bytes)) / 1024 ** 2,
        errors: of(index).flatMap(({ errors }) => errors),
      }))
      return {
        name,
        title,
        columns: ['peer', 'peak RSS MiB', 'RSS before MiB', 'MiB read'],
        rows: results.map(one => [one.peer, number(one.peakMiB), number(one.idleMiB), number(one.mebibytesRead)]),
        notes: [],
        data: results,
        errors: results.flatMap(({ peer, errors }) => errors.map(error => `${peer}: ${error}`)),
      }
    },
  }
}

async function measure(peer: Peer, { upstream }: BenchRun, restMs: number | undefined): Promise<Memory> {
  const request = scenarios.find(({ name }) => name === 'get-256m')?.request
  if (request === undefined) throw new Error('there is no request for the large object')
  const process = await peer.start({ upstream, tls: false, size: realisticSize })
  try {
    const idleMiB = memoryMiB(process.pid)
    forgetPeakMemory(process.pid)
    const held = await holdReaders({ ...request, port: process.port, readers, restMs, holdMs })
    return { idleMiB, peakMiB: peakMemoryMiB(process.pid), ...held }
  } finally {
    await process.stop()
  }
}

export const slowReaders = readersPart('slow-readers', `${readers} slow readers of 256 MiB objects`, 100)
export const stalledReaders = readersPart('stalled-readers', `${readers} readers stalled in 256 MiB objects`, undefined)
