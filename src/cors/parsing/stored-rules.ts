// Rules as an endpoint keeps them: it may have taken what S3 refuses.

import { ownCopy } from '../../text/own-copy.ts'
import { shortened } from '../../text/shortened.ts'
import type { CorsRule, RuleIssue } from '../rules/rule.ts'
import { maxRules, readRule } from './parse-rules.ts'

/** One thing in stored rules that S3 would have refused, and what follows from it. */
export interface StoredRuleFault {
  /** The rule's place among the stored ones, from 0; undefined for what stands beside the rules. */
  readonly index: number | undefined
  readonly id: string | undefined
  /** `value-ignored`: the rest of the rule holds. `rule-ignored`: the rule matches nothing, the other rules hold. */
  readonly effect: 'value-ignored' | 'rule-ignored'
  /** For a person. It may hold part of what the rule held: escape it where it is shown. */
  readonly message: string
}

/** A fault of the document's form that concerns one rule, or none. */
export type StoredFormFault = Omit<StoredRuleFault, 'id'>

/** Every stored rule at its own place, one that matches nothing with empty lists; and what is wrong with them. */
export interface StoredRules {
  readonly rules: readonly CorsRule[]
  readonly faults: readonly StoredRuleFault[]
}

/** More are not listed one by one: a document of 256 KiB can hold ten thousand. */
export const maxStoredFaults = 100

/** S3's sentences quote the value, which may be as long as the document. */
const maxMessageLength = 300

/**
 * Takes of stored rules what S3 would have taken. Two things can become of the rest:
 *
 * - A value that no browser sends, byte for byte, is ignored: without it, S3's rules decide the same. So is what decides nothing
 *   (ID, MaxAgeSeconds) and an exposed name that is no name: fewer are exposed.
 * - Where it is doubtful what a rule matches, the rule matches nothing. A value with a `*` that S3 refuses is: an endpoint may
 *   take it for more than it says. In AllowedOrigins even for the `*` that takes away the credentials of its neighbours, so
 *   that a rule without it would give more than the whole rule.
 */
export function readStoredRules(input: readonly unknown[], formFaults: readonly StoredFormFault[] = []): StoredRules {
  const found: StoredRuleFault[] = []
  const rules: CorsRule[] = []
  for (const [index, value] of input.slice(0, maxRules).entries()) {
    const issues: RuleIssue[] = []
    const rule = readRule(value, index, issues)
    const id = issues.some(({ path }) => path[1] === 'ID') ? undefined : rule.id
    const own = [
      ...formFaults.filter(fault => fault.index === index),
      ...issues.filter(issue => issue.reason !== 'missing-key').map(issue => faultOf(issue, index)),
      ...doubtfulOrigins(rule, index),
    ]
    if (own.every(({ effect }) => effect === 'value-ignored')) own.push(...nothingLeft(rule, index))
    found.push(...own.map(({ effect, message }) => ({ index, id, effect, message: keptMessage(message) })))
    rules.push(own.some(({ effect }) => effect === 'rule-ignored') ? withoutMatch(id) : withId(rule, id))
  }
  for (const { index, effect, message } of formFaults)
    if (index === undefined) found.push({ index, id: undefined, effect, message })
  if (input.length > maxRules) {
    const message = `there are ${input.length} rules; S3 takes ${maxRules}, and those after the ${maxRules}th match nothing`
    found.push({ index: undefined, id: undefined, effect: 'rule-ignored', message })
  }
  return { rules: Object.freeze(rules), faults: bounded(found) }
}

/** Whether the rule is one that {@link readStoredRules} emptied. */
export function matchesNothing({ allowedOrigins }: CorsRule): boolean {
  return allowedOrigins.length === 0
}

/** One line: which stored rule, what is wrong, what follows. */
export function describeStoredFault({ index, id, effect, message }: StoredRuleFault): string {
  const name = id === undefined ? '' : ` (ID ${JSON.stringify(id)})`
  const place = index === undefined ? 'the stored rules' : `stored rule ${index + 1}${name}`
  if (index === undefined) return `${place}: ${message}`
  const sentence = message.endsWith('.') ? message.slice(0, -1) : message
  return `${place}: ${sentence}; ${effect === 'rule-ignored' ? 'the rule matches nothing' : 'ignored, the rest of the rule holds'}`
}

function faultOf(issue: RuleIssue, index: number): StoredFormFault {
  const key = issue.path[1]
  const decides = key !== 'ID' && key !== 'MaxAgeSeconds' && key !== 'ExposeHeaders'
  const isDoubtful = decides && (typeof issue.value !== 'string' || hasWildcard(issue.value))
  return { index, effect: isDoubtful ? 'rule-ignored' : 'value-ignored', message: issue.message }
}

/** S3 takes ` * ` for a pattern that no origin matches. An endpoint that trims takes it for `*`. */
function doubtfulOrigins({ allowedOrigins }: CorsRule, index: number): readonly StoredFormFault[] {
  return allowedOrigins
    .filter(origin => origin !== '*' && origin.trim() === '*')
    .map(origin => ({
      index,
      effect: 'rule-ignored',
      message: `AllowedOrigin ${JSON.stringify(origin)} has spaces around its wildcard`,
    }))
}

function nothingLeft({ allowedOrigins, allowedMethods }: CorsRule, index: number): readonly StoredFormFault[] {
  const empty = [
    ...(allowedOrigins.length === 0 ? ['AllowedOrigin'] : []),
    ...(allowedMethods.length === 0 ? ['AllowedMethod'] : []),
  ]
  if (empty.length === 0) return []
  return [{ index, effect: 'rule-ignored', message: `it has no ${empty.join(' and no ')} that a browser can send` }]
}

/** Some endpoint may fold a full-width asterisk into the plain one. */
function hasWildcard(value: string): boolean {
  return value.normalize('NFKC').includes('*')
}

function withId(rule: CorsRule, id: string | undefined): CorsRule {
  if (rule.id === id) return rule
  const { id: _, ...rest } = rule
  return Object.freeze(rest)
}

const noValues: readonly never[] = Object.freeze([])

/** It keeps its place, so that rules are numbered as they are stored. */
function withoutMatch(id: string | undefined): CorsRule {
  const lists = {
    allowedOrigins: noValues,
    allowedMethods: noValues,
    allowedHeaders: noValues,
    exposeHeaders: noValues,
  }
  return Object.freeze(id === undefined ? lists : { id, ...lists })
}

function keptMessage(message: string): string {
  return ownCopy(shortened(message, maxMessageLength))
}

function bounded(faults: readonly StoredRuleFault[]): readonly StoredRuleFault[] {
  if (faults.length <= maxStoredFaults) return Object.freeze(faults)
  const kept = faults.slice(0, maxStoredFaults - 1)
  const message = `${faults.length - kept.length} more faults are not listed`
  return Object.freeze([...kept, { index: undefined, id: undefined, effect: 'value-ignored', message } as const])
}
