import { describeIssue } from '../config/issue.ts'
import { loadConfiguration } from '../config/load-configuration.ts'
import { readSecrets } from '../config/secrets.ts'
import { readFileContentSync } from '../config/text/file-content.ts'
import { readServerCertificate, readUpstreamFiles } from '../daemon/tls-files.ts'
import type { Command } from './command.ts'
import { configOption, configurationSource } from './configuration-source.ts'

/** Reads everything that start-up reads, and tells everything that is wrong with it. */
export const check: Command = {
  name: 'check',
  synopsis: '--config FILE [SETTINGS]',
  meaning: 'Tell every fault and warning of a configuration, without listening or network.',
  details: ['One line each: FILE:LINE:COLUMN: what, and what is allowed. Exit code 0, or 64 if there are faults.'],
  options: [configOption],
  takesSettings: true,
  async run(given, terminal) {
    const source = configurationSource(given, terminal)
    if (source === undefined) return 64
    const { parsed } = await loadConfiguration(source)
    const { issues: secretIssues } = readSecrets(source.environment, readFileContentSync)
    const { configuration } = parsed
    const unusable =
      configuration === undefined
        ? []
        : await Promise.all([
            failureOf(readServerCertificate(configuration)),
            failureOf(readUpstreamFiles(configuration)),
          ])
    const issues = [...parsed.issues, ...secretIssues]
    const lines = [...issues.map(describeIssue), ...unusable.filter(failure => failure !== undefined)]
    const warnings = issues.filter(issue => issue.severity === 'warning').length
    const faults = lines.length - warnings
    const buckets = configuration === undefined ? '' : `, ${count(configuration.buckets.length, 'bucket')}`
    const name = source.file ?? 'configuration'
    terminal.out(lines.map(line => `${line}\n`).join(''))
    terminal.out(`${name}: ${count(faults, 'fault')}, ${count(warnings, 'warning')}${buckets}\n`)
    return faults === 0 ? 0 : 64
  },
}

async function failureOf(reading: Promise<unknown>): Promise<string | undefined> {
  try {
    await reading
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
