// The primary: it directs the workers, asks for rules in the name of all, and adds up what they count.

import { createServer } from 'node:net'
import type { Readable } from 'node:stream'
import { serialize } from 'node:v8'
import type { LogSink } from '../../telemetry/log/log-sink.ts'
import { createProcessSampler, createProcessSums } from '../../telemetry/metrics/process-sums.ts'
import { listen } from '../listening.ts'
import type { CreateServing } from '../serving.ts'
import { createCrew, type Member } from './crew.ts'
import { relayLines } from './line-relay.ts'
import type { Assignment, PrimaryMessage, WorkerLog, WorkerMessage } from './messages.ts'
import { createRuleService } from './rule-service.ts'
import { createSettlement } from './settlement.ts'

/** How the lines of workers reach the one log. */
export interface WorkerOutput extends Omit<WorkerLog, 'level'> {
  /** That of the primary's own log, so that no line of one stands within a line of another. */
  readonly sink: LogSink
}

/** A scrape does not wait longer for a worker that is busy: what it told last is shown. */
const gatherMs = 2000
/** A worker that takes longer to obey is reported; it obeys before it serves another request of a new connection. */
const obeyMs = 5000

/** Makes what serves by `workers` processes, all of whose lines go to `output`. */
export function serveByWorkers(output: WorkerOutput): CreateServing {
  return ({ configuration, files, environment, metrics, log, events }) => {
    const { workers } = configuration
    const settlement = createSettlement<Member>()
    const inFlight = new Map<Member, number>()
    const full = new Set<Member>()
    const processes = createProcessSums()
    const sample = createProcessSampler()
    const suppressed = (lines: number) => metrics.countSuppressedLog(lines)
    let assignment = serialize({ configuration, files } satisfies Assignment)
    let toldFull = false

    const crew = createCrew({
      workers,
      startOf: slot => {
        const { pretty, colour, secrets } = output
        return { kind: 'start', slot, assignment, log: { pretty, colour, secrets, level: log.level } }
      },
      onMessage,
      onStart(member) {
        const { stdout } = member.worker.process as { readonly stdout: Readable | null }
        if (stdout !== null) relayLines(stdout, output.sink, suppressed)
        log.info('worker_started', { worker: member.slot, pid: member.pid })
      },
      onEnd(member, { code, signal }, again) {
        settlement.left(member)
        processes.end(member.pid)
        inFlight.delete(member)
        full.delete(member)
        addInFlight()
        tellFull()
        if (again === undefined) return
        const fields = { worker: member.slot, pid: member.pid, code: code ?? undefined, signal: signal ?? undefined }
        log.warn('worker_ended', { ...fields, againSeconds: again / 1000 })
      },
    })
    const rules = createRuleService({ configuration, files, environment, events, tell: crew.tell, settled })

    function onMessage(member: Member, message: WorkerMessage): void {
      switch (message.kind) {
        case 'report':
          metrics.absorb(message.report)
          inFlight.set(member, message.report.counters.inFlight)
          addInFlight()
          return
        case 'settled':
          if (message.sample !== undefined) processes.set(member.pid, message.sample)
          settlement.answered(member, message.id)
          return
        case 'question':
          void rules.answer(message).then(answer => send(member, { kind: 'answer', id: message.id, answer }))
          return
        case 'room':
          if (message.full) full.add(member)
          else full.delete(member)
          tellFull()
          return
        case 'touch':
        case 'written':
          rules.hear(message)
          return
        default:
      }
    }

    function addInFlight(): void {
      let sum = 0
      for (const requests of inFlight.values()) sum += requests
      metrics.setInFlight(sum)
    }

    function tellFull(): void {
      const everywhere = full.size >= workers
      if (everywhere === toldFull) return
      toldFull = everywhere
      crew.tell({ kind: 'full', everywhere })
    }

    function send({ worker }: Member, message: PrimaryMessage): void {
      if (worker.isConnected()) worker.send(message, () => {})
    }

    /** Only those that listen: one that starts begins with what is in force. */
    function round(sampled: boolean, timeoutMs: number): Promise<readonly Member[]> {
      const asked = [...crew.members].filter(({ listening }) => listening)
      return settlement.settle(asked, (member, id) => send(member, { kind: 'settle', id, sampled }), timeoutMs)
    }

    async function settled(): Promise<void> {
      for (const { slot, pid } of await round(false, obeyMs)) log.warn('worker_late', { worker: slot, pid })
    }

    return {
      policies: rules.policies,
      async listen(address) {
        // Here it fails with the words of a process without workers, and before any is started.
        const probe = createServer()
        await listen(probe, address)
        await new Promise(resolve => probe.close(resolve))
        return await crew.start()
      },
      listening: crew.listening,
      apply(next, nextFiles) {
        assignment = serialize({ configuration: next, files: nextFiles } satisfies Assignment)
        crew.tell({ kind: 'assign', assignment })
        rules.apply(next, nextFiles)
        return settled()
      },
      async drain(acceptMs, deadlineMs) {
        const result = await crew.drain(acceptMs, deadlineMs)
        rules.close()
        return result
      },
      close() {
        rules.close()
        crew.kill()
      },
      async gather() {
        await round(true, gatherMs)
      },
      processMetrics: async () => processes.text(await sample()),
    }
  }
}
