// The live rules of all workers: this process alone asks their sources, and the workers' caches ask this process.

import { steadyNow } from '../../policies/clock.ts'
import { statusOf } from '../../policies/managed/managed-cors-request.ts'
import type { PolicySources } from '../../policies/policy-sources.ts'
import { copyAbsence, copyEntry } from '../../policies/replica/rule-copy.ts'
import { createPolicies, type RuleEvents, type SourcedPolicies } from '../policies.ts'
import { createUpstream, type Upstream } from '../upstream/upstream.ts'
import type { ConfigurationUpdate, RuleOperations } from './messages.ts'

/** What the rules are made of. */
export interface SharedRulesOptions extends ConfigurationUpdate {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly events: RuleEvents
  /** Has every worker ask anew about a bucket; resolves when all have. */
  readonly refreshWorkers: (bucket: string) => Promise<void>
}

/** The primary's side of the rules. */
export interface SharedRules {
  /** As the admin port sees them; what it changes is in force everywhere when it resolves. */
  policies(): PolicySources
  apply(update: ConfigurationUpdate): void
  readonly operations: RuleOperations
  close(): void
}

/** Starts asking for the rules of named buckets at once. */
export function createSharedRules(options: SharedRulesOptions): SharedRules {
  const { environment, events, refreshWorkers } = options
  let upstream: Upstream = createUpstream(options.configuration, options.files.upstream, environment)
  let policies: SourcedPolicies = createPolicies(options.configuration, upstream, undefined, events)

  return {
    policies: () => ({
      ...policies.lookup,
      refresh: bucket =>
        policies.lookup.refresh(bucket)?.then(async policy => {
          await refreshWorkers(bucket)
          return policy
        }),
    }),
    apply({ configuration, files }) {
      const before = policies
      const oldUpstream = upstream
      upstream = createUpstream(configuration, files.upstream, environment, undefined, upstream)
      policies = createPolicies(configuration, upstream, before.cached(), events)
      before.lookup.stop()
      if (oldUpstream !== upstream) oldUpstream.close()
    },
    operations: {
      async rules({ source, bucket }) {
        const { state } = await policies.lookup.load(bucket)
        const entry = policies.entryOf(source, bucket)
        return entry === undefined ? copyAbsence(state.kind === 'no-such-bucket') : copyEntry(entry, steadyNow())
      },
      knowsCors: bucket => policies.lookup.knowsCors(bucket),
      corsObserved: bucket => policies.lookup.corsObserved(bucket),
      written({ bucket, known }) {
        // The workers' questions wait for the one call that this begins.
        if (policies.lookup.corsWritten(bucket, known) === 'refreshed') void refreshWorkers(bucket)
      },
      async managed(request) {
        const answer = await policies.managed?.handle(request)
        // A client that is told of a change must find it in force, whichever worker it asks next.
        if (answer !== undefined && request.method !== 'GET' && statusOf(answer) < 300)
          await refreshWorkers(request.bucket)
        return answer
      },
    },
    close() {
      policies.lookup.stop()
      upstream.close()
    },
  }
}
