// The worker processes: started, replaced when they end by themselves, told what to do.

import cluster, { type Worker } from 'node:cluster'
import { fileURLToPath } from 'node:url'
import type { DrainResult } from '../drain.ts'
import { createBackoff } from './backoff.ts'
import type { PrimaryMessage, WorkerMessage } from './messages.ts'

/** One worker process. */
export interface Member {
  readonly slot: number
  readonly pid: number
  readonly worker: Worker
  listening: boolean
}

/** What a crew works with. */
export interface CrewOptions {
  readonly workers: number
  /** What a worker is started with, as it stands when it starts. */
  readonly startOf: (slot: number) => PrimaryMessage
  /** Everything but what the crew itself needs to know. */
  readonly onMessage: (member: Member, message: WorkerMessage) => void
  /** A worker has started. */
  readonly onStart: (member: Member) => void
  /** A worker has ended; `again` is in how many milliseconds another takes its place. */
  readonly onEnd: (member: Member, how: WorkerEnd, again: number | undefined) => void
}

/** How a worker ended. */
export interface WorkerEnd {
  readonly code: number | null
  readonly signal: string | null
}

/** Where a server of workers listens. */
export interface ListeningAddress {
  readonly address: string
  readonly port: number
}

/** The workers. */
export interface Crew {
  /** Starts them; resolves when all listen, rejects when one of them cannot. */
  start(): Promise<ListeningAddress>
  /** Whether at least one of them takes connections. */
  listening(): boolean
  readonly members: Iterable<Member>
  tell(message: PrimaryMessage): void
  /** Resolves when each has drained and ended, `expired` if one had to break requests off or was lost. */
  drain(acceptMs: number, deadlineMs: number): Promise<DrainResult>
  /** Ends them at once. */
  kill(): void
}

/** Beside this file: `.js` as built, `.ts` when the sources run as they are. */
const entryUrl = new URL(
  import.meta.url.endsWith('.ts') ? './worker-process.ts' : './worker-process.js',
  import.meta.url,
)
/** What a worker gets after its own deadline, to tell its last counts and end. */
const leaveMs = 3000

/** Makes the crew; nothing is started yet. There is one of it in a process. */
export function createCrew(options: CrewOptions): Crew {
  const members = new Set<Member>()
  const restarts = new Map<number, NodeJS.Timeout>()
  const backoff = createBackoff(options.workers, () => performance.now())
  const started = Promise.withResolvers<ListeningAddress>()
  const drained = new WeakSet<Member>()
  let hasStarted = false
  let killed = false
  let leaving: { left: number; result: DrainResult; readonly done: () => void } | undefined

  function fork(slot: number): void {
    restarts.delete(slot)
    const worker = cluster.fork()
    const member: Member = { slot, pid: worker.process.pid ?? 0, worker, listening: false }
    members.add(member)
    backoff.started(slot)
    options.onStart(member)
    worker.on('message', (message: WorkerMessage) => hear(member, message))
    // The exit says the same, and comes after it.
    worker.on('error', () => {})
    // What it said last may still be in its channel when it has ended.
    const closed = new Promise(resolve => worker.once('disconnect', resolve))
    worker.once('exit', (code, signal) => void closed.then(() => end(member, { code, signal })))
  }

  function hear(member: Member, message: WorkerMessage): void {
    switch (message.kind) {
      case 'booted':
        send(member, options.startOf(member.slot))
        return
      case 'listening':
        member.listening = true
        if ([...members].filter(({ listening }) => listening).length < options.workers) return
        hasStarted = true
        started.resolve({ address: message.address, port: message.port })
        return
      case 'failed':
        started.reject(Object.assign(new Error(message.message), { code: message.code }))
        if (hasStarted) member.worker.process.kill('SIGKILL')
        return
      case 'drained':
        if (leaving !== undefined && message.result === 'expired') leaving.result = 'expired'
        member.listening = false
        drained.add(member)
        return
      default:
        options.onMessage(member, message)
    }
  }

  function end(member: Member, how: WorkerEnd): void {
    members.delete(member)
    started.reject(new Error(`a worker ended before it listened (${how.signal ?? `exit code ${how.code}`})`))
    const again = leaving === undefined && hasStarted && !killed ? backoff.ended(member.slot) : undefined
    options.onEnd(member, how, again)
    if (again !== undefined)
      restarts.set(
        member.slot,
        setTimeout(() => fork(member.slot), again),
      )
    if (leaving === undefined) return
    if (!drained.has(member)) leaving.result = 'expired'
    if (--leaving.left === 0) leaving.done()
  }

  function send({ worker }: Member, message: PrimaryMessage): void {
    // One that is ending is told nothing more; the callback keeps a broken channel from being an error of this process.
    if (worker.isConnected()) worker.send(message, () => {})
  }

  function kill(): void {
    killed = true
    for (const timer of restarts.values()) clearTimeout(timer)
    restarts.clear()
    for (const { worker } of members) worker.process.kill('SIGKILL')
  }

  return {
    members,
    start() {
      // Workers give back a connection that they have no room for, and another is offered it: with a socket that they all
      // accept from, one that is full would drop what another has room for, and Linux wakes mostly the same one.
      cluster.schedulingPolicy = cluster.SCHED_RR
      cluster.setupPrimary({
        exec: fileURLToPath(entryUrl),
        args: [],
        execArgv: [...new Set([...process.execArgv, '--disable-sigusr1'])],
        serialization: 'advanced',
        stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      })
      process.once('exit', kill)
      for (let slot = 0; slot < options.workers; slot++) fork(slot)
      return started.promise
    },
    listening: () => [...members].some(({ listening }) => listening),
    tell(message) {
      for (const member of members) send(member, message)
    },
    async drain(acceptMs, deadlineMs) {
      for (const timer of restarts.values()) clearTimeout(timer)
      restarts.clear()
      if (members.size === 0) return 'drained'
      const { promise, resolve } = Promise.withResolvers<void>()
      leaving = { left: members.size, result: 'drained', done: resolve }
      for (const member of members) send(member, { kind: 'drain', acceptMs, deadlineMs })
      const late = setTimeout(kill, deadlineMs + leaveMs)
      await promise
      clearTimeout(late)
      return leaving.result
    },
    kill,
  }
}
