import { corsMethods, isCorsMethod } from '../../cors/rules/rule.ts'
import { isRuleKey, type RuleKey } from '../../cors/rules/rule-key.ts'
import type { Path } from '../issue.ts'
import { isMapping } from '../raw-value.ts'
import { dialectOf, entriesOf, type RuleDialect } from './rule-dialect.ts'

/** What S3 does not say as the file does, at a part of the document. */
export interface RuleNote {
  readonly path: Path
  readonly message: string
  readonly allowed: string
}

/** Rules by S3's names. */
export interface ConvertedRules {
  /** As {@link parseRules} takes them, not yet checked. */
  readonly value: unknown
  readonly notes: readonly RuleNote[]
  /** Where in the document a part of `value` was read. */
  readonly sourceOf: (path: Path) => Path
}

/** Of one key of a rule: where its value stands, and for a list where each of its items does. */
interface Source {
  readonly path: Path
  readonly items?: readonly Path[] | undefined
}

/**
 * Gives the rules that stand at `path` of a document the names of S3. What is no rule of a known dialect stays as it is, so that
 * each of its keys is told of.
 */
export function convertRules(list: unknown, path: Path, isSingle: boolean): ConvertedRules {
  if (!isSingle && !Array.isArray(list)) return { value: list, notes: [], sourceOf: at => [...path, ...at] }
  const notes: RuleNote[] = []
  if (isSingle && path.length === 0) {
    const message = 'this is one rule, and not a list of rules'
    notes.push({ path, message, allowed: '{"CORSRules": [ … ]} or [ … ] around it' })
  }
  const value: unknown[] = []
  const sources: { readonly path: Path; readonly keys: ReadonlyMap<string, Source> }[] = []
  for (const [index, rule] of (isSingle ? [list] : (list as readonly unknown[])).entries()) {
    const at = isSingle ? path : [...path, index]
    const converted = convertRule(rule, at, notes)
    if (converted === undefined) continue
    value.push(converted.rule)
    sources.push({ path: at, keys: converted.keys })
  }
  return {
    value,
    notes,
    sourceOf([index, key, item, ...rest]) {
      const source = typeof index === 'number' ? sources[index] : undefined
      if (source === undefined) return path
      if (key === undefined) return source.path
      const found = source.keys.get(String(key))
      if (found === undefined) return [...source.path, key, ...(item === undefined ? [] : [item, ...rest])]
      if (item === undefined) return found.path
      return found.items?.[Number(item)] ?? [...found.path, item, ...rest]
    },
  }
}

interface ConvertedRule {
  readonly rule: unknown
  readonly keys: ReadonlyMap<string, Source>
}

/** Undefined for a rule of another service than the one for objects. */
function convertRule(rule: unknown, path: Path, notes: RuleNote[]): ConvertedRule | undefined {
  const keys = new Map<string, Source>()
  if (!isMapping(rule)) return { rule, keys }
  const dialect = dialectOf(rule)
  if (dialect === undefined) return { rule: withoutNulls(rule), keys }
  const written: Record<string, unknown> = Object.create(null)
  for (const { key, path: inner, value } of entriesOf(rule)) {
    const at = [...path, ...inner]
    if (/^service$/i.test(key) && value !== 'blob') {
      const message = `the rule is of Azure's service ${JSON.stringify(value)} and is left out`
      notes.push({ path: at, message, allowed: 'rules of the service "blob"' })
      return undefined
    }
    for (const target of dialect.keys[key] ?? []) {
      if (value === null && isOptional(target)) continue
      const read = readValue(dialect, target, value, at, notes)
      written[target] = read.value
      keys.set(target, read.source)
    }
  }
  return { rule: written, keys }
}

/** What Go, .NET and Java print of a rule has every optional member. */
function withoutNulls(rule: Readonly<Record<string, unknown>>): unknown {
  const kept = Object.entries(rule).filter(([key, value]) => value !== null || !isRuleKey(key) || !isOptional(key))
  return Object.assign(Object.create(null), Object.fromEntries(kept))
}

function isOptional(key: RuleKey): boolean {
  return key !== 'AllowedOrigins' && key !== 'AllowedMethods'
}

function readValue(
  dialect: RuleDialect,
  target: RuleKey,
  value: unknown,
  path: Path,
  notes: RuleNote[],
): { readonly value: unknown; readonly source: Source } {
  if (target === 'MaxAgeSeconds' && typeof value === 'string' && /^(?:0|[1-9]\d{0,14})$/.test(value)) {
    return { value: Number(value), source: { path } }
  }
  const list =
    dialect.joinsLists === true && typeof value === 'string' && target !== 'ID' && target !== 'MaxAgeSeconds'
      ? value.split(',').flatMap(text => (text.trim() === '' ? [] : [{ item: text.trim() as unknown, path }]))
      : Array.isArray(value)
        ? value.map((item: unknown, index) => ({ item, path: [...path, index] }))
        : undefined
  if (list === undefined) return { value, source: { path } }
  const kept = dialect.hasS3Values
    ? list
    : list.flatMap(({ item, path: at }) =>
        asS3(dialect, target, item, (message, allowed) => notes.push({ path: at, message, allowed })).map(one => ({
          item: one,
          path: at,
        })),
      )
  return { value: kept.map(({ item }) => item), source: { path, items: kept.map(({ path: at }) => at) } }
}

type Note = (message: string, allowed: string) => void

/** What S3 writes for one value of another storage: nothing, where it knows no such thing. */
function asS3(dialect: RuleDialect, target: RuleKey, item: unknown, note: Note): readonly unknown[] {
  if (typeof item !== 'string') return [item]
  switch (target) {
    case 'AllowedMethods':
      return methodsOf(item, note)
    case 'AllowedOrigins':
      return dialect.owner === 'Backblaze B2' ? originsOf(item, note) : [item]
    case 'AllowedHeaders':
      noteOwnField(item, note)
      return [item]
    case 'ExposeHeaders':
      if (!item.includes('*')) return [item]
      note(`${JSON.stringify(item)} is not exposed: S3's ExposeHeaders knows no *`, 'each field name that pages read')
      return []
    default:
      return [item]
  }
}

function methodsOf(item: string, note: Note): readonly string[] {
  const method = item.startsWith('s3_') ? item.slice(3).toUpperCase() : item
  if (isCorsMethod(method)) return [method]
  if (method === '*') {
    note(`"*" becomes ${corsMethods.join(', ')}: S3's rules name each method`, 'those that are meant')
    return corsMethods
  }
  if (method.startsWith('b2_')) {
    note(
      `${method} is left out: it is of B2's own API, which S3 has not`,
      's3_get, s3_head, s3_put, s3_post, s3_delete',
    )
    return []
  }
  if (!otherMethods.has(method)) return [item]
  note(`${method} is left out: no request to S3 needs it in a rule`, `one of ${corsMethods.join(', ')}`)
  return []
}

const otherMethods = new Set(['OPTIONS', 'PATCH', 'MERGE', 'CONNECT', 'TRACE'])

/** In B2, `https` is every https origin, and a pattern without a port means the default port alone. */
function originsOf(item: string, note: Note): readonly string[] {
  if (item === 'https' || item === 'http') return [`${item}://*`]
  if (/^https?:\/\/\*$/.test(item)) {
    note(
      `${JSON.stringify(item)} means every port in S3, and in B2 the default port alone`,
      'the origins that are meant',
    )
  }
  return [item]
}

function noteOwnField(item: string, note: Note): void {
  const prefix = /^x-(?:ms|goog|bz)-/i.exec(item)?.[0]
  if (prefix === undefined) return
  note(`${item} is a field of the other storage: clients of S3 do not send it`, "S3's own, such as x-amz-meta-*")
}
