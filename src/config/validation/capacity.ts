import type { Configuration } from '../configuration.ts'
import type { Finding } from '../issue.ts'
import type { Resources } from './resources.ts'

const mebibyte = 1024 * 1024
const kibibyte = 1024

/** A process without clients: 47 MiB of its own, and the pages of Node that are in use. Measured. */
const baseBytes = 80 * mebibyte
/** What is live on V8's heap then: 25 MiB, and compiled code. */
const baseHeapBytes = 32 * mebibyte

/** A client connection that does nothing: measured at 10 to 17 KiB, and at 61 to 66 KiB with TLS. */
const plainBytes = 20 * kibibyte
const tlsBytes = 80 * kibibyte

/** A connection to the endpoint with its read buffer of 64 KiB. */
const upstreamBytes = 96 * kibibyte
/** A buffer for long responses, and how many there are at most: read-buffers.ts. */
const longBufferBytes = 512 * kibibyte
const mostLongBuffers = 16

/** Descriptors of the process itself: its log, its files, name look-ups, calls for rules. Measured at 30 to 50. */
const ownFiles = 96
const mostAdminConnections = 256
/** Connections to the Console's server, and WebSockets, at most as many each. */
const mostConsoleConnections = 128
/** What serves a console at all, and what its clients are refused with when it is full (`floods --kinds all`, 128 MiB). */
const consoleBaseBytes = 20 * mebibyte
/** A request to it under way, and a WebSocket, whose content Node keeps on both sides: each measured at 300 to 600 KiB. */
const consoleBytes = 2 * 512 * kibibyte

/**
 * How much one process takes on at a time.
 *
 * Memory: of what the process may use, `baseBytes` are taken. Half of the rest is left to garbage that is not collected yet, to
 * fragments and to the kernel; of V8's heap likewise. The other half is what connections may cost at most:
 *
 *     usable   = min((memory - 80 MiB) / 2, (heap limit - 32 MiB) / 2); with a console, memory counts 20 MiB less
 *     upstream = upstream.connections × 96 KiB, at most a quarter of usable
 *     long     = buffers of 512 KiB, at most 16, at most a sixteenth of usable
 *     console  = where there is one, its connections × 1 MiB, at most 128, at most a quarter of usable
 *     rest     = connections × 20 KiB, or 80 KiB with TLS, at most half of usable - upstream - long - console
 *     held     = usable - upstream - long - console - rest
 *
 * `held` is for everything that clients make the process hold beyond a connection that does nothing: requests under way and
 * waiting, half heads, content, what a client does not take. proxy/shares/memory-ledger.ts counts it, and ends the greediest beyond it.
 * So with 512 MiB and a heap limit of 280 MiB: 124 usable, 24 + 7 for the endpoint, 2000 connections in 39, 54 held.
 */
export interface Capacity {
  readonly connections: number
  readonly heldBytes: number
  readonly upstreamConnections: number
  readonly longBuffers: number
  readonly consoleConnections: number
  readonly adminConnections: number
}

/** What is asked for, of one process. */
export interface Demand {
  readonly connections: number
  readonly upstreamConnections: number
  readonly tls: boolean
  readonly console: boolean
  readonly workers: number
}

/** What all of a configuration asks for. */
export function demandOf({ limits, upstream, tls, console, workers }: Configuration): Demand {
  return {
    connections: Math.ceil(limits.connections / workers),
    upstreamConnections: Math.ceil(upstream.connections / workers),
    tls: tls !== undefined,
    console: console !== undefined,
    workers,
  }
}

/** As much of `demand` as `resources` are enough for; never nothing. */
export function capacityOf(demand: Demand, resources: Resources): Capacity {
  const usable = usableBytes(demand, resources)
  const files = filesFor(demand, resources)
  const upstreamConnections = Math.min(
    demand.upstreamConnections,
    Math.max(4, Math.floor(usable / 4 / upstreamBytes)),
    files.upstream,
  )
  const longBuffers = Math.min(mostLongBuffers, Math.floor(usable / 16 / longBufferBytes))
  const consoleConnections = demand.console
    ? Math.min(mostConsoleConnections, Math.max(4, Math.floor(usable / 4 / consoleBytes)))
    : 0
  const left =
    usable - upstreamConnections * upstreamBytes - longBuffers * longBufferBytes - consoleConnections * consoleBytes
  const restBytes = demand.tls ? tlsBytes : plainBytes
  const connections = Math.min(demand.connections, Math.max(16, Math.floor(left / 2 / restBytes)), files.clients)
  return {
    connections,
    heldBytes: Math.max(2 * mebibyte, left - connections * restBytes),
    upstreamConnections,
    longBuffers,
    consoleConnections,
    adminConnections: files.admin,
  }
}

/** Where `resources` are not enough for `demand`: what holds instead, and what to set. */
export function findShortages(configuration: Configuration, resources: Resources): readonly Finding[] {
  const demand = demandOf(configuration)
  const { limits, upstream, workers } = configuration
  const without = { ...resources, openFiles: undefined }
  const byMemory = capacityOf(demand, without)
  const byFiles = filesFor(demand, resources)
  const found: Finding[] = []
  const warn = (path: readonly string[], value: number, reason: string, message: string, allowed: string) =>
    found.push({ severity: 'warning', reason, path, value, message, allowed })
  const memory = `${Math.floor(resources.memoryBytes / mebibyte)} MiB of memory and ${Math.floor(resources.heapBytes / mebibyte)} MiB of heap`
  if (byMemory.connections < demand.connections) {
    const fit = byMemory.connections * workers
    const message = `${limits.connections} connections do not fit ${memory}: ${fit} are served, and each further one ends another`
    warn(['limits', 'connections'], limits.connections, 'memory', message, `at most ${fit}, or a larger memory limit`)
  }
  if (byMemory.upstreamConnections < demand.upstreamConnections) {
    const fit = byMemory.upstreamConnections * workers
    const message = `${upstream.connections} connections do not fit ${memory}: ${fit} are opened`
    const path = ['upstream', 'connections']
    warn(path, upstream.connections, 'memory', message, `at most ${fit}, or a larger memory limit`)
  }
  const { openFiles } = resources
  if (
    openFiles !== undefined &&
    (byFiles.clients < demand.connections || byFiles.upstream < demand.upstreamConnections)
  ) {
    const needed = demand.connections + demand.upstreamConnections + byFiles.reserve
    const each = workers > 1 ? ` for each of ${workers} workers` : ''
    const sum = `${demand.connections} for clients, ${demand.upstreamConnections} for upstream.connections, ${byFiles.reserve} in reserve`
    const message = `${needed} descriptors are needed${each} (${sum}), and ${openFiles} may be open: ${byFiles.clients * workers} clients are served`
    const allowed = `a limit of open files (ulimit -n, LimitNOFILE) of ${needed}, or fewer connections`
    warn(['limits', 'connections'], limits.connections, 'open-files', message, allowed)
  }
  return found
}

/** What is left to each process. With workers there is one more, which directs them. */
export function processMemoryBytes(workers: number, { memoryBytes }: Resources): number {
  return workers > 1 ? Math.max(0, memoryBytes - baseBytes) / workers : memoryBytes
}

function usableBytes({ workers, console }: Demand, resources: Resources): number {
  const processBytes = processMemoryBytes(workers, resources)
  const { heapBytes } = resources
  const freeBytes = processBytes - baseBytes - (console ? consoleBaseBytes : 0)
  return Math.max(8 * mebibyte, Math.min(freeBytes / 2, (heapBytes - baseHeapBytes) / 2))
}

function filesFor(demand: Demand, { openFiles = Number.POSITIVE_INFINITY }: Resources) {
  const admin = Math.min(mostAdminConnections, Math.max(8, Math.floor(openFiles / 4)))
  const reserve = ownFiles + admin + (demand.console ? 2 * mostConsoleConnections : 0)
  const left = Math.max(16, openFiles - reserve)
  const upstream = Math.min(demand.upstreamConnections, Math.max(4, Math.floor(left / 3)))
  return { admin, reserve, upstream, clients: Math.max(8, left - upstream) }
}
