import { nearest } from '../text/nearest-word.ts'
import { check } from './commands/check.ts'
import { compare } from './commands/compare.ts'
import { demo } from './commands/demo.ts'
import { explain } from './commands/explain.ts'
import { importFiles } from './commands/import.ts'
import { probe } from './commands/probe.ts'
import { schema } from './commands/schema.ts'
import { serve } from './commands/serve.ts'
import { suggestRules } from './commands/suggest.ts'
import { parseArguments } from './terminal/arguments.ts'
import type { Command, ExitCode, Terminal } from './terminal/command.ts'
import { commandHelp, programHelp } from './terminal/help.ts'
import { packageVersion } from './terminal/version.ts'

/** Every command, in the order of the help. */
export const commands: readonly Command[] = [
  serve,
  check,
  explain,
  suggestRules,
  compare,
  importFiles,
  schema,
  probe,
  demo,
]

/** Runs the command that the arguments name, `serve` if they name none. */
export async function main(given: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const [first, ...rest] = given
  if (first === '--help' || first === '-h') return say(programHelp(commands), terminal)
  if (first === 'help') return help(rest[0], terminal)
  const isNamed = first !== undefined && !first.startsWith('-')
  const command = isNamed ? find(first) : serve
  if (command === undefined) return unknown(first ?? '', terminal)
  const result = parseArguments(command, isNamed ? rest : given)
  if ('faults' in result) {
    terminal.err(result.faults.map(fault => `${fault}\n`).join(''))
    terminal.err(`allowed: what s3-cors-proxy ${command.name} --help lists\n`)
    return 64
  }
  const { parsed } = result
  if (parsed.switches.has('help')) return say(commandHelp(command), terminal)
  if (parsed.switches.has('version')) return say(`${packageVersion()}\n`, terminal)
  return await command.run(parsed, terminal)
}

function find(name: string): Command | undefined {
  return commands.find(command => command.name === name)
}

function help(name: string | undefined, terminal: Terminal): ExitCode {
  if (name === undefined) return say(programHelp(commands), terminal)
  const command = find(name)
  return command === undefined ? unknown(name, terminal) : say(commandHelp(command), terminal)
}

function unknown(name: string, { err }: Terminal): ExitCode {
  const names = commands.map(command => command.name)
  const near = nearest(name, names)
  err(`${JSON.stringify(name)}: unknown command${near === undefined ? '' : `, did you mean ${near}?`}\n`)
  err(`allowed: ${names.join(', ')}\n`)
  return 64
}

function say(text: string, terminal: Terminal): ExitCode {
  terminal.out(text)
  return 0
}
