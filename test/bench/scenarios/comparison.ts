// A part of the benchmark for each request: all peers side by side.

import { join } from 'node:path'
import type { BenchRun, Part } from '../bench-run.ts'
import type { PeerSetting } from '../peers/peer.ts'
import { figuresOf } from '../report/figures.ts'
import { type SelfTime, topSelfTimes } from '../report/profile.ts'
import type { Section } from '../report/section.ts'
import { number, ratio } from '../report/table.ts'
import { realisticSize } from '../rule-set.ts'
import { measure, type PeerResult } from './measurement.ts'
import type { Scenario } from './requests.ts'

const columns = 'peer|CPU µs/request|÷ nginx|÷ best Node|÷ baseline|requests/s|MiB/s|peak RSS MiB'.split('|')

export function comparisonOf(scenario: Scenario): Part {
  const { name, title, client } = scenario
  return { name, title, isHttp2: client === 'h2load', run: run => compare(scenario, run) }
}

async function compare(scenario: Scenario, run: BenchRun): Promise<Section> {
  const { upstream, peers, runs, seconds, mainSeconds, starts, warmUpSeconds, isPatient, profiles } = run
  const profile = profiles === undefined ? undefined : { folder: profiles, name: `${scenario.name}.cpuprofile` }
  const setting = (isProfiled: boolean) => ({
    upstream,
    tls: scenario.tls,
    serves: servesFor(scenario),
    size: realisticSize,
    profile: isProfiled ? profile : undefined,
  })
  const results = await measure(
    scenario,
    peers.map(peer => ({ peer, setting: setting(peer.name === 'proxy') })),
    { runs, starts, seconds: scenario.isMain ? mainSeconds : seconds, warmUpSeconds, isPatient },
  )
  const figures = figuresOf(results)
  const profiled = profile === undefined ? [] : selfTimes(join(profile.folder, profile.name), results)
  return {
    name: scenario.name,
    title: scenario.title,
    columns,
    rows: figures.map(one => [
      one.peer,
      number(one.cpuMicrosecondsPerRequest),
      ratio(one.toNginx),
      ratio(one.toBestNodePeer),
      ratio(one.toBaseline),
      number(one.requestsPerSecond),
      number(one.mibPerSecond),
      number(one.peakMemoryMiB),
    ]),
    notes: profiled.length === 0 ? [] : [describe(profiled)],
    data: { figures, runs: results, selfTimes: profiled },
    errors: results.flatMap(({ peer, errors }) => errors.map(error => `${peer}: ${error}`)),
  }
}

function servesFor({ client, request }: Scenario): PeerSetting['serves'] {
  if (client === 'h2load') return 'HTTP/2'
  return request.tls === true ? 'HTTP/1.1' : undefined
}

function selfTimes(file: string, results: readonly PeerResult[]): readonly SelfTime[] {
  const own = results.find(({ peer }) => peer === 'proxy')
  return own === undefined || own.runs.length === 0 ? [] : topSelfTimes(file, own.window, 25)
}

function describe(profiled: readonly SelfTime[]): string {
  const lines = profiled.map(({ share, place }) => `- ${(share * 100).toFixed(1)} % \`${place}\``)
  return ['Self time without idle:', '', ...lines].join('\n')
}
