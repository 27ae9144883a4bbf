import type { BucketConfiguration } from './configuration.ts'
import type { SnapshotResult } from './load-configuration.ts'

/** What a worker posts: buckets, part by part, then everything else. */
export type ParsedPart = readonly BucketConfiguration[] | SnapshotResult

/** So many rules take less than a millisecond to be received. */
const maxRules = 200

/**
 * Cuts a result into parts. In one piece, a configuration of the largest size takes long enough to be received that the requests of
 * 10 ms wait for it.
 */
export function* cutResult(result: SnapshotResult): Generator<ParsedPart> {
  const { configuration } = result.parsed
  if (configuration === undefined) {
    yield result
    return
  }
  let part: BucketConfiguration[] = []
  let rules = 0
  for (const bucket of configuration.buckets) {
    part.push(bucket)
    rules += 1 + bucket.rules.length
    if (rules < maxRules) continue
    yield part
    part = []
    rules = 0
  }
  if (part.length > 0) yield part
  yield { ...result, parsed: { ...result.parsed, configuration: { ...configuration, buckets: [] } } }
}

/** Puts parts together: call it with each; it gives the result with the last. */
export function createPartsReader(): (part: ParsedPart) => SnapshotResult | undefined {
  const buckets: BucketConfiguration[] = []
  return part => {
    if (isBuckets(part)) {
      for (const bucket of part) buckets.push(bucket)
      return undefined
    }
    const { configuration } = part.parsed
    if (configuration === undefined) return part
    return { ...part, parsed: { ...part.parsed, configuration: { ...configuration, buckets } } }
  }
}

function isBuckets(part: ParsedPart): part is readonly BucketConfiguration[] {
  return Array.isArray(part)
}
