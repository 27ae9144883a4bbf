// Whether the endpoint knows `?cors`, as its answers to GET have shown: one that does not may take a write for CreateBucket or
// DeleteBucket.

import { type GetBucketCors, listing } from '../s3/endpoint/get-bucket-cors.ts'
import { BoundedMap } from '../text/bounded-map.ts'
import { ownCopy } from '../text/own-copy.ts'
import { createCallBudget } from './upstream/call-budget.ts'

/** `unclear`: the endpoint was not asked, or gave no answer that tells. */
export type CorsKnowledge = 'known' | 'not-known' | 'no-such-bucket' | 'unclear'

/** What is known about buckets whose rules are in the configuration, and about the endpoint as a whole. */
export interface CorsKnowledgeTable {
  /** Asks the endpoint where nothing is known. Never rejects. */
  check(bucket: string): Promise<CorsKnowledge>
  /** A client's own GET ?cors was answered by a list of the bucket. */
  observed(bucket: string): void
  /** How the endpoint showed that it does not know `?cors` of this bucket; undefined where it has not. */
  lacking(bucket: string): string | undefined
  /** To be told that the endpoint showed it in another way. */
  heardLacking(): void
  /** How the endpoint showed it last, by whichever bucket; undefined where it has not, or has shown since that it knows `?cors`. */
  endpointLacking(): string | undefined
}

/** An endpoint that was updated is asked anew. */
const holdsMs = 300_000
/** Names come from clients. */
const maxRemembered = 1000
/** Writes of rules are rare; each may cost the endpoint one call. */
const callsPerSecond = 20

interface Lacking {
  readonly said: string
  readonly until: number
}

/** Without `ask` only what was observed is known. */
export function createCorsKnowledge(ask: GetBucketCors | undefined, now: () => number): CorsKnowledgeTable {
  const remembered = new BoundedMap<Lacking | undefined>(maxRemembered, 'restart')
  const mayAsk = createCallBudget(callsPerSecond, now)
  let endpoint: Lacking | undefined

  function noteEndpoint(knows: boolean, said: string): void {
    endpoint = knows ? undefined : { said: ownCopy(said), until: now() + holdsMs }
  }

  function note(bucket: string, knows: boolean, said: string): void {
    noteEndpoint(knows, said)
    if (!knows) remembered.set(ownCopy(bucket), { said: ownCopy(said), until: now() + holdsMs })
    else if (remembered.get(bucket) !== undefined) remembered.set(bucket, undefined)
  }

  function lacking(bucket: string): string | undefined {
    const found = remembered.get(bucket)
    return found !== undefined && now() < found.until ? found.said : undefined
  }

  async function check(bucket: string): Promise<CorsKnowledge> {
    if (lacking(bucket) !== undefined) return 'not-known'
    if (ask === undefined || !mayAsk()) return 'unclear'
    const result = await ask(bucket)
    switch (result.kind) {
      case 'rules':
        note(bucket, true, '')
        return 'known'
      case 'none':
        note(bucket, !result.unsupported, result.said ?? '')
        return result.unsupported ? 'not-known' : 'known'
      case 'no-such-bucket':
        return 'no-such-bucket'
      case 'failure':
        return 'unclear'
    }
  }

  return {
    check,
    observed: bucket => note(bucket, false, `200 ${listing}`),
    lacking,
    heardLacking: () => noteEndpoint(false, ''),
    endpointLacking: () => (endpoint !== undefined && now() < endpoint.until ? endpoint.said : undefined),
  }
}
