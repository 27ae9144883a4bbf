import type { Aggregator, Metric, MetricType, MetricValueWithName, Registry } from 'prom-client'

/** The values of one label, or of labels that go together: one entry for each combination. */
export type LabelAxis = readonly Readonly<Record<string, string>>[]

/** What a metric is called, what it says and by which labels its numbers are told apart: all of it in one place. */
export interface MetricDeclaration {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** The label sets are every combination of these. */
  readonly by: readonly LabelAxis[]
  /** How the numbers of several workers become one; a sum unless told. */
  readonly aggregator?: Aggregator
}

/** The labels of a declared metric, with the values that they can have. */
export type LabelsOf<D extends MetricDeclaration> = AllOf<D['by'][number][number]>

// The intersection of a union's members: https://www.typescriptlang.org/docs/handbook/2/conditional-types.html#distributive-conditional-types
type AllOf<Union> = [Union] extends [never]
  ? Readonly<Record<never, string>>
  : (Union extends unknown ? (one: Union) => void : never) extends (all: infer All) => void
    ? All
    : never

/** One line of a family: its labels and its number. */
export interface Sample<Labels = Readonly<Record<string, string>>> {
  readonly labels: Labels
  readonly value: number
}

/** What a histogram gives for one label set. */
export interface HistogramSample {
  readonly labels: Readonly<Record<string, string>>
  readonly bounds: readonly number[]
  /** Not cumulative; the last one counts what is above every bound. */
  readonly counts: ArrayLike<number>
  readonly sum: number
}

/** A metric that is read when it is scraped. */
export type MetricFamily = Omit<MetricDeclaration, 'by' | 'type'> &
  (
    | { readonly type: 'counter' | 'gauge'; readonly samples: () => readonly Sample[] }
    | { readonly type: 'histogram'; readonly samples: () => readonly HistogramSample[] }
  )

/** One label and its values. */
export function each<const Label extends string, const Value extends string>(
  label: Label,
  values: readonly Value[],
): readonly Readonly<Record<Label, Value>>[] {
  return values.map(value => ({ [label]: value }) as Readonly<Record<Label, Value>>)
}

/** A label whose values come while the proxy runs, from a bounded list. */
export function open<const Label extends string>(_label: Label): readonly Readonly<Record<Label, string>>[] {
  return []
}

/** The family of a metric whose numbers are read from elsewhere. */
export function readFamily<const D extends MetricDeclaration>(
  { name, help, type, aggregator }: D & { readonly type: 'counter' | 'gauge' },
  samples: () => readonly Sample<LabelsOf<D>>[],
): MetricFamily {
  const head = { name, help, type, samples: samples as () => readonly Sample[] }
  return aggregator === undefined ? head : { ...head, aggregator }
}

/** The same for a metric without labels. */
export function readNumber(
  declaration: MetricDeclaration & { readonly type: 'counter' | 'gauge'; readonly by: readonly [] },
  value: () => number,
): MetricFamily {
  return readFamily(declaration, () => [{ labels: {}, value: value() }])
}

function renderHistogram(name: string, samples: readonly HistogramSample[]): MetricValueWithName<string>[] {
  const values: MetricValueWithName<string>[] = []
  for (const { labels, bounds, counts, sum } of samples) {
    let count = 0
    for (let index = 0; index < counts.length; index++) {
      count += counts[index] ?? 0
      values.push({ metricName: `${name}_bucket`, labels: { le: bounds[index] ?? '+Inf', ...labels }, value: count })
    }
    values.push({ metricName: `${name}_sum`, labels, value: sum })
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
