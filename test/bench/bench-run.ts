import type { Peer } from './peers/peer.ts'
import type { ProxyVariant } from './peers/proxy.ts'
import type { Section } from './report/section.ts'
import type { Upstream } from './upstream.ts'

/** What every part of one benchmark run shares. */
export interface BenchRun {
  readonly upstream: Upstream
  /** Those asked for that serve what the part's clients speak, this proxy first. */
  readonly peers: readonly Peer[]
  /** This proxy with other settings. */
  readonly variant: (variant: ProxyVariant) => Peer
  /** Interleaved runs, of which medians are taken. */
  readonly runs: number
  /** Fresh processes of each peer that a comparison measures, each with so many runs. */
  readonly starts: number
  /** Of each run; scenarios whose figures have limits take `mainSeconds`. */
  readonly seconds: number
  readonly mainSeconds: number
  readonly warmUpSeconds: number
  readonly isPatient: boolean
  /** Where CPU profiles of this proxy go. */
  readonly profiles: string | undefined
  /** Says what is being done, for the person who waits. */
  readonly progress: (text: string) => void
}

/** One part of the benchmark, by the name that `--scenario` takes. */
export interface Part {
  readonly name: string
  readonly title: string
  /** Clients speak HTTP/2, by h2load. */
  readonly isHttp2?: boolean | undefined
  run(run: BenchRun): Promise<Section>
}
