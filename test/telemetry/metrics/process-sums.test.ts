import t from 'tap'
import {
  createProcessSampler,
  createProcessSums,
  type ProcessSample,
} from '../../../src/telemetry/metrics/process-sums.ts'

function sample(cpu: number, memory: number, lag: number, start = 1): ProcessSample {
  const metrics = [
    { name: 'process_cpu_seconds_total', type: 'counter', value: cpu, aggregator: 'sum' },
    { name: 'process_resident_memory_bytes', type: 'gauge', value: memory, aggregator: 'sum' },
    { name: 'nodejs_eventloop_lag_p99_seconds', type: 'gauge', value: lag, aggregator: 'average' },
    { name: 'process_start_time_seconds', type: 'gauge', value: start, aggregator: 'omit' },
  ]
  return metrics.map(({ value, ...head }) => ({
    ...head,
    help: 'Help.',
    values: [{ value, labels: {} }],
  })) as unknown as ProcessSample
}

const numbers = (text: string) =>
  Object.fromEntries(
    text
      .split('\n')
      .filter(line => line !== '' && !line.startsWith('#'))
      .map(line => [line.split(' ')[0] ?? '', Number(line.split(' ')[1])]),
  )

t.test('CPU and memory add up, the longest delay counts, and it began when the primary did', async t => {
  const sums = createProcessSums()
  sums.set(1, sample(10, 100, 0.5, 7))
  sums.set(2, sample(20, 200, 0.1, 8))
  t.strictSame(numbers(await sums.text(sample(1, 50, 0.01, 5))), {
    process_cpu_seconds_total: 31,
    process_resident_memory_bytes: 350,
    nodejs_eventloop_lag_p99_seconds: 0.5,
    process_start_time_seconds: 5,
  })
})

t.test('what an ended process had counted stays, what it held does not', async t => {
  const sums = createProcessSums()
  for (const pid of [1, 2, 3]) {
    sums.set(pid, sample(10 * pid, 100, 0.5))
    if (pid < 3) sums.end(pid)
  }
  sums.end(99)
  const read = numbers(await sums.text(sample(1, 50, 0.01)))
  t.equal(read.process_cpu_seconds_total, 61)
  t.equal(read.process_resident_memory_bytes, 150)
})

t.test('a real sample crosses processes', async t => {
  const sampler = createProcessSampler()
  const sums = createProcessSums()
  sums.set(1, structuredClone(await sampler()))
  sums.end(1)
  const text = await sums.text(await sampler())
  t.match(text, /^process_cpu_user_seconds_total \d/m)
  t.match(text, /^process_start_time_seconds \d/m)
  t.match(text, /^nodejs_version_info\{.*\} 1$/m)
})
