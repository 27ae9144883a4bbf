import { type HistogramSample, type MetricDeclaration, type MetricFamily, open, type Sample } from './metric-family.ts'

/**
 * The numbers of one metric: one for each label set, in the order of the axes, the last axis running fastest. A histogram has one
 * for each bound, one for what is above every bound and the sum instead of each.
 */
export type Cells = Float64Array | number[]

/** A metric whose numbers are counted in cells. */
export interface CountedMetric extends MetricDeclaration {
  readonly type: 'counter' | 'histogram'
  /** A closed set is shown from the start, so that its first increase is one; of many combinations only what was counted is. */
  readonly shown: 'always' | 'counted'
}

/** The label `bucket` of {@link CountedMetric.by}, where it comes first: its cells grow with the buckets. */
export const perBucket = open('bucket')

/**
 * From half a millisecond, which a preflight stays under, to the longest times that uploads are allowed. Few enough that
 * all kinds together stay below 200 series.
 */
export const durationBounds = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120,
] as const

const histogramCells = durationBounds.length + 2

/** How many cells the metric has; of one by bucket, each bucket. */
export function cellsPerSet({ by, type }: CountedMetric): number {
  const sets = by.reduce((product, axis) => (axis === perBucket ? product : product * axis.length), 1)
  return type === 'histogram' ? sets * histogramCells : sets
}

/** Zeros; where the buckets make them grow, holes. */
export function createCells(metric: CountedMetric): Cells {
  return metric.by[0] === perBucket ? [] : new Float64Array(cellsPerSet(metric))
}

/** Counts one or more in a cell. */
export function add(cells: Cells, index: number, count = 1): void {
  cells[index] = (cells[index] ?? 0) + count
}

/**
 * Counts one value in the histogram of label set `set`. The bounds are upper ones, inclusive. A value that is no finite,
 * non-negative number counts as 0.
 */
export function observe(cells: Cells, set: number, value: number): void {
  const known = value >= 0 && value < Number.POSITIVE_INFINITY ? value : 0
  const start = set * histogramCells
  let index = 0
  for (const bound of durationBounds) {
    if (known <= bound) break
    index++
  }
  add(cells, start + index)
  add(cells, start + histogramCells - 1, known)
}

/** Adds what another process has counted; `buckets` gives its bucket numbers those of `into`. */
export function addCells(metric: CountedMetric, into: Cells, from: Cells, buckets: readonly number[]): void {
  if (Array.isArray(from)) {
    const perSet = cellsPerSet(metric)
    // forEach leaves out the cells that were never counted: the array has holes.
    from.forEach((count, cell) => {
      const at = (buckets[Math.floor(cell / perSet)] ?? 0) * perSet + (cell % perSet)
      into[at] = (into[at] ?? 0) + count
    })
  } else for (let index = 0; index < from.length; index++) add(into, index, from[index])
}

/** The metric as it is scraped; `bucketNames`: the label of each bucket number. */
export function countedFamily(metric: CountedMetric, cells: Cells, bucketNames: readonly string[]): MetricFamily {
  const { name, help, type } = metric
  return type === 'histogram'
    ? { name, help, type, samples: () => histogramSamples(metric, cells) }
    : { name, help, type, samples: () => counterSamples(metric, cells, bucketNames) }
}

function counterSamples(metric: CountedMetric, cells: Cells, bucketNames: readonly string[]): Sample[] {
  const samples: Sample[] = []
  const isShown = metric.shown === 'always' ? () => true : (value: number) => value > 0
  cells.forEach((value, cell) => {
    if (isShown(value)) samples.push({ labels: labelsAt(metric, cell, bucketNames), value })
  })
  return samples
}

function histogramSamples(metric: CountedMetric, cells: Cells): HistogramSample[] {
  const samples: HistogramSample[] = []
  for (let start = 0; start < cells.length; start += histogramCells) {
    const counts = cells.slice(start, start + histogramCells - 1)
    const sum = cells[start + histogramCells - 1] ?? 0
    samples.push({ labels: labelsAt(metric, start / histogramCells, []), bounds: durationBounds, counts, sum })
  }
  return samples
}

function labelsAt({ by }: CountedMetric, set: number, bucketNames: readonly string[]): Record<string, string> {
  let rest = set
  const found = by.toReversed().map(axis => {
    if (axis === perBucket) return { bucket: bucketNames[rest] ?? 'other' }
    const labels = axis[rest % axis.length]
    rest = Math.floor(rest / axis.length)
    return labels
  })
  return Object.assign({}, ...found.reverse())
}
