import { readFileSync, realpathSync } from 'node:fs'

/** What is read of the system. Either may throw. */
export interface MountSource {
  /** The text of /proc/self/mountinfo. */
  readonly mountinfo: () => string
  /** Where a path leads, through all links. */
  readonly realpath: (path: string) => string
}

const thisProcess: MountSource = {
  mountinfo: () => readFileSync('/proc/self/mountinfo', 'utf8'),
  realpath: path => realpathSync(path),
}

/**
 * Those of `paths` that are mounted by themselves, as Kubernetes' `subPath` and a container engine's single-file mounts do.
 * Such a file stays what it was when its source is replaced: nothing of a change can be seen here. None where the system
 * cannot say (Linux alone can).
 */
export function mountedFiles(paths: Iterable<string>, { mountinfo, realpath }: MountSource = thisProcess): string[] {
  try {
    const points = new Set(mountinfo().split('\n').map(mountPointOf))
    return [...paths].filter(path => points.has(realpath(path)))
  } catch {
    return []
  }
}

/** The fifth field, https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html, with blanks as octal escapes. */
function mountPointOf(line: string): string {
  const [, , , , point = ''] = line.split(' ')
  return point.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}
