import type { CorsRequest } from '../decision/cors-request.ts'
import type { Policy } from '../decision/policy.ts'
import { browserOrigin, takeApart } from '../lint/browser-origin.ts'
import { isNeverSent } from '../lint/origin-lint.ts'
import { matchesNothing } from '../parsing/stored-rules.ts'
import { fromFieldValue } from '../patterns/field-value.ts'
import { matches, parsePattern } from '../patterns/pattern.ts'
import type { CorsRule, RulesPlace } from '../rules/rule.ts'
import { checkAllowedHeader, checkOrigin } from '../rules/rule-value.ts'
import { findRisks, type Risk } from './change-risk.ts'
import { escapeText, quote, quoteShort } from './quoted-scalar.ts'
import { clausesPassed, firstFailed, type MissingValues, missingOfRules, unlistableMethod } from './rule-verdict.ts'

/** Values for one rule's lists, by S3's names. Only lists that get one are there. */
export interface Additions {
  readonly AllowedOrigins?: readonly string[] | undefined
  readonly AllowedMethods?: readonly string[] | undefined
  readonly AllowedHeaders?: readonly string[] | undefined
}

/** The smallest change of the rules that allows a request. */
export interface Change {
  /**
   * `add`: values to an existing rule. `new-rule`: the first rule, or a further one where no rule is near. `new-entry`: an entry under `buckets`. `host`: a name of the proxy,
   * outside the rules.
   */
  readonly kind: 'add' | 'new-rule' | 'new-entry' | 'host'
  /** The index of the rule that gets the values; only with `add`. */
  readonly rule?: number | undefined
  /** Where to make it, one clause, with file and line where they are known. */
  readonly where: string
  /** What becomes of the lines there, and of what stands there already, one clause: they are an excerpt. */
  readonly how: string
  readonly additions: Additions
  /** The lines to add, every scalar double-quoted and in ASCII. */
  readonly yaml: string
  readonly risks: readonly Risk[]
}

/** A change, or why there is none. */
export type ChangeOrNone =
  | { readonly change: Change }
  | {
      readonly change: undefined
      readonly why: string
      /** The index of the rule that would have been changed. */
      readonly nearest?: number | undefined
    }

/** Where a bucket's rules are written, so that the change names the right place. */
export interface RulePlace {
  /** Which entry of `buckets` the bucket has: its own, `"*"`, or none. */
  readonly entry?: 'named' | 'default' | 'absent' | undefined
  readonly source?: 'yaml' | 'file' | 'upstream' | 'managed' | 'none' | undefined
  /** Of rules that stand in a file. */
  readonly place?: RulesPlace | undefined
}

/** Browsers' origins stay below: a host name has 253 characters at most, https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4. */
const longestOrigin = 1024
const longestBucket = 255

/**
 * Finds the smallest change of `policy` that allows `request`, which it denies. `missingOfEach` is what each of its rules lacks,
 * as missingOfRules says it.
 */
export function findSmallestChange(
  policy: Policy | undefined,
  request: CorsRequest,
  bucket: string,
  place: RulePlace,
  missingOfEach: readonly MissingValues[] = policy === undefined ? [] : missingOfRules(policy, request),
): ChangeOrNone {
  const found = chooseRule(policy, missingOfEach, request.origin)
  const none = (why: string): ChangeOrNone => ({ change: undefined, why, nearest: found?.rule.index })
  if (bucket.length > longestBucket) return none('this is longer than any bucket name')
  const unlistable = unlistableMethod(request.method)
  if (unlistable !== undefined) return none(unlistable)
  const missing = found?.missing ?? { origin: true, method: true, headers: [...new Set(request.headerNames)] }
  const origin = missing.origin ? writableOrigin(request.origin) : undefined
  if (missing.origin && origin === undefined) {
    return none('no rule can list this origin, and no browser sends it: only a rule with * would match')
  }
  if (origin !== undefined && !origin.includes('*') && isNeverSent(origin)) {
    const sent = browserOrigin(origin)
    const isSent = sent !== undefined && sent !== 'null' && !isNeverSent(sent)
    const instead = isSent ? `: it sends ${quote(sent)}` : ''
    return none(`no browser sends the origin ${quoteShort(origin)}${instead}`)
  }
  const unwritable = missing.headers.find(name => checkAllowedHeader(name, []) !== undefined)
  if (unwritable !== undefined) {
    return none(`no rule can list the field name ${quoteShort(unwritable)}, and no browser sends it`)
  }
  const additions: Additions = {
    ...(origin === undefined ? {} : { AllowedOrigins: [origin] }),
    ...(missing.method ? { AllowedMethods: [request.method] } : {}),
    ...(missing.headers.length === 0 ? {} : { AllowedHeaders: withoutCovered(missing.headers) }),
  }
  return { change: makeChange(found?.rule, additions, bucket, { ...place, hasRules: missingOfEach.length > 0 }) }
}

interface Candidate {
  readonly rule: PlacedRule
  readonly missing: MissingValues
}

/** A rule and its place in the bucket's configuration. */
interface PlacedRule extends CorsRule {
  readonly index: number
  readonly anyOrigin: boolean
}

/**
 * Fewest values; then not one that opens more to every origin; then the rule that got furthest; then the one with an origin of the
 * same domain; then the first. Not one for origins of other schemes.
 */
function chooseRule(
  policy: Policy | undefined,
  missingOfEach: readonly MissingValues[],
  origin: string,
): Candidate | undefined {
  let best: Candidate | undefined
  let leastCost = Number.POSITIVE_INFINITY
  for (const [index, missing] of missingOfEach.entries()) {
    const rule = policy?.configuration[index] as CorsRule
    // A stored rule that matches nothing: what is wrong with it has to be put right first.
    if (matchesNothing(rule)) continue
    const likeness = missing.origin ? likenessOf(rule.allowedOrigins, origin) : 0
    if (likeness === undefined) continue
    const anyOrigin = rule.allowedOrigins.includes('*')
    const values = Number(missing.origin) + Number(missing.method) + missing.headers.length
    // Of two digits below: for every origin, and how far the rule got.
    const cost = values * 100 + Number(anyOrigin) * 10 - clausesPassed(firstFailed(missing)) - likeness / 10
    if (cost >= leastCost) continue
    best = { rule: { ...rule, index, anyOrigin }, missing }
    leastCost = cost
  }
  return best
}

/** How many labels of its domain `origin` has in common with one of `listed`, at most 9; undefined where all have another scheme. */
function likenessOf(listed: readonly string[], origin: string): number | undefined {
  const { scheme, host } = takeApart(origin)
  const labels = host.split('.').reverse()
  let most: number | undefined
  for (const value of listed) {
    const other = takeApart(value)
    // Without a scheme, one of any is meant or matched.
    if (scheme !== undefined && other.scheme !== undefined && other.scheme !== scheme && !other.scheme.includes('*'))
      continue
    const others = other.host.split('.').reverse()
    let same = 0
    while (same < 9 && same < labels.length && labels[same] === others[same]) same++
    // A top-level domain alone is no likeness.
    most = Math.max(most ?? 0, same > 1 ? same : 0)
  }
  return most
}

/** Drops what another name covers once it is in a rule, where a `*` in it is a wildcard. */
function withoutCovered(names: readonly string[]): readonly string[] {
  const wildcards = names.filter(name => name.includes('*')).map(name => ({ name, wildcard: parsePattern(name) }))
  return names.filter(name => !wildcards.some(other => other.name !== name && matches(other.wildcard, name)))
}

/** The origin as text that a rule can hold, or undefined. */
function writableOrigin(origin: string): string | undefined {
  if (origin.length > longestOrigin) return undefined
  const text = fromFieldValue(origin)
  return text === undefined || checkOrigin(text, []) !== undefined ? undefined : text
}

function makeChange(
  rule: PlacedRule | undefined,
  additions: Additions,
  bucket: string,
  place: RulePlace & { readonly hasRules: boolean },
): Change {
  const isShared = place.entry === 'default' && place.source !== 'upstream' && place.source !== 'managed'
  const owner = isShared ? 'of the entry "*", under which the bucket is' : `of bucket ${quote(bucket)}`
  const risks = findRisks(rule?.anyOrigin === true, additions.AllowedOrigins, additions.AllowedHeaders)
  const lists = Object.entries(additions).flatMap(([key, values]) => [`${key}:`, ...values.map(listItem)])
  if (rule !== undefined) {
    const { id } = rule
    const name = id === undefined ? `rule ${rule.index + 1}` : `rule ${rule.index + 1} (ID ${quoteShort(id)})`
    const at = lineNote(place.place, place.place?.ruleLines?.[rule.index], true)
    const where = `in ${name} ${owner}${sourceNote(place.source)}${at}`
    const how = `add to ${listNames(additions)}, and keep everything else in the rule`
    return { kind: 'add', rule: rule.index, where, how, additions, yaml: lists.join('\n'), risks }
  }
  const ruleLines = lists.map((line, position) => (position === 0 ? `- ${line}` : `  ${line}`))
  const rules = ['CORSRules:', ...ruleLines.map(indent)]
  if (place.hasRules || (place.source !== undefined && place.source !== 'none' && place.entry !== 'absent')) {
    const at = lineNote(place.place, place.place?.rulesFile === undefined ? place.place?.line : undefined, true)
    const where = `as ${place.hasRules ? 'a further' : 'the first'} rule ${owner}${sourceNote(place.source)}${at}`
    const how = place.hasRules ? 'add to CORSRules, and keep the rules that are there' : 'it is the only rule'
    return { kind: 'new-rule', where, how, additions, yaml: rules.join('\n'), risks }
  }
  const yaml = [`${quote(bucket)}:`, ...rules.map(indent)].join('\n')
  const at = place.entry === 'named' ? lineNote(place.place, place.place?.line, false) : ''
  const where = place.entry === 'named' ? `under buckets, in place of the entry of this name${at}` : 'under buckets'
  const how = `${place.entry === 'named' ? 'replace that entry' : 'add the entry'}, and keep the others`
  return { kind: 'new-entry', where, how, additions, yaml, risks }
}

function listItem(value: string): string {
  return `  - ${quote(value)}`
}

/** `AllowedOrigins, AllowedMethods and AllowedHeaders`. */
function listNames(additions: Additions): string {
  return Object.keys(additions)
    .join(', ')
    .replace(/, (?=\w+$)/, ' and ')
}

function indent(line: string): string {
  return `  ${line}`
}

/** ` (proxy.yaml:12)`. */
function lineNote(place: RulesPlace | undefined, line: number | undefined, isOfRules: boolean): string {
  if (place === undefined) return ''
  const file = (isOfRules ? place.rulesFile : undefined) ?? place.file
  return ` (${escapeText(file)}${line === undefined ? '' : `:${line}`})`
}

function sourceNote(source: RulePlace['source']): string {
  switch (source) {
    case 'file':
      return ', in its CORSFile'
    case 'upstream':
      return ', at the endpoint, with PutBucketCors, which takes all rules at once'
    case 'managed':
      return ', with PutBucketCors through this proxy, which takes all rules at once'
    default:
      return ''
  }
}
