import { parseArgs } from 'node:util'
import { type Setting, settings } from '../../config/schema/settings.ts'
import { howToGiveSecret } from '../../config/secret-names.ts'
import { nearest } from '../../text/nearest-word.ts'
import type { Command, Option, ParsedArguments } from './command.ts'

/** Options of every command. */
export const commonOptions: readonly Option[] = [
  { name: 'help', kind: 'switch', meaning: 'say what the command does, and end' },
  { name: 'version', kind: 'switch', meaning: 'say which version this is, and end' },
]

/** Sorts arguments, or says everything that is wrong with them, one line each. */
export function parseArguments(
  command: Command,
  given: readonly string[],
): { readonly parsed: ParsedArguments } | { readonly faults: readonly string[] } {
  const options = [...command.options, ...commonOptions]
  const known: readonly Setting[] = command.takesSettings === true ? settings() : []
  const { tokens } = parseArgs({
    args: [...given],
    options: {
      ...Object.fromEntries(known.map(setting => [setting.flag, { type: 'string' as const }])),
      ...Object.fromEntries(
        options.map(({ name, kind }) => [
          name,
          { type: kind === 'switch' ? ('boolean' as const) : ('string' as const) },
        ]),
      ),
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean', short: 'V' },
    },
    // Not strict, and by its tokens: strict stops at the first fault and knows no nearest name.
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const texts: Record<string, string> = {}
  const lists: Record<string, string[]> = {}
  const switches = new Set<string>()
  const chosen: Record<string, string> = {}
  const operands: string[] = []
  const faults: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value)
    if (token.kind !== 'option') continue
    const { name, rawName, value, inlineValue } = token
    const option = options.find(candidate => candidate.name === name)
    const isSetting = option === undefined && known.some(setting => setting.flag === name)
    if (option === undefined && !isSetting) {
      const near = nearest(name, [...options.map(candidate => candidate.name), ...known.map(setting => setting.flag)])
      const secret = howToGiveSecret(name)
      if (secret !== undefined) faults.push(`${rawName}: not an option: ${secret}`)
      else faults.push(`${rawName}: unknown option${near === undefined ? '' : `, did you mean --${near}?`}`)
    } else if (option?.kind === 'switch') {
      if (value === undefined) switches.add(name)
      else faults.push(`${rawName}: takes no value`)
    } else if (value === undefined) faults.push(`${rawName}: the value is missing`)
    else if (inlineValue === false && value.startsWith('-') && value !== '-') {
      faults.push(`${rawName}: the value is missing; one that starts with "-" is written ${rawName}=${value}`)
    } else if (option?.kind === 'list') lists[name] = [...(lists[name] ?? []), value]
    else if (Object.hasOwn(isSetting ? chosen : texts, name)) faults.push(`${rawName}: given twice`)
    else if (isSetting) chosen[name] = value
    else texts[name] = value
  }
  const most = command.maxOperands ?? 0
  // After an unknown option, its value looks like an argument.
  if (faults.length === 0 && operands.length > most)
    faults.push(`unexpected argument ${JSON.stringify(operands[most])}`)
  return faults.length > 0 ? { faults } : { parsed: { texts, lists, switches, settings: chosen, operands } }
}
