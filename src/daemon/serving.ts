import type { AddressInfo } from 'node:net'
import type { Configuration } from '../config/configuration.ts'
import type { PolicySources } from '../policies/policy-sources.ts'
import type { Log } from '../telemetry/log/log.ts'
import type { Metrics } from '../telemetry/metrics/metrics.ts'
import { createObserver, type ObserverOptions } from '../telemetry/observer.ts'
import { watchCorsWrites } from './cors-writes.ts'
import { createDataPlane, type DataPlane, type DataPlaneOptions } from './data-plane.ts'
import { explainRecord } from './operator/explanations.ts'
import { createPolicies, type RuleEvents } from './policies.ts'
import { type DrainResult, drain } from './process/drain.ts'
import { type Listening, listen } from './process/listening.ts'
import type { KnownNames } from './upstream/known-names.ts'
import { logName } from './upstream/name-watch.ts'
import type { ConfigurationFiles } from './upstream/tls-files.ts'

/** What serving needs from the daemon. */
export interface ServingOptions {
  readonly configuration: Configuration
  readonly files: ConfigurationFiles
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly metrics: Metrics
  readonly log: Log
  readonly events: RuleEvents
}

/** What answers on the S3 port, as the daemon sees it: this process, or workers that it directs. */
export interface Serving {
  readonly policies: () => PolicySources
  listen(where: Listening): Promise<Pick<AddressInfo, 'address' | 'port'>>
  /** False while the S3 port takes no connections. */
  listening(): boolean
  /** How the endpoint reads names; `asked` once every process has asked. */
  names(): KnownNames
  /** Resolves when the configuration is in force everywhere. */
  apply(configuration: Configuration, files: ConfigurationFiles): Promise<void>
  drain(acceptMs: number, deadlineMs: number): Promise<DrainResult>
  /** Nothing is left running. */
  close(): void
  /** Brings in what other processes have counted; absent where there are none. */
  readonly gather?: (() => Promise<void>) | undefined
  /** The process metrics of all processes as text; absent where this is the only one. */
  readonly processMetrics?: (() => Promise<string>) | undefined
}

/** Makes what serves; it does not listen yet. */
export type CreateServing = (options: ServingOptions) => Serving

/** This process serves by itself. */
export function serveAlone({ events, ...options }: ServingOptions): Serving {
  return servePort({
    ...options,
    makePolicies: (next, upstream, before) => createPolicies(next, upstream, before, events),
    onName: event => logName(event, options.log),
  })
}

/** What answering on the S3 port needs, of one process alone or of a worker. */
export interface PortOptions extends Omit<DataPlaneOptions, 'observer'>, Pick<ObserverOptions, 'metrics' | 'sampler'> {
  readonly log: Log
}

/** What serves a port by itself. */
export interface PortServing extends Serving, Pick<DataPlane, 'server' | 'startDraining'> {}

/** The S3 port of this process. */
export function servePort({ metrics, log, sampler, ...options }: PortOptions): PortServing {
  let { configuration } = options
  const telemetry = createObserver({
    metrics,
    log,
    sampler,
    access: () => configuration.log.access,
    explain: record => explainRecord(record, dataPlane.policies(), configuration),
  })
  const dataPlane = createDataPlane({
    ...options,
    observer: watchCorsWrites(telemetry, () => dataPlane.policies(), log),
  })
  const { server } = dataPlane
  return {
    server,
    policies: dataPlane.policies,
    async listen(where) {
      await listen(server, where)
      return server.address() as AddressInfo
    },
    listening: () => server.listening,
    names: dataPlane.names,
    startDraining: dataPlane.startDraining,
    // What throws here has changed nothing.
    apply(next, files) {
      dataPlane.apply(next, files)
      configuration = next
      return Promise.resolve()
    },
    async drain(acceptMs, deadlineMs) {
      dataPlane.startDraining()
      const result = await drain({ server, acceptMs, deadlineMs, breakOff: dataPlane.breakOff })
      dataPlane.close()
      return result
    },
    close() {
      dataPlane.close()
      server.close()
    },
  }
}
