import { Registry } from 'prom-client'
import t from 'tap'
import { registerProcessMetrics } from '../../../src/telemetry/metrics/process-metrics.ts'

t.test('process, memory and event loop are there; names that break the conventions are not', async t => {
  const registry = new Registry()
  registerProcessMetrics(registry)
  const text = await registry.metrics()
  for (const name of [
    'process_cpu_seconds_total',
    'process_resident_memory_bytes',
    'nodejs_eventloop_lag_p99_seconds',
  ]) {
    t.match(text, new RegExp(`^${name} `, 'm'))
  }
  t.notMatch(text, /^# TYPE nodejs_.*_total gauge/m)
  t.notMatch(text, 'nodejs_eventloop_utilization_')
})
