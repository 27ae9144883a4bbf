// One worker: the S3 port and nothing else. It obeys the primary and keeps no promise of its own to the outside.

import type { AddressInfo } from 'node:net'
import { deserialize } from 'node:v8'
import { ledgerOf, makeRoom } from '../../proxy/server/proxy-server.ts'
import { openDescriptorOutput } from '../../telemetry/log/descriptor-output.ts'
import { createLog, type Log } from '../../telemetry/log/log.ts'
import { createLogSink } from '../../telemetry/log/log-sink.ts'
import { createRefusalSampler, defaultSampling } from '../../telemetry/log/refusal-sampler.ts'
import { createReportingMeter } from '../../telemetry/metrics/count-report.ts'
import { createProcessSampler } from '../../telemetry/metrics/process-sums.ts'
import { createObserver } from '../../telemetry/observer.ts'
import { watchCorsWrites } from '../cors-writes.ts'
import { createDataPlane, type DataPlane } from '../data-plane.ts'
import { drain } from '../drain.ts'
import { explainRecord } from '../explanations.ts'
import { listen } from '../listening.ts'
import { logName } from '../upstream/name-watch.ts'
import { configurationShare } from './configuration-share.ts'
import { watchRoom } from './connection-room.ts'
import type { Assignment, PrimaryMessage, WorkerMessage } from './messages.ts'
import { createQuestionDesk } from './questions.ts'
import { createReporter, originsPerReport } from './reporter.ts'
import { createWorkerPolicies, type WorkerPolicies } from './worker-policies.ts'

/** The channel to the primary. */
export interface WorkerChannel {
  /** `sent` is called when the message has left this process. */
  send(message: WorkerMessage, sent?: () => void): void
  onMessage(listener: (message: PrimaryMessage) => void): void
}

interface Running {
  readonly log: Log
  readonly dataPlane: DataPlane
  readonly take: (assignment: Assignment) => void
}

const flushMs = 1000

/** Tells the primary that it is there, and from then on does what it is told. `exit` ends the process. */
export function runWorker(channel: WorkerChannel, exit: (code: number) => void): void {
  const tell = (message: WorkerMessage) => channel.send(message)
  const questions = createQuestionDesk(tell)
  const meter = createReportingMeter(2 * originsPerReport)
  const reporter = createReporter(meter, (report, sent) => channel.send({ kind: 'report', report }, sent))
  const sample = createProcessSampler()
  let policies: WorkerPolicies | undefined
  let running: Running | undefined

  function start({ slot, assignment, log: how }: Extract<PrimaryMessage, { kind: 'start' }>): void {
    let { configuration, files } = read(assignment)
    const share = () => configurationShare(configuration, slot)
    const { workers } = configuration
    const log = createLog({ ...how, sink: createLogSink(openDescriptorOutput(1)) })
    const observer = createObserver({
      metrics: {
        recordStarted: meter.recordStarted,
        recordEnded: reporter.recordEnded,
        countSuppressedLog: meter.countSuppressedLog,
      },
      log,
      access: () => configuration.log.access,
      explain: record => explainRecord(record, dataPlane.policies(), configuration.vary),
      // All workers together log as much as one process would.
      sampler: createRefusalSampler({
        ...defaultSampling,
        intervalMs: defaultSampling.intervalMs * workers,
        burst: Math.max(1, defaultSampling.burst / workers),
        linesPerSecond: defaultSampling.linesPerSecond / workers,
      }),
    })
    const dataPlane = createDataPlane({
      configuration: share(),
      files,
      environment: {},
      observer: watchCorsWrites(observer, () => dataPlane.policies(), log),
      makePolicies(obeyed, upstream, before) {
        policies = createWorkerPolicies(obeyed, upstream, before, { ask: questions.ask, tell })
        return policies
      },
      // Every worker asks for itself and finds the same: one of them says so.
      onName: event => (slot === 0 ? logName(event, log) : undefined),
    })
    running = {
      log,
      dataPlane,
      take(next) {
        configuration = next.configuration
        files = next.files
        dataPlane.apply(share(), files)
        log.setLevel(configuration.log.level)
      },
    }
    const { server } = dataPlane
    // Until all are full, a connection too many is for another worker.
    makeRoom(server, false)
    watchRoom(
      server,
      () => ledgerOf(server)?.connections ?? server.maxConnections,
      full => tell({ kind: 'room', full }),
    )
    listen(dataPlane.server, configuration.listen).then(
      () => {
        const { address, port } = dataPlane.server.address() as AddressInfo
        tell({ kind: 'listening', address, port })
      },
      (error: NodeJS.ErrnoException) => tell({ kind: 'failed', message: error.message, code: error.code }),
    )
  }

  async function leave({ acceptMs, deadlineMs }: Extract<PrimaryMessage, { kind: 'drain' }>): Promise<void> {
    // Told to end before it was told to start: nobody has lost anything.
    if (running === undefined) return channel.send({ kind: 'drained', result: 'drained' }, () => exit(0))
    const { dataPlane, log } = running
    dataPlane.startDraining()
    const result = await drain({ server: dataPlane.server, acceptMs, deadlineMs, breakOff: dataPlane.breakOff })
    dataPlane.close()
    await log.flush(flushMs)
    reporter.report()
    channel.send({ kind: 'drained', result }, () => exit(0))
  }

  async function settle({ id, sampled }: Extract<PrimaryMessage, { kind: 'settle' }>): Promise<void> {
    const taken = sampled ? await sample() : undefined
    reporter.report()
    tell({ kind: 'settled', id, sample: taken })
  }

  channel.onMessage(message => {
    switch (message.kind) {
      case 'start':
        return start(message)
      case 'assign':
        return running?.take(read(message.assignment))
      case 'adopt':
        return policies?.mirrors.get(message.source)?.adopt(message.bucket, message.copy)
      case 'forget':
        return policies?.mirrors.get(message.source)?.forget(message.bucket)
      case 'full':
        if (running === undefined) return
        Object.assign(running.dataPlane.server, { dropMaxConnection: message.everywhere })
        makeRoom(running.dataPlane.server, message.everywhere)
        return
      case 'drain':
        return void leave(message)
      case 'settle':
        return void settle(message)
      case 'answer':
        return questions.answer(message.id, message.answer)
      default:
        return message satisfies never
    }
  })
  tell({ kind: 'booted' })
}

function read(assignment: Buffer): Assignment {
  return deserialize(assignment) as Assignment
}
