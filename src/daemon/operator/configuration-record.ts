import type { ConfigurationStatus, Refused } from '../../admin/admin-sources.ts'

/** What is on the disk and cannot be put into force. */
export type RefusedPart = 'configuration' | 'certificate'

/** Of more than so many faults, the rest is counted. */
const maxIssues = 20
const maxIssueLength = 1000

/** Which configuration is in force, and why what is on the disk is not. */
export interface ConfigurationRecord {
  /** A configuration was put into force. */
  accept(sha256: string | undefined, changes: readonly string[], restartRequired: readonly string[]): void
  /** What is on the disk stays out of force. Since when counts from the first of several refusals. */
  refuse(part: RefusedPart, issues: readonly string[]): void
  /** What was refused of this part is in force, or gone. */
  clear(part: RefusedPart): void
  status(): ConfigurationStatus
}

/** Begins with a configuration that was read at the start. */
export function createConfigurationRecord(
  file: string | undefined,
  firstSha256: string | undefined,
  now: () => number = Date.now,
): ConfigurationRecord {
  let inForce = {
    sha256: firstSha256,
    sinceMs: now(),
    changes: [] as readonly string[],
    restartRequired: [] as readonly string[],
  }
  const refused = new Map<RefusedPart, Refused>()
  return {
    accept(sha256, changes, restartRequired) {
      refused.delete('configuration')
      // The same configuration once more says nothing new of what changed last.
      const same = sha256 === inForce.sha256 && changes.length === 0
      inForce = { sha256, sinceMs: now(), changes: same ? inForce.changes : changes, restartRequired }
    },
    refuse(part, issues) {
      const rest = issues.length - maxIssues
      const shown = issues.slice(0, maxIssues).map(issue => issue.slice(0, maxIssueLength))
      refused.set(part, {
        part,
        sinceMs: refused.get(part)?.sinceMs ?? now(),
        issues: rest > 0 ? [...shown, `and ${rest} more`] : shown,
      })
    },
    clear: part => void refused.delete(part),
    status: () => ({ file, ...inForce, refused: [...refused.values()] }),
  }
}
