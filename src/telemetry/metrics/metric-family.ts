import type { Aggregator, Metric, MetricType, MetricValueWithName, Registry } from 'prom-client'
import type { HistogramCells } from './histogram-cells.ts'

/** One line of a family: its labels and its number. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** What a histogram gives for one label set. */
export interface HistogramSample {
  readonly labels: Readonly<Record<string, string>>
  readonly cells: HistogramCells
}

/** A metric that is read when it is scraped. */
export type MetricFamily = {
  readonly name: string
  readonly help: string
  /** How the numbers of several workers become one. */
  readonly aggregator?: Aggregator
} & (
  | { readonly type: 'counter' | 'gauge'; readonly samples: () => readonly Sample[] }
  | { readonly type: 'histogram'; readonly samples: () => readonly HistogramSample[] }
)

function renderHistogram(name: string, samples: readonly HistogramSample[]): MetricValueWithName<string>[] {
  const values: MetricValueWithName<string>[] = []
  for (const { labels, cells } of samples) {
    let count = 0
    for (const [index, cell] of cells.counts.entries()) {
      count += cell
      values.push({
        metricName: `${name}_bucket`,
        labels: { le: cells.bounds[index] ?? '+Inf', ...labels },
        value: count,
      })
    }
    values.push({ metricName: `${name}_sum`, labels, value: cells.sum })
    values.push({ metricName: `${name}_count`, labels, value: count })
  }
  return values
}

/**
 * Registers a family whose numbers live elsewhere.
 *
 * prom-client's own Counter and Histogram look labels up, join them to a key and allocate at every `inc` and `observe`,
 * and its Histogram cannot be given finished counts. What a registry asks of a metric is only what its `aggregate` also
 * makes itself: a plain object with a name and a `get` that answers the values.
 */
export function registerFamily(registry: Registry, family: MetricFamily): void {
  const head = {
    name: family.name,
    help: family.help,
    type: family.type satisfies MetricType,
    aggregator: family.aggregator ?? 'sum',
  }
  const metric = {
    ...head,
    get: async () => ({
      ...head,
      values: family.type === 'histogram' ? renderHistogram(family.name, family.samples()) : family.samples(),
    }),
    reset() {},
  }
  registry.registerMetric(metric as unknown as Metric<string>)
}
