import { settings } from '../../config/schema/settings.ts'
import { commonOptions } from './arguments.ts'
import type { Command } from './command.ts'

const program = 's3-cors-proxy'

/** The help of the program: every command in one line. */
export function programHelp(commands: readonly Command[]): string {
  const rows = commands.map(({ name, meaning }): Row => [name, meaning])
  return [
    `Usage: ${program} [COMMAND] [OPTIONS]`,
    '',
    'Per-bucket CORS in front of any S3 endpoint: enforced, explained and counted.',
    '',
    'Commands (serve, if none is given):',
    ...table(rows),
    '',
    `${program} COMMAND --help tells more. Exit codes: 0, 1 (could not start or run), 64 (arguments or configuration).`,
    '',
  ].join('\n')
}

/** The help of one command. */
export function commandHelp(command: Command): string {
  const { name, synopsis, meaning, details, options, takesSettings } = command
  const rows = [...options, ...commonOptions].map((option): Row => {
    const value = option.kind === 'switch' ? '' : ` ${option.value ?? 'VALUE'}`
    return [`--${option.name}${value}`, option.meaning]
  })
  const lines = [
    `Usage: ${program} ${name}${synopsis === '' ? '' : ` ${synopsis}`}`,
    '',
    meaning,
    ...details,
    '',
    'Options:',
    ...table(rows),
  ]
  if (takesSettings === true) {
    lines.push(
      '',
      'Settings. Each is also a key of the file and a variable: --upstream-url is upstream.url and S3CORS_UPSTREAM_URL.',
    )
    lines.push('A flag beats the variable, the variable beats the file. Commas separate the values of a list.')
    lines.push(
      ...table(
        settings().map((setting): Row => [`--${setting.flag} ${setting.kind.toUpperCase()}`, settingMeaning(setting)]),
      ),
    )
  }
  return `${lines.join('\n')}\n`
}

type Row = readonly [term: string, meaning: string]

function settingMeaning({
  description,
  default: value,
}: {
  readonly description: string
  readonly default: unknown
}): string {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return description
  return `${description} [${String(value)}]`
}

function table(rows: readonly Row[]): readonly string[] {
  const width = Math.max(...rows.map(([term]) => term.length))
  return rows.map(([term, meaning]) => `  ${term.padEnd(width)}  ${meaning}`)
}
