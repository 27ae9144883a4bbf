// Whether the endpoint knows `?cors`, as its answers to GET have shown: one that does not may take a write for CreateBucket or
// DeleteBucket.

import { type CorsFetchResult, type GetBucketCors, listed } from '../s3/endpoint/get-bucket-cors.ts'
import { BoundedMap } from '../text/bounded-map.ts'
import { ownCopy } from '../text/own-copy.ts'
import { type EndpointCors, holdsMs } from './endpoint-cors.ts'
import { createCallBudget } from './upstream/call-budget.ts'

/** `unclear`: the endpoint was not asked, or gave no answer that tells. */
export type CorsKnowledge = 'known' | 'not-known' | 'no-such-bucket' | 'unclear'

/** What is known about buckets whose rules are in the configuration. */
export interface CorsKnowledgeTable {
  /** Asks the endpoint where nothing is known. Never rejects. */
  check(bucket: string): Promise<CorsKnowledge>
  /** A client's own GET ?cors was answered by a list of the bucket. */
  observed(bucket: string): void
  /** How the endpoint showed that it does not know `?cors` of this bucket; undefined where it has not. */
  lacking(bucket: string): string | undefined
}

/** Names come from clients. */
const maxRemembered = 1000
/** Writes of rules are rare; each may cost the endpoint one call. */
const callsPerSecond = 20

interface Lacking {
  readonly said: string
  readonly until: number
}

/** Without `ask` only what was observed is known. `endpoint` is told of every answer. */
export function createCorsKnowledge(
  ask: GetBucketCors | undefined,
  endpoint: EndpointCors,
  now: () => number,
): CorsKnowledgeTable {
  const remembered = new BoundedMap<Lacking | undefined>(maxRemembered, 'restart')
  const mayAsk = createCallBudget(callsPerSecond, now)

  function note(bucket: string, result: CorsFetchResult): void {
    endpoint.note(result)
    if (result.kind === 'none' && result.unsupported)
      remembered.set(ownCopy(bucket), { said: ownCopy(result.said ?? ''), until: now() + holdsMs })
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
        note(bucket, result)
        return 'known'
      case 'none':
        note(bucket, result)
        return result.unsupported ? 'not-known' : 'known'
      case 'no-such-bucket':
        return 'no-such-bucket'
      case 'failure':
        return 'unclear'
    }
  }

  return {
    check,
    observed: bucket => note(bucket, listed),
    lacking,
  }
}
