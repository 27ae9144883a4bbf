import { readFileSync } from 'node:fs'
import { getHeapStatistics } from 'node:v8'

/** What a process holds now. */
export interface MemoryUse {
  /** Memory of its own, which only the end of the process or a collection gives back; files that are mapped are not. */
  readonly ownBytes: number
  readonly heapBytes: number
}

/** What a watch works with. */
export interface MemoryWatchOptions {
  readonly memoryBytes: number
  readonly heapLimitBytes: number
  readonly read: () => MemoryUse
  /** Which share of the time since it was last asked the process had something to do, from 0 to 1. */
  readonly busyShare: () => number
  /** Collects garbage and gives free memory back, at once. */
  readonly collect: () => void
  /** Lets go of what clients hold; false where they hold too little to matter. */
  readonly relieve: () => boolean
}

// A collection stops everything for as long as it takes to go through what is alive.
const collectEveryMs = 2000
const collectVainlyEveryMs = 10_000
/** Over the limit, and after clients were ended: only then it is known whether that was enough. */
const collectUrgentlyEveryMs = 500

// What traffic leaves behind is given back in a pause, not while clients wait, and not again and again for little.
const idleMs = 5000
const maxIdleShare = 0.02
const collectIdleEveryMs = 30_000
const leastGrowthBytes = 8 * 1024 * 1024

/**
 * Looks at the memory that the process really has. V8 collects by its own limit, which knows nothing of a container's 128 MiB,
 * and what clients hold is an estimate: where both together come too near to the limit, garbage is collected, and if that is not
 * enough, the greediest clients are ended. A process that has become idle collects once, however much it may use.
 */
export function createMemoryWatch(options: MemoryWatchOptions): (nowMs: number) => void {
  const { memoryBytes, heapLimitBytes } = options
  // The rest is for the program's own pages, which have to stay.
  const mostBytes = memoryBytes - Math.max(32 * 1024 * 1024, memoryBytes / 8)
  const mostHeapBytes = heapLimitBytes * 0.85
  let nextMs = Number.NEGATIVE_INFINITY
  let nextUrgentMs = Number.NEGATIVE_INFINITY
  const isOver = (share: number) => {
    const { ownBytes, heapBytes } = options.read()
    return ownBytes > mostBytes * share || heapBytes > mostHeapBytes * share
  }
  let busyAtMs = Number.NEGATIVE_INFINITY
  let nextIdleMs = Number.NEGATIVE_INFINITY
  let leastBytes = 0
  const collectWhenIdle = (nowMs: number) => {
    if (options.busyShare() > maxIdleShare) busyAtMs = nowMs
    if (nowMs - busyAtMs < idleMs || nowMs < nextIdleMs) return
    nextIdleMs = nowMs + collectIdleEveryMs
    if (options.read().ownBytes < leastBytes + leastGrowthBytes) return
    options.collect()
    leastBytes = options.read().ownBytes
  }
  return nowMs => {
    collectWhenIdle(nowMs)
    if (!isOver(0.85) || nowMs < (isOver(1) ? nextUrgentMs : nextMs)) return
    options.collect()
    nextMs = nowMs + (isOver(0.85) ? collectVainlyEveryMs : collectEveryMs)
    const isInVain = isOver(1) && !options.relieve()
    nextUrgentMs = nowMs + (isInVain ? collectVainlyEveryMs : collectUrgentlyEveryMs)
  }
}

/** Of this process, since the last call. */
export function createBusyShare(): () => number {
  let last = performance.eventLoopUtilization()
  return () => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, last)
    last = now
    return utilization
  }
}

/** Of this process. */
export function readMemoryUse(): MemoryUse {
  return { ownBytes: ownBytes(), heapBytes: getHeapStatistics().used_heap_size }
}

let pageBytes = 0

/** Resident pages that are not those of files; all resident ones where the system does not tell them apart. */
function ownBytes(): number {
  try {
    const [, resident = 0, shared = 0] = readFileSync('/proc/self/statm', 'latin1').split(' ').map(Number)
    if (pageBytes === 0) pageBytes = 2 ** Math.round(Math.log2(process.memoryUsage.rss() / resident))
    return (resident - shared) * pageBytes
  } catch {
    return process.memoryUsage.rss()
  }
}
