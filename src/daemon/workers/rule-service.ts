// The live rules of all workers: this process alone asks their sources, and every worker mirrors the answers.

import type { Configuration } from '../../config/configuration.ts'
import { steadyNow } from '../../policies/clock.ts'
import type { BucketPolicy } from '../../policies/policy-lookup.ts'
import type { PolicySources } from '../../policies/policy-sources.ts'
import type { MirrorAnswer } from '../../policies/replica/mirrored-policies.ts'
import { copyEntry } from '../../policies/replica/rule-copy.ts'
import type { ConfigurationFiles } from '../data-plane.ts'
import { createPolicies, type RuleEvents, type SourcedPolicies } from '../policies.ts'
import { createUpstream, type Upstream, upstreamIdentity } from '../upstream/upstream.ts'
import type { LiveSource, PrimaryMessage, Question, WorkerMessage } from './messages.ts'

/** What the service works with. */
export interface RuleServiceOptions {
  readonly configuration: Configuration
  readonly files: ConfigurationFiles
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly events: RuleEvents
  /** Tells every worker. */
  readonly tell: (message: PrimaryMessage) => void
  /** Resolves when every worker has put into force what it was told. */
  readonly settled: () => Promise<void>
}

/** The primary's side of the rules. */
export interface RuleService {
  /** As the admin port sees them; what it changes is in force everywhere when it resolves. */
  policies(): PolicySources
  apply(configuration: Configuration, files: ConfigurationFiles): void
  /** Answers a worker. Never rejects. */
  answer(question: Question): Promise<unknown>
  /** What a worker says without waiting. */
  hear(message: Extract<WorkerMessage, { kind: 'touch' | 'written' }>): void
  close(): void
}

/** Starts asking for the rules of named buckets at once. */
export function createRuleService(options: RuleServiceOptions): RuleService {
  const { environment, tell, settled } = options
  const events: RuleEvents = {
    ...options.events,
    onEntry: (source, bucket, entry) => tell({ kind: 'adopt', source, bucket, copy: copyEntry(entry, steadyNow()) }),
  }
  let upstream: Upstream = createUpstream(options.configuration, options.files.upstream, environment)
  let policies: SourcedPolicies = createPolicies(options.configuration, upstream, undefined, events)
  let shown = withWorkers(policies.lookup)

  /** What is changed on behalf of one worker, or of a person, is changed for all before anybody is told that it is. */
  function withWorkers(lookup: PolicySources): PolicySources {
    return {
      ...lookup,
      refresh(bucket) {
        const refreshed = lookup.refresh(bucket)
        if (refreshed === undefined) return undefined
        forget(bucket)
        return refreshed.then(async policy => {
          await settled()
          return policy
        })
      },
    }
  }

  function forget(bucket: string): void {
    const { source } = policies.lookup.inspect(bucket)
    if (isLive(source)) tell({ kind: 'forget', source, bucket })
  }

  function answerOf(source: LiveSource, bucket: string, { state }: BucketPolicy): MirrorAnswer {
    const entry = policies.entryOf(source, bucket)
    return {
      copy: entry === undefined ? undefined : copyEntry(entry, steadyNow()),
      absent: state.kind === 'no-such-bucket',
    }
  }

  async function answer(question: Question): Promise<unknown> {
    switch (question.name) {
      case 'load': {
        const { source, bucket } = question.asked
        return answerOf(source, bucket, await policies.lookup.load(bucket))
      }
      case 'managed': {
        const { asked } = question
        const answered = await policies.managed?.handle(asked)
        // Whoever is told of a change must find it in force, whichever worker is asked next.
        if (answered !== undefined && asked.method !== 'GET' && answered.status < 300) await settled()
        return answered
      }
      default:
        return question satisfies never
    }
  }

  return {
    policies: () => shown,
    apply(configuration, files) {
      const before = policies
      const oldUpstream = upstream
      if (upstreamIdentity(configuration, files.upstream) !== upstream.identity) {
        upstream = createUpstream(configuration, files.upstream, environment)
      }
      policies = createPolicies(configuration, upstream, before.cached(), events)
      shown = withWorkers(policies.lookup)
      before.lookup.stop()
      if (oldUpstream !== upstream) oldUpstream.close()
    },
    answer,
    hear(message) {
      const { kind, bucket } = message
      if (kind === 'touch') return void policies.lookup.load(bucket)
      policies.lookup.corsWritten(bucket)
      forget(bucket)
    },
    close() {
      policies.lookup.stop()
      upstream.close()
    },
  }
}

function isLive(source: string): source is LiveSource {
  return source === 'upstream' || source === 'managed'
}
