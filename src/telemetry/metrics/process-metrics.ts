import { collectDefaultMetrics, type Registry } from 'prom-client'

/**
 * prom-client's defaults whose names break Prometheus' conventions, which `promtool check metrics` refuses: gauges that end
 * in `_total`, names that contain their type. The lag gauges and `nodejs_active_resources` say as much.
 */
const misnamed = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
  'nodejs_eventloop_utilization_histogram',
  'nodejs_eventloop_utilization_summary',
]

/** Registers the process, memory, garbage collection and event loop metrics that dashboards for Node expect. */
export function registerProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry })
  for (const name of misnamed) registry.removeSingleMetric(name)
}
