import { readdirSync, readFileSync, rmSync } from 'node:fs'

/** What a run of tests had left behind: command lines, and names in its temporary folder. */
export interface Leftovers {
  readonly processes: readonly string[]
  readonly files: readonly string[]
}

/** Ends every process whose TMPDIR is `folder`, this one excepted, and removes the folder. On Linux; elsewhere only the folder. */
export function removeLeftovers(folder: string): Leftovers {
  const processes = processesOf(folder)
  for (const { pid } of processes) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended meanwhile.
    }
  }
  const files = readdirSync(folder)
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  return { processes: processes.map(({ command }) => command), files }
}

function processesOf(folder: string): readonly { readonly pid: number; readonly command: string }[] {
  if (process.platform !== 'linux') return []
  const pids = readdirSync('/proc').filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
  return pids.flatMap(pid => {
    try {
      const isOfFolder = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`TMPDIR=${folder}`)
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
      // One without a command line has ended and waits for its parent.
      return isOfFolder && command !== '' ? [{ pid: Number(pid), command }] : []
    } catch {
      // It has ended, or is another user's.
      return []
    }
  })
}
