// What the benchmark needs of the machine: two cores, Linux's accounting, and three programs.

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, release } from 'node:os'
import { findExecutable } from '../servers/installed.ts'

/** The proxy under test has one core to itself; load, upstream and the benchmark share the other. */
export const proxyCore = 1
export const loadCore = 0

const programs = [
  { name: 'wrk', howToGetIt: 'apt-get install --no-install-recommends wrk' },
  { name: 'nginx', howToGetIt: 'apt-get install --no-install-recommends nginx' },
  { name: 'haproxy', howToGetIt: 'apt-get install --no-install-recommends haproxy' },
  { name: 'h2load', howToGetIt: 'apt-get install --no-install-recommends nghttp2-client' },
  { name: 'taskset', howToGetIt: 'apt-get install --no-install-recommends util-linux' },
]

/** One line for each thing that is missing. */
export function missingParts(needed: readonly string[]): readonly string[] {
  const missing = programs
    .filter(({ name }) => needed.includes(name) && findExecutable(name) === undefined)
    .map(({ name, howToGetIt }) => `${name} is not installed: ${howToGetIt}`)
  if (!existsSync('/proc/self/stat')) missing.push('CPU time is read from /proc: run the benchmark on Linux')
  else if (availableParallelism() < 2)
    missing.push('at least two cores are needed: one for the proxy, one for the load')
  return missing
}

/** The path of a program that {@link missingParts} did not name. */
export function program(name: string): string {
  const found = findExecutable(name)
  if (found === undefined) throw new Error(`${name} is not installed`)
  return found
}

/** Command and arguments that run on these cores only; the process id is the program's own. */
export function pinned(cores: string | number, command: string, args: readonly string[]): readonly [string, string[]] {
  return [program('taskset'), ['-c', String(cores), command, ...args]]
}

/** Moves this process, and what it starts from now on, to the load's core. */
export function pinMyself(): void {
  spawnSync(program('taskset'), ['-acp', String(loadCore), String(process.pid)], { stdio: 'ignore' })
}

/** Seconds of CPU time, user and system, that a process and its children have used so far. */
export function cpuSeconds(pid: number): number {
  return processTree(pid).reduce((sum, one) => sum + cpuTicks(one), 0) / ticksPerSecond
}

/** Memory that a process and its children have resident now, summed, in MiB. */
export function memoryMiB(pid: number): number {
  return statusMiB(pid, 'VmRSS')
}

/** The largest that they have had since their start, or since {@link forgetPeakMemory}. */
export function peakMemoryMiB(pid: number): number {
  return statusMiB(pid, 'VmHWM')
}

/** From now on the peak counts anew: reading a configuration takes more than many a load. */
export function forgetPeakMemory(pid: number): void {
  for (const one of processTree(pid)) writeFileSync(`/proc/${one}/clear_refs`, '5')
}

function statusMiB(pid: number, field: string): number {
  const line = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm')
  const kib = processTree(pid).map(one => Number(line.exec(readFileSync(`/proc/${one}/status`, 'utf8'))?.[1] ?? 0))
  return kib.reduce((sum, value) => sum + value, 0) / 1024
}

/** The processes that a process has started. */
export function childrenOf(pid: number): readonly number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap(thread =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  )
}

/** For the head of every report. */
export function describeMachine() {
  const [cpu] = cpus()
  const version = (name: string, ...args: string[]) => {
    if (findExecutable(name) === undefined) return undefined
    const { stdout, stderr } = spawnSync(program(name), args, { encoding: 'utf8' })
    return /(\d+\.\d+[.\d]*)/.exec(stdout + stderr)?.[1]
  }
  return {
    cpu: cpu?.model ?? 'unknown',
    cores: cpus().length,
    // Without what a distribution or a host adds to it.
    kernel: release().split('-')[0] ?? '',
    node: process.version,
    nginx: version('nginx', '-v'),
    haproxy: version('haproxy', '-v'),
    date: new Date().toISOString(),
  }
}

// USER_HZ, which every Linux port that runs Node has at 100. The kernel scales user and system ticks to the exact run time.
const ticksPerSecond = 100

function cpuTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name, in parentheses, may hold anything; utime and stime are the 12th and 13th fields after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

function processTree(pid: number): readonly number[] {
  return [pid, ...childrenOf(pid).flatMap(processTree)]
}
