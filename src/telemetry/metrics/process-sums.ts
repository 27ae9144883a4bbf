import { type MetricObjectWithValues, type MetricValue, Registry } from 'prom-client'
import { registerProcessMetrics } from './process-metrics.ts'

/** The metrics of one process, as they cross to another. */
export type ProcessSample = readonly MetricObjectWithValues<MetricValue<string>>[]

/** Measures this process. */
export function createProcessSampler(): () => Promise<ProcessSample> {
  const registry = new Registry()
  registerProcessMetrics(registry)
  return async () => await registry.getMetricsAsJSON()
}

/** The process metrics of several processes as those of one. */
export interface ProcessSums {
  /** The latest sample of a process. */
  set(processId: number, sample: ProcessSample): void
  /** A process has ended: what it had counted is kept, what it held is gone. */
  end(processId: number): void
  /** The exposition text; `own` is the sample of this process. */
  text(own: ProcessSample): Promise<string>
}

/** Memory, descriptors and CPU add up; of delays the longest counts, which a mean with idle processes would hide. */
export function createProcessSums(): ProcessSums {
  const latest = new Map<number, ProcessSample>()
  let ended: ProcessSample = []
  return {
    set(processId, sample) {
      latest.set(processId, sample)
    },
    end(processId) {
      const sample = latest.get(processId)
      if (sample === undefined) return
      latest.delete(processId)
      const counters = sample.filter(({ type }) => type === 'counter' || type === 'histogram')
      ended = Registry.aggregate([[...ended], counters]).getMetricsAsArray() as unknown as ProcessSample
    },
    text: own =>
      Registry.aggregate([
        [...own].map(asOne),
        [...ended],
        ...[...latest.values()].map(sample => sample.map(asOne)),
      ]).metrics(),
  }
}

function asOne(metric: ProcessSample[number]): ProcessSample[number] {
  // The start of the whole is the start of the primary, which comes first.
  if (metric.name === 'process_start_time_seconds') return { ...metric, aggregator: 'first' }
  if (/^nodejs_eventloop_lag_(?!min_)/.test(metric.name)) return { ...metric, aggregator: 'max' }
  return metric
}
