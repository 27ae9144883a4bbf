// The worker processes: started, replaced when they end by themselves, ended together.

import type { ChildProcess } from 'node:child_process'
import cluster from 'node:cluster'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { debuggerOff } from '../../config/loading/debugger-off.ts'
import { watchClusterSockets } from '../../proxy/node/cluster-sockets.ts'
import type { DrainResult } from '../process/drain.ts'
import type { Listening } from '../process/listening.ts'
import { type KnownNames, nothingKnown } from '../upstream/known-names.ts'
import { createBackoff } from './backoff.ts'
import { type CallMessage, type Calls, createCalls } from './calls.ts'
import type { PrimaryOperations, WorkerOperations, WorkerStart } from './messages.ts'

/** What is known of a worker process. */
export interface WorkerState {
  readonly slot: number
  readonly pid: number
  listening: boolean
  /** It has no room for another connection. */
  isFull: boolean
  inFlight: number
  /** What it knows of the names in Host. */
  names: KnownNames
}

/** One worker process. */
export interface PoolWorker extends WorkerState, Calls<WorkerOperations> {
  readonly process: ChildProcess
  /** Resolves when it has ended. */
  readonly ended: Promise<void>
}

/** What a pool works with. */
export interface WorkerPoolOptions {
  readonly workers: number
  /** What a worker is started with, as it stands when it starts. */
  readonly start: (slot: number, where: Listening) => WorkerStart
  /** What a worker may ask. */
  readonly operations: (worker: WorkerState) => PrimaryOperations
  readonly onStart: (worker: WorkerState) => void
  /** A worker has ended; `againMs` is when another takes its place. */
  readonly onEnd: (worker: WorkerState, how: WorkerEnd, againMs: number | undefined) => void
  /** The last worker has ended, and Node has closed the inherited socket, which this process cannot open anew. */
  readonly onLost: () => void
}

/** How a worker ended. */
export interface WorkerEnd {
  readonly code: number | null
  readonly signal: string | null
}

/** The workers. */
export interface WorkerPool {
  readonly workers: ReadonlySet<PoolWorker>
  /** Starts them; resolves when all listen, rejects when one of them cannot. */
  start(where: Listening): ReturnType<WorkerOperations['start']>
  /** Resolves when each has drained and ended, `expired` if one had to break requests off or was lost. */
  drain(acceptMs: number, deadlineMs: number): Promise<DrainResult>
  /** Ends them at once. */
  kill(): void
}

/** Beside this file: `.js` as built, `.ts` when the sources run as they are. */
const program = new URL(`./worker-process${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)
/** A worker that is busier than this gets its connections late, and those that wait for it may be lost. */
const settleMs = 2000
/** What a worker gets after its own deadline, to tell its last counts and end. */
const leaveMs = 3000

/** Makes the pool; nothing is started yet. There is one of it in a process. */
export function createWorkerPool(options: WorkerPoolOptions): WorkerPool {
  const workers = new Set<PoolWorker>()
  const restarts = new Set<NodeJS.Timeout>()
  const backoff = createBackoff(options.workers, () => performance.now())
  /** By slot: what a former worker knew. One that takes its place asks anew, which makes the proxy no less ready. */
  const namesBefore = new Map<number, KnownNames>()
  let isEnding = false
  let stopAccepting: (() => void) | undefined

  async function fork(slot: number, where: Listening): ReturnType<WorkerOperations['start']> {
    const child = cluster.fork()
    const state = {
      slot,
      pid: child.process.pid ?? 0,
      listening: false,
      isFull: false,
      inFlight: 0,
      names: namesBefore.get(slot) ?? nothingKnown,
    }
    const channel = {
      // The callback keeps a broken channel from being an error of this process.
      send: (message: object) => void child.process.send(message, undefined, undefined, () => {}),
      onMessage: (listener: (message: CallMessage) => void) => void child.on('message', listener),
    }
    // What it said last may still be in its channel when it has exited.
    const closed = new Promise(resolve => child.once('disconnect', resolve))
    const ended = Promise.withResolvers<void>()
    const calls = createCalls<WorkerOperations, PrimaryOperations>(channel, options.operations(state))
    const worker = Object.assign(state, calls, { process: child.process, ended: ended.promise })
    workers.add(worker)
    backoff.started(slot)
    options.onStart(worker)
    // The exit says the same, and comes after it.
    child.on('error', () => {})
    child.once('exit', async (code, signal) => {
      await closed
      namesBefore.set(slot, worker.names)
      end(worker, { code, signal }, where)
      ended.resolve()
    })
    try {
      const address = await worker.call('start', options.start(slot, where))
      worker.listening = true
      return address
    } catch (error) {
      worker.process.kill('SIGKILL')
      throw error
    }
  }

  function end(worker: PoolWorker, how: WorkerEnd, where: Listening): void {
    const wasListening = worker.listening
    worker.listening = false
    workers.delete(worker)
    worker.close(new Error(`a worker ended before it answered (${how.signal ?? `exit code ${how.code}`})`))
    const againMs = isEnding ? undefined : backoff.ended(worker.slot)
    options.onEnd(worker, how, againMs)
    if (againMs === undefined) return
    if ('fd' in where && wasListening && workers.size === 0) {
      options.onLost()
      return
    }
    const timer = setTimeout(() => {
      restarts.delete(timer)
      // One that cannot start ends, and is replaced in its turn.
      fork(worker.slot, where).catch(() => {})
    }, againMs)
    restarts.add(timer)
  }

  function replaceNone(): void {
    isEnding = true
    for (const timer of restarts) clearTimeout(timer)
  }

  function kill(): void {
    replaceNone()
    for (const worker of workers) worker.process.kill('SIGKILL')
  }

  /**
   * Resolves when every connection that this process has accepted is a worker's. A worker tells how many it has taken after it
   * has taken what was sent to it before the question, and while connections wait here, each worker gets one after another.
   */
  async function settle(): Promise<void> {
    const count = async () => {
      const counts = await Promise.all([...workers].map(worker => worker.call('taken', undefined, settleMs)))
      return counts.reduce((sum, taken) => sum + taken, 0)
    }
    for (let before = -1, taken = await count(); taken > before; ) [before, taken] = [taken, await count()]
  }

  async function drainOne(worker: PoolWorker, deadlineMs: number): Promise<DrainResult> {
    if (!workers.has(worker)) return 'expired'
    const result = await worker.call('drain', deadlineMs).catch(() => 'expired' as const)
    worker.listening = false
    // Which ends it.
    if (worker.process.connected) worker.process.disconnect()
    await worker.ended
    return result
  }

  return {
    workers,
    async start(where) {
      // Workers give back a connection that they have no room for, and another is offered it: with a socket that they all
      // accept from, one that is full would drop what another has room for, and Linux wakes mostly the same one.
      cluster.schedulingPolicy = cluster.SCHED_RR
      cluster.setupPrimary({
        exec: fileURLToPath(program),
        args: [],
        execArgv: process.execArgv.includes(debuggerOff) ? process.execArgv : [...process.execArgv, debuggerOff],
        serialization: 'advanced',
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      })
      process.once('exit', kill)
      stopAccepting = watchClusterSockets()
      const [address] = await Promise.all(Array.from({ length: options.workers }, (_, slot) => fork(slot, where)))
      return address as NonNullable<typeof address>
    },
    async drain(acceptMs, deadlineMs) {
      replaceNone()
      const late = setTimeout(kill, deadlineMs + leaveMs)
      const deadline = performance.now() + deadlineMs
      const all = [...workers]
      for (const worker of all) worker.call('startDraining', undefined).catch(() => {})
      await wait(Math.min(acceptMs, deadlineMs))
      // In this order: what a worker that has closed is sent goes back to this process, where no other worker takes it.
      stopAccepting?.()
      await settle().catch(() => {})
      const results = await Promise.all(all.map(worker => drainOne(worker, Math.max(0, deadline - performance.now()))))
      clearTimeout(late)
      return results.includes('expired') ? 'expired' : 'drained'
    },
    kill,
  }
}
