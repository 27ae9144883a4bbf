import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { nameProgram } from './program-name.ts'

/** The process that listens on a TCP port of this machine: its id and its program where this process may know them. */
export interface PortOwner {
  readonly pid?: number | undefined
  /** As a person knows it: see {@link nameProgram}. */
  readonly program?: string | undefined
  /** It is this program, as another process. */
  readonly isProxy?: boolean | undefined
}

const listening = '0A'

/** The process that listens on the port, by Linux' /proc (https://man7.org/linux/man-pages/man5/proc_pid_net.5.html); undefined: no process, or it cannot be told. */
export function findPortOwner(port: number): PortOwner | undefined {
  const sockets = new Set([...listeners('/proc/net/tcp', port), ...listeners('/proc/net/tcp6', port)])
  if (sockets.size === 0) return undefined
  for (const pid of entries('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    for (const descriptor of entries(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(attempt(() => readlinkSync(`/proc/${pid}/fd/${descriptor}`)) ?? '')?.[1]
      if (inode === undefined || !sockets.has(inode)) continue
      const text = (file: string) => attempt(() => readFileSync(`/proc/${pid}/${file}`, 'utf8')) ?? ''
      const words = text('cmdline')
        .split('\0')
        .filter(word => word !== '')
      const isProxy = /s3-cors-proxy|cli\.js serve/.test(words.join(' '))
      return { pid: Number(pid), program: nameProgram(words) ?? (text('comm').trim() || undefined), isProxy }
    }
  }
  return {}
}

/** `process 123 (nginx)`. */
export function describePortOwner({ pid, program }: PortOwner): string {
  return pid === undefined
    ? 'a process of another user'
    : `process ${pid}${program === undefined ? '' : ` (${program})`}`
}

function listeners(file: string, port: number): readonly string[] {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return (attempt(() => readFileSync(file, 'latin1')) ?? '').split('\n').flatMap(line => {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/)
    return local?.endsWith(wanted) === true && state === listening && inode !== undefined ? [inode] : []
  })
}

function entries(directory: string): readonly string[] {
  return attempt(() => readdirSync(directory)) ?? []
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
