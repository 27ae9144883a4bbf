import type { CorsRule } from '../cors/rule.ts'
import type { BucketConfiguration } from './configuration.ts'
import type { SnapshotResult } from './load-configuration.ts'

/** A {@link SnapshotResult} as it crosses processes. */
export interface PackedResult {
  readonly result: SnapshotResult
  /** What `result.parsed.configuration.buckets`, empty there, is made of. */
  readonly buckets: readonly PackedBucket[]
}

interface PackedBucket extends Omit<BucketConfiguration, 'rules'> {
  readonly ruleCount: number
  /** The rules as JSON. */
  readonly text: string
}

/**
 * Makes every bucket's rules one string. As objects, those of the largest configuration are a hundred thousand: received while
 * requests are answered, they would keep them waiting, and their garbage would again.
 */
export function packResult(result: SnapshotResult): PackedResult {
  const { configuration } = result.parsed
  if (configuration === undefined) return { result, buckets: [] }
  return {
    result: { ...result, parsed: { ...result.parsed, configuration: { ...configuration, buckets: [] } } },
    buckets: configuration.buckets.map(({ rules, ...bucket }) => {
      return { ...bucket, ruleCount: rules.length, text: JSON.stringify(rules) }
    }),
  }
}

/** The same result, whose buckets make their rules of their text whenever they are read. */
export function unpackResult({ result, buckets }: PackedResult): SnapshotResult {
  const { configuration } = result.parsed
  if (configuration === undefined) return result
  return {
    ...result,
    parsed: { ...result.parsed, configuration: { ...configuration, buckets: buckets.map(unpackBucket) } },
  }
}

function unpackBucket({ text, ...bucket }: PackedBucket): BucketConfiguration {
  return {
    ...bucket,
    // An own property, so that the configuration can be sent on to other processes.
    get rules() {
      return JSON.parse(text) as readonly CorsRule[]
    },
  }
}
