import { nearest } from '../text/nearest-word.ts'
import type { ConfigurationIssue } from './issue.ts'
import { child, isMapping } from './raw-value.ts'
import { type Setting, settings } from './schema/settings.ts'
import { howToGiveSecret } from './secret-names.ts'

/** The variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Flags by their names without dashes, as `parseArgs` of node:util gives them. */
export type Flags = Readonly<Record<string, string | undefined>>

/** Variables with the prefix that are no settings: the file's own path, and a secret. */
const otherVariables = ['S3CORS_CONFIG', 'S3CORS_ADMIN_TOKEN', 'S3CORS_ADMIN_TOKEN_FILE'] as const

/** The file's data with variables and flags laid over it, and which of them gave which value. */
export interface Overlaid {
  readonly raw: unknown
  /** By the dotted path of the setting: the variable's name, or the flag with its dashes. */
  readonly sources: ReadonlyMap<string, string>
  readonly issues: readonly ConfigurationIssue[]
}

/** Lays the environment over `raw`, and the flags over both. Nothing in `raw` itself changes. */
export function overlay(raw: unknown, environment: Environment, flags: Flags): Overlaid {
  const sources = new Map<string, string>()
  const root = raw === undefined ? {} : isMapping(raw) ? { ...raw } : raw
  for (const setting of settings()) {
    const flag = Object.hasOwn(flags, setting.flag) ? flags[setting.flag] : undefined
    const text = flag ?? environment[setting.variable]
    if (text === undefined || !isMapping(root) || !place(root, setting, readText(setting, text))) continue
    sources.set(setting.path.join('.'), flag === undefined ? setting.variable : `--${setting.flag}`)
  }
  return { raw: root, sources, issues: [...unknownVariables(environment), ...unknownFlags(flags)] }
}

/** False when the file has something else than a mapping on the way: that is a fault of its own. */
function place(root: Record<string, unknown>, setting: Setting, value: unknown): boolean {
  let parent = root
  for (const step of setting.path.slice(0, -1)) {
    const inside = child(parent, [step])
    if (inside !== undefined && !isMapping(inside)) return false
    const copy = { ...inside }
    parent[step] = copy
    parent = copy
  }
  parent[setting.path.at(-1) ?? ''] = value
  return true
}

/** What does not read as the setting's kind stays text, so that the schema says what is allowed. */
function readText(setting: Setting, text: string): unknown {
  switch (setting.kind) {
    case 'number':
      return /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(text) ? Number(text) : text
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text
    case 'list':
      return text.trim() === '' ? [] : text.split(',').map(item => item.trim())
    case 'text':
      return text
  }
}

function unknownVariables(environment: Environment): readonly ConfigurationIssue[] {
  const known = [...settings().map(setting => setting.variable), ...otherVariables]
  return Object.keys(environment)
    .filter(name => name.startsWith('S3CORS_') && !known.includes(name) && environment[name] !== undefined)
    .map(name => unknown(name, 'unknown environment variable', near(name, known), 'a setting as S3CORS_SECTION_KEY'))
}

function unknownFlags(flags: Flags): readonly ConfigurationIssue[] {
  const known = settings().map(setting => setting.flag)
  return Object.keys(flags)
    .filter(name => !known.includes(name) && flags[name] !== undefined)
    .map(name => unknown(`--${name}`, 'unknown flag', prefixed(near(name, known)), 'a setting as --section-key'))
}

/** The nearest name; else the one that ends alike, where only the section was left out. */
function near(name: string, known: readonly string[]): string | undefined {
  const tail = name.replace(/^S3CORS_?/, '')
  return (
    nearest(name, known) ?? known.find(candidate => candidate.endsWith(`_${tail}`) || candidate.endsWith(`-${tail}`))
  )
}

function prefixed(flag: string | undefined): string | undefined {
  return flag === undefined ? undefined : `--${flag}`
}

/** Without the value: an unknown variable may hold a secret. */
function unknown(file: string, message: string, near: string | undefined, allowed: string): ConfigurationIssue {
  const secret = howToGiveSecret(file)
  const hint = secret !== undefined ? secret : near === undefined ? allowed : `${allowed}, did you mean ${near}?`
  return { severity: 'fault', reason: 'unknown-key', file, path: [], value: undefined, message, allowed: hint }
}
