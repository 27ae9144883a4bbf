// The primary: it directs the workers, asks for rules in the name of all, and adds up what they count.

import { createServer } from 'node:net'
import { serialize } from 'node:v8'
import type { LogOptions } from '../../telemetry/log/log.ts'
import { createProcessSampler, createProcessSums } from '../../telemetry/metrics/process-sums.ts'
import { listen } from '../process/listening.ts'
import type { CreateServing } from '../serving.ts'
import { nothingKnown } from '../upstream/known-names.ts'
import type { ConfigurationUpdate, WorkerOperations } from './messages.ts'
import { createSharedRules } from './shared-rules.ts'
import { createWorkerPool } from './worker-pool.ts'

/** A scrape does not wait longer for a worker that is busy: what it told last is shown. */
const gatherMs = 2000
/** A worker that takes longer to obey is reported; it obeys before it serves another request of a new connection. */
const obeyMs = 5000
const flushMs = 1000

/** Makes what serves by `workers` processes, all of whose lines go to `output`: none stands within a line of another. */
export function serveByWorkers({ sink, ...output }: Omit<LogOptions, 'level'>): CreateServing {
  return ({ configuration, files, environment, metrics, log, events }) => {
    const processes = createProcessSums()
    const sample = createProcessSampler()
    let update = serialize({ configuration, files } satisfies ConfigurationUpdate)
    let endsExcess = false

    const pool = createWorkerPool({
      workers: configuration.workers,
      start: (slot, where) => ({ slot, update, where, log: { ...output, level: log.level } }),
      operations: worker => ({
        ...rules.operations,
        report(report) {
          metrics.absorb(report)
          worker.inFlight = report.counters.inFlight
          addInFlight()
        },
        log: lines => sink.write(lines, countLines(lines)),
        full(isFull) {
          worker.isFull = isFull
          lookForRoom()
        },
        names(known) {
          worker.names = known
        },
      }),
      onStart: ({ slot, pid }) => log.info('worker_started', { worker: slot, pid }),
      onEnd({ slot, pid }, { code, signal }, againMs) {
        processes.end(pid)
        addInFlight()
        lookForRoom()
        if (againMs === undefined) return
        const how = { code: code ?? undefined, signal: signal ?? undefined }
        log.warn('worker_ended', { worker: slot, pid, ...how, againSeconds: againMs / 1000 })
      },
      onLost,
    })
    function onLost(): void {
      log.error('inherited_socket_lost', new Error('all workers ended at once, and the inherited socket with them'))
      void log.flush(flushMs).then(() => process.exit(1))
    }

    const refreshWorkers = (bucket: string) => tellAll('refresh', bucket)
    const rules = createSharedRules({ configuration, files, environment, events, refreshWorkers })

    function addInFlight(): void {
      let sum = 0
      for (const { inFlight } of pool.workers) sum += inFlight
      metrics.setInFlight(sum)
    }

    function lookForRoom(): void {
      const isFull = pool.workers.size === configuration.workers && [...pool.workers].every(worker => worker.isFull)
      if (isFull === endsExcess) return
      endsExcess = isFull
      void tellAll('endExcess', isFull)
    }

    /** Resolves when each worker that listens has obeyed: one that starts begins with what is in force. */
    async function tellAll<Name extends 'apply' | 'refresh' | 'endExcess'>(
      name: Name,
      argument: Parameters<WorkerOperations[Name]>[0],
    ): Promise<void> {
      await Promise.all(
        [...pool.workers].map(async worker => {
          const obeyed = worker.call(name, argument, obeyMs).catch(() => {
            const { slot, pid } = worker
            if (worker.listening) log.warn('worker_late', { worker: slot, pid })
          })
          if (worker.listening) await obeyed
        }),
      )
    }

    return {
      policies: rules.policies,
      async listen(where) {
        // Here it fails with the words of a process without workers, and before any is started.
        if (!('fd' in where)) {
          const probe = createServer()
          await listen(probe, where)
          await new Promise(resolve => probe.close(resolve))
        }
        return await pool.start(where)
      },
      listening: () => [...pool.workers].some(({ listening }) => listening),
      names() {
        const known = [...pool.workers].sort((one, other) => one.slot - other.slot).map(({ names }) => names)
        return { ...(known[0] ?? nothingKnown), asked: known.every(({ asked }) => asked) }
      },
      apply(configuration, files) {
        const next = { configuration, files }
        rules.apply(next)
        update = serialize(next)
        return tellAll('apply', update)
      },
      async drain(acceptMs, deadlineMs) {
        const result = await pool.drain(acceptMs, deadlineMs)
        rules.close()
        return result
      },
      close() {
        rules.close()
        pool.kill()
      },
      async gather() {
        await Promise.allSettled(
          [...pool.workers]
            .filter(({ listening }) => listening)
            .map(async worker => processes.set(worker.pid, await worker.call('sample', undefined, gatherMs))),
        )
      },
      processMetrics: async () => processes.text(await sample()),
    }
  }
}

function countLines(text: Uint8Array): number {
  let lines = 0
  for (let at = text.indexOf(lineFeed); at >= 0; at = text.indexOf(lineFeed, at + 1)) lines++
  return lines
}

const lineFeed = 0x0a
