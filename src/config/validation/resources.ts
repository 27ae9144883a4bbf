import { readFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'

/** What this process may use. */
export interface Resources {
  /** Of the control group, such as a container's limit, or else of the machine. */
  readonly memoryBytes: number
  /** V8's limit for what is no buffer. */
  readonly heapBytes: number
  /** Descriptors that may be open; undefined where the system does not tell. */
  readonly openFiles: number | undefined
}

/** Asks the system. */
export function readResources(): Resources {
  const machineBytes = totalmem()
  // Without a limit it is 0, or larger than any memory.
  const constrainedBytes = process.constrainedMemory()
  return {
    memoryBytes: constrainedBytes > 0 ? Math.min(constrainedBytes, machineBytes) : machineBytes,
    heapBytes: getHeapStatistics().heap_size_limit,
    openFiles: readOpenFiles(() => readFileSync('/proc/self/limits', 'latin1')),
  }
}

/** The soft limit, which Node has raised to the hard one when it started. */
export function readOpenFiles(read: () => string): number | undefined {
  let text: string
  try {
    text = read()
  } catch {
    return undefined // no Linux
  }
  const [, soft] = /^Max open files\s+(\S+)/m.exec(text) ?? []
  if (soft === 'unlimited') return undefined
  const files = Number(soft)
  return Number.isInteger(files) ? files : undefined
}
