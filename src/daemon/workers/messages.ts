// What primary and workers say to each other. Every message is plain data; the channel keeps their order.

import type { Configuration } from '../../config/configuration.ts'
import type { ManagedAnswer, ManagedRequest } from '../../policies/managed/managed-request.ts'
import type { MirrorAnswer } from '../../policies/replica/mirrored-policies.ts'
import type { RuleCopy } from '../../policies/replica/rule-copy.ts'
import type { LogLevel } from '../../telemetry/log/log.ts'
import type { CountReport } from '../../telemetry/metrics/count-report.ts'
import type { ProcessSample } from '../../telemetry/metrics/process-sums.ts'
import type { ConfigurationFiles } from '../data-plane.ts'
import type { DrainResult } from '../drain.ts'

/** A configuration in force, and what its files hold. Whole: each worker takes its own share. */
export interface Assignment {
  readonly configuration: Configuration
  readonly files: ConfigurationFiles
}

/** How a worker writes its part of the one log. */
export interface WorkerLog {
  readonly pretty: boolean
  readonly colour: boolean
  readonly level: LogLevel
  readonly secrets: readonly string[]
}

/** The live sources of rules. */
export type LiveSource = 'upstream' | 'managed'

/** What the primary tells a worker. */
export type PrimaryMessage =
  /** `assignment` is serialised once for all workers. */
  | { readonly kind: 'start'; readonly slot: number; readonly assignment: Buffer; readonly log: WorkerLog }
  | { readonly kind: 'assign'; readonly assignment: Buffer }
  | { readonly kind: 'adopt'; readonly source: LiveSource; readonly bucket: string; readonly copy: RuleCopy }
  | { readonly kind: 'forget'; readonly source: LiveSource; readonly bucket: string }
  /** Whether connections beyond a worker's share are ended, because no other worker has room for them either. */
  | { readonly kind: 'full'; readonly everywhere: boolean }
  | { readonly kind: 'drain'; readonly acceptMs: number; readonly deadlineMs: number }
  /** To be answered when everything before it is in force, with what was counted until then. */
  | { readonly kind: 'settle'; readonly id: number; readonly sampled: boolean }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: unknown }

/** A worker's question, by the name of what it asks for. */
export interface Questions {
  readonly load: { readonly asked: { source: LiveSource; bucket: string }; readonly answer: MirrorAnswer }
  readonly managed: { readonly asked: ManagedRequest; readonly answer: ManagedAnswer | undefined }
}

/** One question on its way. */
export type Question = {
  readonly [Name in keyof Questions]: {
    readonly kind: 'question'
    readonly id: number
    readonly name: Name
    readonly asked: Questions[Name]['asked']
  }
}[keyof Questions]

/** What a worker tells the primary. */
export type WorkerMessage =
  | { readonly kind: 'booted' }
  | { readonly kind: 'listening'; readonly address: string; readonly port: number }
  | { readonly kind: 'failed'; readonly message: string; readonly code: string | undefined }
  | { readonly kind: 'report'; readonly report: CountReport }
  | { readonly kind: 'settled'; readonly id: number; readonly sample: ProcessSample | undefined }
  | { readonly kind: 'touch'; readonly source: LiveSource; readonly bucket: string }
  /** A `PUT` or `DELETE ?cors` that was forwarded has succeeded. */
  | { readonly kind: 'written'; readonly bucket: string }
  | { readonly kind: 'room'; readonly full: boolean }
  | { readonly kind: 'drained'; readonly result: DrainResult }
  | Question
