/** A histogram of durations as plain numbers: observing allocates nothing. */
export interface HistogramCells {
  readonly bounds: readonly number[]
  /** Not cumulative; the last one counts what is above every bound. */
  readonly counts: Float64Array
  sum: number
}

/**
 * From half a millisecond, which a preflight stays under, to the longest times that uploads are allowed. Few enough that
 * all kinds together stay below 200 series.
 */
export const durationBounds = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120,
] as const

/** An empty histogram. */
export function createHistogramCells(bounds: readonly number[] = durationBounds): HistogramCells {
  return { bounds, counts: new Float64Array(bounds.length + 1), sum: 0 }
}

/** Counts one value. The bounds are upper ones, inclusive. A value that is no finite, non-negative number counts as 0. */
export function observe(cells: HistogramCells, value: number): void {
  const known = value >= 0 && value < Number.POSITIVE_INFINITY ? value : 0
  let index = 0
  for (const bound of cells.bounds) {
    if (known <= bound) break
    index++
  }
  cells.counts[index] = (cells.counts[index] ?? 0) + 1
  cells.sum += known
}
