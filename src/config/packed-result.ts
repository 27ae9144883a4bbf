import type { CorsRule } from '../cors/rule.ts'
import type { BucketConfiguration } from './configuration.ts'
import type { SnapshotResult } from './load-configuration.ts'
import { type Parcel, packParcel, unpackParcel } from './parcel.ts'

/** The data of a packed {@link SnapshotResult}. */
interface PackedResult {
  readonly result: SnapshotResult
  /** What `result.parsed.configuration.buckets`, empty there, is made of: of each one the rules as JSON are the body at its index. */
  readonly buckets: readonly PackedBucket[]
}

interface PackedBucket extends Omit<BucketConfiguration, 'rules'> {
  readonly ruleCount: number
}

/**
 * A result as it crosses processes. Every bucket's rules are JSON: as objects, those of the largest configuration are a
 * hundred thousand, which received while requests are answered would keep them waiting, and their garbage would again.
 */
export function packResult(result: SnapshotResult): readonly Uint8Array[] {
  const { configuration } = result.parsed
  if (configuration === undefined) return packParcel({ result, buckets: [] } satisfies PackedResult, [])
  const buckets = configuration.buckets.map(({ rules, ...bucket }) => ({ ...bucket, ruleCount: rules.length }))
  const texts = configuration.buckets.map(({ rules }) => Buffer.from(JSON.stringify(rules)))
  const parsed = { ...result.parsed, configuration: { ...configuration, buckets: [] } }
  return packParcel({ result: { ...result, parsed }, buckets } satisfies PackedResult, texts)
}

/** The same result, whose buckets make their rules of their text whenever they are read; throws when it is not whole. */
export function unpackResult(pieces: readonly Uint8Array[]): SnapshotResult {
  const parcel = unpackParcel(pieces)
  const { result, buckets } = parcel.data as PackedResult
  const { configuration } = result.parsed
  if (configuration === undefined) return result
  const unpacked = buckets.map((bucket, index) => unpackBucket(bucket, parcel, index))
  return { ...result, parsed: { ...result.parsed, configuration: { ...configuration, buckets: unpacked } } }
}

function unpackBucket(bucket: PackedBucket, parcel: Parcel, index: number): BucketConfiguration {
  return {
    ...bucket,
    // An own property, so that the configuration can be sent on to other processes.
    get rules() {
      return JSON.parse(parcel.bodyAt(index).toString()) as readonly CorsRule[]
    },
  }
}
