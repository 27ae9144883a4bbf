// The same share of a processor for each of several processes: what more of them gain shows on two cores, too, where the load
// would otherwise compete with them.

import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

// The controller of version 1: root may make groups there.
const controller = '/sys/fs/cgroup/cpu'
const periodMicroseconds = 20_000

/** A quarter: two processes and the load that keeps them busy then fit into two cores. */
export const share = 0.25

/** Whether groups can be made on this machine, by this user. */
export function canLimitProcessors(): boolean {
  try {
    rmdirSync(makeGroup('trial'))
    return true
  } catch {
    return false
  }
}

/** Limits every process to {@link share} of one core. The function that is given back is for when they have ended. */
export function limitProcessors(name: string, pids: readonly number[]): () => void {
  const groups = pids.map((pid, index) => {
    const group = makeGroup(`${name}-${index}`)
    writeFileSync(join(group, 'cgroup.procs'), String(pid))
    return group
  })
  return () => {
    for (const group of groups) rmdirSync(group)
  }
}

function makeGroup(name: string): string {
  const group = join(controller, `s3-cors-proxy-${process.pid}-${name}`)
  mkdirSync(group)
  writeFileSync(join(group, 'cpu.cfs_period_us'), String(periodMicroseconds))
  writeFileSync(join(group, 'cpu.cfs_quota_us'), String(periodMicroseconds * share))
  return group
}
