// What the primary and its workers ask of each other.

import type { AddressInfo } from 'node:net'
import type { Configuration } from '../../config/configuration.ts'
import type { CorsKnowledge } from '../../policies/cors-knowledge.ts'
import type { ManagedAnswer, ManagedRequest } from '../../policies/managed/caller-permission.ts'
import type { RuleCopy } from '../../policies/replica/rule-copy.ts'
import type { LogOptions } from '../../telemetry/log/log.ts'
import type { CountReport } from '../../telemetry/metrics/count-report.ts'
import type { ProcessSample } from '../../telemetry/metrics/process-sums.ts'
import type { DrainResult } from '../process/drain.ts'
import type { Listening } from '../process/listening.ts'
import type { KnownNames } from '../upstream/known-names.ts'
import type { ConfigurationFiles } from '../upstream/tls-files.ts'

/** A configuration in force, and what its files hold. Whole: each worker takes its own share. */
export interface ConfigurationUpdate {
  readonly configuration: Configuration
  readonly files: ConfigurationFiles
}

/** What a worker begins with. `update` is a ConfigurationUpdate, serialised once for all workers. */
export interface WorkerStart {
  readonly slot: number
  readonly update: Buffer
  /** A descriptor is the primary's: the workers share what the primary accepts. */
  readonly where: Listening
  readonly log: Omit<LogOptions, 'sink'>
}

/** One bucket of one live source. */
export interface LiveBucket {
  readonly source: 'upstream' | 'managed'
  readonly bucket: string
}

/** What the primary asks of a worker. `start` comes first. */
export interface WorkerOperations {
  /** Resolves when the worker listens. */
  start(start: WorkerStart): Promise<Pick<AddressInfo, 'address' | 'port'>>
  apply(update: Buffer): Promise<void>
  /** Rules may have changed: resolves when the worker has the primary's. */
  refresh(bucket: string): Promise<void>
  /** Counts are reported before the result. */
  sample(nothing: undefined): Promise<ProcessSample>
  /** Whether connections beyond the worker's share are ended, because no other worker has room for them either. */
  endExcess(ends: boolean): void
  /** From now on every response says `Connection: close`. */
  startDraining(nothing: undefined): void
  /** How many connections it has taken since its start, those included that were sent to it before this question. */
  taken(nothing: undefined): number
  drain(deadlineMs: number): Promise<DrainResult>
}

/** What a worker asks of the primary about rules. */
export interface RuleOperations {
  /** What is known of a bucket. */
  rules(asked: LiveBucket): Promise<RuleCopy>
  /** Answers `?cors` of a managed bucket; undefined when none is managed any more. */
  managed(request: ManagedRequest): Promise<ManagedAnswer | undefined>
  /** Whether the endpoint knows `?cors` of a bucket. */
  knowsCors(bucket: string): Promise<CorsKnowledge>
  /** A client's own GET ?cors was answered by a list of the bucket. */
  corsObserved(bucket: string): void
  /** A `PUT` or `DELETE ?cors` that was forwarded has succeeded; `known`: by an endpoint that was seen to know it. */
  written(write: { readonly bucket: string; readonly known: boolean }): void
}

/** What a worker asks of the primary. */
export interface PrimaryOperations extends RuleOperations {
  report(report: CountReport): void
  /** Whole lines. */
  log(lines: Uint8Array): void
  full(isFull: boolean): void
  /** What the worker knows of the names in Host. */
  names(known: KnownNames): void
}
