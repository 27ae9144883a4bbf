// One worker: the S3 port and nothing else. It obeys the primary and keeps no promise of its own to the outside.

import { deserialize } from 'node:v8'
import { ledgerOf, makeRoom } from '../../proxy/server/proxy-server.ts'
import { createLog } from '../../telemetry/log/log.ts'
import { createLogSink } from '../../telemetry/log/log-sink.ts'
import { createRefusalSampler, defaultSampling } from '../../telemetry/log/refusal-sampler.ts'
import { createReportingMeter } from '../../telemetry/metrics/count-report.ts'
import { createProcessSampler } from '../../telemetry/metrics/process-sums.ts'
import { servePort } from '../serving.ts'
import { logName } from '../upstream/name-watch.ts'
import { type Call, type Channel, createCalls } from './calls.ts'
import { configurationShare } from './configuration-share.ts'
import { watchRoom } from './connection-room.ts'
import type { ConfigurationUpdate, PrimaryOperations, WorkerOperations, WorkerStart } from './messages.ts'
import { createWorkerPolicies } from './worker-policies.ts'

const flushMs = 1000

/** Does what the primary asks; the first thing that it asks is to start. */
export function runWorker(channel: Channel): void {
  // The others are there once it has started.
  const operations = {
    start(start) {
      const { listen, ...worker } = createWorker(start, call)
      Object.assign(operations, worker)
      return listen()
    },
  } as WorkerOperations
  const { call } = createCalls<PrimaryOperations, WorkerOperations>(channel, operations)
}

function createWorker(
  { slot, update, where, log: logOptions }: WorkerStart,
  call: Call<PrimaryOperations>,
): Omit<WorkerOperations, 'start'> & { listen(): ReturnType<WorkerOperations['start']> } {
  const sample = createProcessSampler()
  const meter = createReportingMeter(report => call('report', report))
  const sink = createLogSink({
    // A message arrives whole; pipes of several writers would tear lines that are longer than PIPE_BUF.
    write(lines, done) {
      call('log', lines).then(
        () => done(null, lines.length),
        error => done(error, 0),
      )
    },
  })
  const log = createLog({ ...logOptions, sink })
  const first = shareOf(update, slot)
  const { workers } = first.configuration
  const { server, ...serving } = servePort({
    ...first,
    environment: {},
    metrics: meter,
    log,
    // All workers together log as much as one process would.
    sampler: createRefusalSampler({
      ...defaultSampling,
      intervalMs: defaultSampling.intervalMs * workers,
      burst: Math.max(1, defaultSampling.burst / workers),
      linesPerSecond: defaultSampling.linesPerSecond / workers,
    }),
    makePolicies: (configuration, upstream, before) => createWorkerPolicies(configuration, upstream, before, call),
    // Every worker asks for itself and finds the same: one of them says so.
    onName: event => (slot === 0 ? logName(event, log) : undefined),
    onNames: known => void call('names', known).catch(() => {}),
  })
  // Until all are full, a connection too many is for another worker.
  makeRoom(server, false)
  watchRoom(
    server,
    () => ledgerOf(server)?.connections ?? server.maxConnections,
    isFull => void call('full', isFull),
  )
  let taken = 0
  server.on('connection', () => taken++)
  return {
    listen: () => serving.listen(where),
    apply(next) {
      const { configuration, files } = shareOf(next, slot)
      log.setLevel(configuration.log.level)
      return serving.apply(configuration, files)
    },
    refresh: async bucket => void (await serving.policies().refresh(bucket, true)),
    async sample() {
      const taken = await sample()
      meter.report()
      return taken
    },
    endExcess(ends) {
      Object.assign(server, { dropMaxConnection: ends })
      makeRoom(server, ends)
    },
    startDraining: serving.startDraining,
    taken: () => taken,
    async drain(deadlineMs) {
      const result = await serving.drain(0, deadlineMs)
      await log.flush(flushMs)
      meter.report()
      return result
    },
  }
}

/** What one worker obeys of an update. */
function shareOf(update: Buffer, slot: number): ConfigurationUpdate {
  const { configuration, files } = deserialize(update) as ConfigurationUpdate
  return { configuration: configurationShare(configuration, slot), files }
}
