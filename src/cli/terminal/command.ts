import type { Environment } from '../../config/environment.ts'

/** All went well; could not start or run; wrong arguments or configuration (EX_USAGE of sysexits.h). */
export type ExitCode = 0 | 1 | 64

/** What a command may touch of the process. */
export interface Terminal {
  readonly environment: Environment
  /** The result. */
  out(text: string): void
  /** What is wrong, and what else a person should know. */
  err(text: string): void
}

/** One option of a command. */
export interface Option {
  /** Without the dashes. */
  readonly name: string
  readonly kind: 'text' | 'list' | 'switch'
  /** What stands for the value in the help. */
  readonly value?: string | undefined
  readonly meaning: string
}

/** What was given to a command, sorted by what it is. */
export interface ParsedArguments {
  readonly texts: Readonly<Record<string, string | undefined>>
  readonly lists: Readonly<Record<string, readonly string[] | undefined>>
  readonly switches: ReadonlySet<string>
  /** Settings of the configuration, by the names of their flags. */
  readonly settings: Readonly<Record<string, string>>
  readonly operands: readonly string[]
}

/** One command: what its help says, what it takes, and what it does. */
export interface Command {
  readonly name: string
  /** Arguments after the name, as the help shows them. */
  readonly synopsis: string
  readonly meaning: string
  /** Further lines of the help. */
  readonly details: readonly string[]
  readonly options: readonly Option[]
  /** Every setting of the configuration is a flag too. */
  readonly takesSettings?: boolean | undefined
  /** How many arguments without dashes it takes at most; 0 unless given. */
  readonly maxOperands?: number | undefined
  run(given: ParsedArguments, terminal: Terminal): Promise<ExitCode>
}
