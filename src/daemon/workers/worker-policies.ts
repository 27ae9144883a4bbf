// The policies of a worker: what the configuration says is known here, everything that has a source outside is the primary's.

import type { Configuration } from '../../config/configuration.ts'
import type { ManagedAnswer, ManagedRequest } from '../../policies/managed/managed-request.ts'
import { createPolicySources, type SourceBuckets } from '../../policies/policy-sources.ts'
import { createMirroredPolicies, type MirroredPolicies } from '../../policies/replica/mirrored-policies.ts'
import { renderError, s3Errors } from '../../s3/errors/error-response.ts'
import { type DaemonPolicies, type DaemonRules, storeGuardsOf } from '../policies.ts'
import type { Upstream } from '../upstream/upstream.ts'
import type { LiveSource, WorkerMessage } from './messages.ts'
import type { QuestionDesk } from './questions.ts'

/** How a worker's policies reach the primary. */
export interface PrimaryLink {
  readonly ask: QuestionDesk['ask']
  readonly tell: (message: WorkerMessage) => void
}

/** A worker's policies, and the mirrors that the primary keeps in step. */
export interface WorkerPolicies extends DaemonPolicies {
  readonly mirrors: ReadonlyMap<LiveSource, MirroredPolicies>
}

// The primary's own deadlines are shorter; these are for one that is not there any more.
const managedMs = 60_000
const graceMs = 5000

/** Makes the policies of one configuration. `before`: those of the former one. */
export function createWorkerPolicies(
  configuration: Configuration,
  upstream: Upstream,
  before: DaemonRules | undefined,
  { ask, tell }: PrimaryLink,
): WorkerPolicies {
  const { rules, managed } = configuration
  const mirrors = new Map<LiveSource, MirroredPolicies>()
  const loadMs = rules.timeoutSeconds * 1000 + graceMs
  const mirror = (source: LiveSource, identity: string) => (buckets: SourceBuckets) => {
    const made = createMirroredPolicies(
      {
        kind: source,
        times: rules,
        upstream: identity,
        ask: bucket => ask('load', { source, bucket }, loadMs),
        touch: bucket => tell({ kind: 'touch', source, bucket }),
        // `corsWritten` below has told the primary of the write: what it answers from then on it has fetched since.
        refresh: bucket => ask('load', { source, bucket }, loadMs),
      },
      buckets,
      before?.[source],
    )
    mirrors.set(source, made)
    return made
  }
  const sources = createPolicySources(
    configuration.buckets,
    {
      upstream: mirror('upstream', upstream.identity),
      managed: mirror('managed', `${upstream.identity} ${JSON.stringify(managed)}`),
    },
    { ungoverned: configuration.enforcement },
  )
  const handle = (request: ManagedRequest) =>
    ask('managed', request, managedMs).then(
      // A reload may have ended the managing while the question was on its way.
      answer => answer ?? unavailable(request),
      () => unavailable(request),
    )
  return {
    mirrors,
    lookup: {
      ...sources,
      corsWritten(bucket) {
        // First of all: the primary must not answer the mirror's question by the rules that were replaced, and fetches them once.
        tell({ kind: 'written', bucket })
        return sources.corsWritten(bucket)
      },
    },
    managed: mirrors.has('managed') ? { handle, ...storeGuardsOf(configuration) } : undefined,
    cached: () => ({ upstream: mirrors.get('upstream')?.cached(), managed: mirrors.get('managed')?.cached() }),
  }
}

function unavailable({ ids }: ManagedRequest): ManagedAnswer {
  const { status, code } = s3Errors.serviceUnavailable
  const body = Buffer.from(renderError(s3Errors.serviceUnavailable, ids.requestId, ids.hostId))
  const headers = ['Content-Type', 'application/xml', 'Content-Length', String(body.length), 'Retry-After', '1']
  return { status, headers, body, s3Code: code }
}
