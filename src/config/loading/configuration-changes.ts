import { isDeepStrictEqual } from 'node:util'
import type { CorsRule } from '../../cors/rules/rule.ts'
import type { BucketConfiguration, Configuration } from '../configuration.ts'
import { rulesTextOf } from './parser-process.ts'

/** A person reads no more than this; what is beyond it is counted. */
const maxLines = 20
/** Of a list, this many values are shown. */
const maxValues = 5
const maxValueLength = 100

/**
 * What distinguishes two configurations, one line each: `my-media: rule 1 AllowedOrigins + https://new.example`. Rules have the
 * numbers that they have in `after`, from 1. Bounded; the rules of buckets beyond the bound are compared, and not read.
 */
export function describeChanges(before: Configuration, after: Configuration): readonly string[] {
  const lines = settingChanges(before, after)
  const former = new Map(before.buckets.map(bucket => [bucket.name, bucket]))
  let unread = 0
  for (const bucket of after.buckets) {
    const old = former.get(bucket.name)
    former.delete(bucket.name)
    if (old !== undefined && isSameBucket(old, bucket)) continue
    if (lines.length > maxLines) unread++
    else lines.push(...bucketChanges(old, bucket).map(change => `${bucket.name}: ${change}`))
  }
  for (const name of former.keys()) lines.push(`${name}: removed`)
  const rest = Math.max(0, lines.length - maxLines) + unread
  return rest === 0 ? lines : [...lines.slice(0, maxLines), `and ${rest} more changes`]
}

/** What distinguishes two lists of rules. */
export function describeRuleChanges(before: readonly CorsRule[], after: readonly CorsRule[]): readonly string[] {
  const lines: string[] = []
  const pairs = pairRules(before, after)
  for (const { old, rule, index } of pairs) {
    if (old === undefined) lines.push(`rule ${index + 1} added: ${summaryOf(rule)}`)
    else lines.push(...clauseChanges(old, rule).map(change => `rule ${index + 1} ${change}`))
  }
  const kept = new Set(pairs.map(({ old }) => old))
  for (const [index, rule] of before.entries())
    if (!kept.has(rule)) lines.push(`the former rule ${index + 1} removed: ${summaryOf(rule)}`)
  return lines.length === 0 ? ['the rules in another order'] : lines
}

function isSameBucket(old: BucketConfiguration, bucket: BucketConfiguration): boolean {
  return (
    old.source === bucket.source &&
    old.enforcement === bucket.enforcement &&
    old.corsFile === bucket.corsFile &&
    rulesTextOf(old) === rulesTextOf(bucket)
  )
}

function bucketChanges(old: BucketConfiguration | undefined, bucket: BucketConfiguration): readonly string[] {
  const rules = bucket.rules
  if (old === undefined) {
    const count = isWritten(bucket) ? `, ${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}` : ''
    return [`added: rules from ${bucket.source}${count}, enforcement ${bucket.enforcement}`]
  }
  const lines: string[] = []
  if (old.source !== bucket.source) lines.push(`rules from ${old.source} -> ${bucket.source}`)
  else if (old.corsFile !== bucket.corsFile) lines.push(`CORSFile ${shown(old.corsFile)} -> ${shown(bucket.corsFile)}`)
  if (old.enforcement !== bucket.enforcement) lines.push(`enforcement ${old.enforcement} -> ${bucket.enforcement}`)
  if (rulesTextOf(old) === rulesTextOf(bucket)) return lines
  if (isWritten(old) && isWritten(bucket)) lines.push(...describeRuleChanges(old.rules, rules))
  return lines
}

function isWritten({ source }: BucketConfiguration): boolean {
  return source === 'yaml' || source === 'file'
}

interface RulePair {
  readonly old: CorsRule | undefined
  readonly rule: CorsRule
  readonly index: number
}

/**
 * The rules of `after` that are not as they were, each with the one that it was. What is the same at the beginning and at the end
 * stands still; between, a rule is the one with its ID, else the one at its place.
 */
function pairRules(before: readonly CorsRule[], after: readonly CorsRule[]): readonly RulePair[] {
  let start = 0
  while (start < before.length && start < after.length && isDeepStrictEqual(before[start], after[start])) start++
  let end = 0
  const shorter = Math.min(before.length, after.length) - start
  while (end < shorter && isDeepStrictEqual(before.at(-1 - end), after.at(-1 - end))) end++
  const still = [...before.slice(0, start), ...before.slice(before.length - end)]
  const left = new Set(before.slice(start, before.length - end))
  const byId = new Map([...left].map(rule => [rule.id, rule]))
  const changed = after.slice(start, after.length - end)
  const named = changed.map(rule => {
    const old = rule.id === undefined ? undefined : byId.get(rule.id)
    return old !== undefined && left.delete(old) ? old : undefined
  })
  const others = [...left].filter(({ id }) => id === undefined || !changed.some(rule => rule.id === id))
  const pairs = changed.map((rule, at) => ({ old: named[at] ?? others.shift(), rule, index: start + at }))
  const unchanged = still.map((rule, at) => ({
    old: rule,
    rule,
    index: at < start ? at : after.length - still.length + at,
  }))
  return [...unchanged, ...pairs]
}

const clauses = [
  ['AllowedOrigins', 'allowedOrigins'],
  ['AllowedMethods', 'allowedMethods'],
  ['AllowedHeaders', 'allowedHeaders'],
  ['ExposeHeaders', 'exposeHeaders'],
] as const

function clauseChanges(old: CorsRule, rule: CorsRule): readonly string[] {
  const lines: string[] = []
  if (old.id !== rule.id) lines.push(`ID ${shown(old.id)} -> ${shown(rule.id)}`)
  for (const [key, name] of clauses) {
    const change = listChange(old[name], rule[name])
    if (change !== undefined) lines.push(`${key} ${change}`)
  }
  if (old.maxAgeSeconds !== rule.maxAgeSeconds)
    lines.push(`MaxAgeSeconds ${shown(old.maxAgeSeconds)} -> ${shown(rule.maxAgeSeconds)}`)
  return lines
}

/** `+ added, - removed`; undefined when both are the same. */
function listChange(old: readonly unknown[], list: readonly unknown[]): string | undefined {
  const [olds, news] = [new Set(old), new Set(list)]
  const changes = [
    ...[...news].filter(value => !olds.has(value)).map(value => `+ ${shown(value)}`),
    ...[...olds].filter(value => !news.has(value)).map(value => `- ${shown(value)}`),
  ]
  if (changes.length > 0) return firstOf(changes)
  return isDeepStrictEqual(old, list) ? undefined : 'in another order'
}

function summaryOf(rule: CorsRule): string {
  return `AllowedOrigins ${firstOf(rule.allowedOrigins.map(shown))}; AllowedMethods ${rule.allowedMethods.join(', ')}`
}

function firstOf(values: readonly string[]): string {
  const rest = values.length - maxValues
  return values.slice(0, maxValues).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}

/** Everything but the buckets: `limits.connections 100 -> 200`. */
function settingChanges(before: Configuration, after: Configuration): string[] {
  const [old, now] = [new Map(leaves(before)), new Map(leaves(after))]
  const lines: string[] = []
  for (const path of new Set([...old.keys(), ...now.keys()])) {
    const [was, is] = [old.get(path), now.get(path)]
    if (isDeepStrictEqual(was, is)) continue
    const change = Array.isArray(was) && Array.isArray(is) ? listChange(was, is) : `${shown(was)} -> ${shown(is)}`
    lines.push(`${path} ${change}`)
  }
  return lines
}

function* leaves(value: object, path = ''): Generator<readonly [string, unknown]> {
  for (const [key, member] of Object.entries(value)) {
    if (path === '' && key === 'buckets') continue
    const here = path === '' ? key : `${path}.${key}`
    if (typeof member !== 'object' || member === null || Array.isArray(member)) yield [here, member]
    else if ('authority' in member && 'protocol' in member) yield [here, `${member.protocol}//${member.authority}`]
    else yield* leaves(member, here)
  }
}

function shown(value: unknown): string {
  if (value === undefined) return 'none'
  const text = Array.isArray(value) ? `[${firstOf(value.map(shown))}]` : String(value)
  return text.length > maxValueLength ? `${text.slice(0, maxValueLength)}…` : text
}
