import { ownCopy } from '../../text/own-copy.ts'
import { lintRules } from '../lint/lint.ts'
import { type CorsMethod, type CorsRule, corsMethods, type RuleIssue } from '../rules/rule.ts'
import { describeKind, invalid, malformed, type RulePath } from '../rules/rule-fault.ts'
import { isRuleKey, nearestRuleKey, type RuleKey, ruleKeys } from '../rules/rule-key.ts'
import {
  checkAllowedHeader,
  checkExposeHeader,
  checkId,
  checkMaxAge,
  checkMethod,
  checkOrigin,
} from '../rules/rule-value.ts'

/** Rules that S3 accepts, with the warnings about them; or every fault and warning, in document order. */
export type ParsedRules =
  | { readonly rules: readonly CorsRule[]; readonly issues: readonly RuleIssue[] }
  | { readonly rules: undefined; readonly issues: readonly RuleIssue[] }

/** The most rules that S3 takes for one bucket. */
export const maxRules = 100

type RuleLists = 'AllowedOrigins' | 'AllowedMethods' | 'AllowedHeaders' | 'ExposeHeaders'

/**
 * The one door in for rules, whether they come from YAML, from the AWS CLI's JSON or from S3's XML: takes the value of
 * `CORSRules` and gives rules, or says everything that is wrong with it. The first fault is the one S3 would answer with. The
 * strings of the rules are copies: they keep nothing of the text that they were read from.
 */
export function parseRules(input: unknown): ParsedRules {
  if (!Array.isArray(input)) return refuse([notAList(input)])
  if (input.length === 0) return refuse([malformed('no-rules', [], input, 'there are no rules', 'one rule or more')])
  const faults: RuleIssue[] = []
  if (input.length > maxRules) faults.push(tooManyRules(input))
  const rules: CorsRule[] = []
  const sound: (CorsRule | undefined)[] = []
  // What stands after as many as there may be is no rule, whatever is wrong with it.
  const read = input.slice(0, maxRules)
  for (const [index, value] of read.entries()) {
    const before = faults.length
    const rule = readRule(value, index, faults)
    rules.push(rule)
    sound.push(faults.length > before ? undefined : rule)
  }
  const issues = Object.freeze(inDocumentOrder([...faults, ...lintRules(sound)], read))
  return faults.length > 0 ? { rules: undefined, issues } : { rules: Object.freeze(rules), issues }
}

function refuse(issues: readonly RuleIssue[]): ParsedRules {
  return { rules: undefined, issues }
}

/**
 * Reads one rule. What S3 refuses of it is left out and told in `faults`: to parseRules a faulty rule is of no use, stored rules
 * are read with what is left, see stored-rules.ts.
 */
export function readRule(input: unknown, index: number, faults: RuleIssue[]): CorsRule {
  const lists: Record<RuleLists, readonly string[]> = {
    AllowedOrigins: [],
    AllowedMethods: [],
    AllowedHeaders: [],
    ExposeHeaders: [],
  }
  let id: string | undefined
  let maxAgeSeconds: number | undefined
  if (!isMapping(input)) {
    const what = `a rule is ${describeKind(input)}`
    faults.push(malformed('not-a-rule', [index], input, what, `a mapping with the keys ${ruleKeys.join(', ')}`))
  } else {
    faults.push(...missingKeys(input, index))
    for (const [key, value] of Object.entries(input)) {
      const path = [index, key]
      if (!isRuleKey(key)) faults.push(unknownKey(key, value, path))
      else if (key === 'ID') id = readId(value, path, faults)
      else if (key === 'MaxAgeSeconds') maxAgeSeconds = readMaxAge(value, path, faults)
      else lists[key] = readList(key, value, path, faults)
    }
  }
  return Object.freeze({
    ...(id === undefined ? {} : { id }),
    allowedOrigins: lists.AllowedOrigins,
    // Each was checked to be one: a rule with a fault goes no further.
    allowedMethods: lists.AllowedMethods as readonly CorsMethod[],
    allowedHeaders: lists.AllowedHeaders,
    exposeHeaders: lists.ExposeHeaders,
    ...(maxAgeSeconds === undefined ? {} : { maxAgeSeconds }),
  })
}

const listChecks: Readonly<Record<RuleLists, (value: string, path: RulePath) => RuleIssue | undefined>> = {
  AllowedOrigins: checkOrigin,
  AllowedMethods: checkMethod,
  AllowedHeaders: checkAllowedHeader,
  ExposeHeaders: checkExposeHeader,
}

const listExamples: Readonly<Record<RuleLists, string>> = {
  AllowedOrigins: 'a list of origins, such as [https://app.example.com]',
  AllowedMethods: `a list of methods out of ${corsMethods.join(', ')}`,
  AllowedHeaders: 'a list of field names, such as [Authorization, x-amz-*]',
  ExposeHeaders: 'a list of field names, such as [ETag]',
}

/** Of a key without a value, which may as well be absent. */
const orNoKey = ', or leave the key out'

function readList(key: RuleLists, value: unknown, path: RulePath, faults: RuleIssue[]): readonly string[] {
  if (!Array.isArray(value)) {
    const allowed = `${listExamples[key]}${value === null && !isRequired(key) ? orNoKey : ''}`
    faults.push(malformed('wrong-type', path, value, `${key} is ${describeKind(value)}`, allowed))
    return []
  }
  if (value.length === 0 && isRequired(key)) {
    faults.push(malformed('empty-list', path, value, `${key} is empty`, listExamples[key]))
  }
  const items: string[] = []
  for (const [position, item] of value.entries()) {
    const fault =
      typeof item === 'string' ? listChecks[key](item, [...path, position]) : notText(key, item, [...path, position])
    if (fault === undefined) items.push(ownCopy(item))
    else faults.push(fault)
  }
  return Object.freeze(items)
}

function readId(value: unknown, path: RulePath, faults: RuleIssue[]): string | undefined {
  if (typeof value !== 'string') {
    const allowed = `a string; put it in quotes${value === null ? orNoKey : ''}`
    faults.push(malformed('wrong-type', path, value, `ID is ${describeKind(value)}`, allowed))
    return undefined
  }
  const fault = checkId(value, path)
  if (fault !== undefined) faults.push(fault)
  return ownCopy(value)
}

function readMaxAge(value: unknown, path: RulePath, faults: RuleIssue[]): number | undefined {
  const fault = checkMaxAge(value, path)
  if (fault !== undefined) faults.push(fault)
  return typeof value === 'number' ? value : undefined
}

function missingKeys(input: object, index: number): RuleIssue[] {
  // A misspelt key is one mistake, and is reported as that.
  const meant = new Set(Object.keys(input).map(key => (isRuleKey(key) ? key : nearestRuleKey(key))))
  return (['AllowedOrigins', 'AllowedMethods'] as const)
    .filter(key => !meant.has(key))
    .map(key => malformed('missing-key', [index], input, `${key} is missing`, listExamples[key]))
}

function unknownKey(key: string, value: unknown, path: RulePath): RuleIssue {
  const nearest =
    key === 'allowed' ? 'AllowedOrigins, AllowedMethods and AllowedHeaders in the rule itself' : nearestRuleKey(key)
  const allowed = nearest ?? `one of ${ruleKeys.join(', ')}`
  return malformed('unknown-key', path, value, `unknown key "${key}"`, allowed)
}

function notAList(input: unknown): RuleIssue {
  return malformed('not-a-list', [], input, `CORSRules is ${describeKind(input)}`, 'a list of rules')
}

function notText(key: RuleLists, item: unknown, path: RulePath): RuleIssue {
  return malformed('wrong-type', path, item, `${key} holds ${describeKind(item)}`, 'strings only; put it in quotes')
}

function tooManyRules(input: readonly unknown[]): RuleIssue {
  return invalid(
    'too-many-rules',
    [],
    input.length,
    `The number of CORS rules should not exceed allowed limit of ${maxRules} rules.`,
    `at most ${maxRules} rules; this bucket has ${input.length}`,
  )
}

function isRequired(key: RuleKey): boolean {
  return key === 'AllowedOrigins' || key === 'AllowedMethods'
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** By rule, then by the place of the key in it, then by the place in the list: what is about the whole comes first. */
function inDocumentOrder(issues: readonly RuleIssue[], input: readonly unknown[]): RuleIssue[] {
  const keysOf = input.map(rule => new Map(isMapping(rule) ? Object.keys(rule).map((key, place) => [key, place]) : []))
  return issues
    .map(issue => ({ issue, place: placeOf(issue.path, keysOf) }))
    .sort((a, b) => compare(a.place, b.place))
    .map(({ issue }) => issue)
}

function placeOf(
  [index, key, position]: RulePath,
  keysOf: readonly ReadonlyMap<string, number>[],
): readonly [number, number, number] {
  const keys = typeof index === 'number' ? keysOf[index] : undefined
  const keyPlace = typeof key === 'string' ? (keys?.get(key) ?? -1) : -1
  return [typeof index === 'number' ? index : -1, keyPlace, typeof position === 'number' ? position : -1]
}

function compare(a: readonly [number, number, number], b: readonly [number, number, number]): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2]
}
