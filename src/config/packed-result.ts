import type { CorsRule } from '../cors/rules/rule.ts'
import type { BucketConfiguration } from './configuration.ts'
import type { SnapshotResult } from './load-configuration.ts'
import { IncompleteParcel, type PiecedBytes, packParcel, unpackParcel } from './parcel.ts'

/** The data of a packed {@link SnapshotResult}. */
interface PackedResult {
  readonly result: SnapshotResult
  /** What `result.parsed.configuration.buckets`, empty there, is made of. */
  readonly buckets: readonly PackedBucket[]
}

interface PackedBucket extends Omit<BucketConfiguration, 'rules'> {
  readonly ruleCount: number
  /** Where in the bytes beside the data the rules stand as JSON. */
  readonly start: number
  readonly end: number
}

/**
 * A result as it crosses processes. Every bucket's rules are JSON: as objects, those of the largest configuration are a
 * hundred thousand, which received while requests are answered would keep them waiting, and their garbage would again.
 */
export function packResult(result: SnapshotResult): readonly Uint8Array[] {
  const { configuration } = result.parsed
  if (configuration === undefined) return packParcel({ result, buckets: [] } satisfies PackedResult, [])
  const buckets: PackedBucket[] = []
  const texts: Uint8Array[] = []
  let start = 0
  for (const { rules, ...bucket } of configuration.buckets) {
    const text = Buffer.from(JSON.stringify(rules))
    texts.push(text)
    buckets.push({ ...bucket, ruleCount: rules.length, start, end: start + text.length })
    start += text.length
  }
  const parsed = { ...result.parsed, configuration: { ...configuration, buckets: [] } }
  return packParcel({ result: { ...result, parsed }, buckets } satisfies PackedResult, texts)
}

/** The same result, whose buckets make their rules of their text whenever they are read; throws when it is not whole. */
export function unpackResult(pieces: readonly Uint8Array[]): SnapshotResult {
  const { data, body } = unpackParcel(pieces)
  const { result, buckets } = data as PackedResult
  const { configuration } = result.parsed
  if (configuration === undefined) return result
  if ((buckets.at(-1)?.end ?? 0) !== body.length) throw new IncompleteParcel('the rules are not whole')
  const unpacked = buckets.map(bucket => unpackBucket(bucket, body))
  return { ...result, parsed: { ...result.parsed, configuration: { ...configuration, buckets: unpacked } } }
}

function unpackBucket({ start, end, ...bucket }: PackedBucket, texts: PiecedBytes): BucketConfiguration {
  return {
    ...bucket,
    // An own property, so that the configuration can be sent on to other processes.
    get rules() {
      return JSON.parse(texts.slice(start, end).toString()) as readonly CorsRule[]
    },
  }
}
