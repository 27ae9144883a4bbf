import type { Configuration } from '../../config/configuration.ts'

/** One of `workers` parts of `total` that differ by at most one and add up to it; each at least `least`. */
function shareOf(total: number, slot: number, workers: number, least: number): number {
  return Math.max(least, Math.floor(total / workers) + (slot < total % workers ? 1 : 0))
}

/** The configuration as one worker obeys it: what bounds the whole process is divided, everything else is as written. */
export function configurationShare(configuration: Configuration, slot: number): Configuration {
  const { workers, limits, upstream } = configuration
  return {
    ...configuration,
    limits: { ...limits, connections: shareOf(limits.connections, slot, workers, 1) },
    upstream: {
      ...upstream,
      connections: shareOf(upstream.connections, slot, workers, 1),
      // A queue of none is a wish of its own.
      queue: shareOf(upstream.queue, slot, workers, Math.min(upstream.queue, 1)),
    },
  }
}
