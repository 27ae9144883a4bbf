import { ownCopy } from '../../text/own-copy.ts'

/** The label of every bucket that has none of its own. A bucket of this very name shares it. */
export const otherBucket = 'other'

/** A small number for each bucket that may be a label; 0 is {@link otherBucket}. */
export interface BucketLabels {
  /** Label numbers only grow: a bucket that a reload drops keeps its series, as a counter should. */
  readonly names: readonly string[]
  index(bucket: string | undefined, named: boolean): number
}

/**
 * Numbers the buckets that the configuration names, in the order in which they are first asked for. Buckets that only a
 * client names are all `other`. `limit` bounds what reloads with ever new names can add up to.
 */
export function createBucketLabels(limit = 4096): BucketLabels {
  const names = [otherBucket]
  const indices = new Map([[otherBucket, 0]])
  return {
    names,
    index(bucket, named) {
      if (bucket === undefined || !named) return 0
      const known = indices.get(bucket)
      if (known !== undefined) return known
      if (names.length >= limit) return 0
      const name = ownCopy(bucket)
      indices.set(name, names.length)
      return names.push(name) - 1
    },
  }
}
