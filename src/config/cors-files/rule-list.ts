import { parseRules } from '../../cors/parsing/parse-rules.ts'
import { isRuleKey, nearestRuleKey } from '../../cors/rules/rule-key.ts'
import { nearest } from '../../text/nearest-word.ts'
import type { Path } from '../issue.ts'
import { isMapping } from '../raw-value.ts'
import { isMarked, isOfDialect } from './rule-dialect.ts'

/** What is wrong with a document, at a part of it. */
export interface ListFault {
  readonly path: Path
  readonly at: 'key' | 'value'
  readonly reason: string
  readonly message: string
  readonly allowed: string
}

/** Where a document keeps its rules, or everything that hides them. */
export type FoundList =
  | {
      readonly path: Path
      /** A rule stands there, and not a list of rules. */
      readonly isSingle: boolean
      readonly bucket?: string | undefined
      readonly faults?: undefined
    }
  | { readonly faults: readonly ListFault[] }

/** What SDKs and services add to an answer; it says nothing of the rules. */
const metadata = new Set([
  '$metadata',
  'ResponseMetadata',
  'ResultMetadata',
  'HttpStatusCode',
  'ContentLength',
  'success',
  'errors',
  'messages',
])

/** Where tools keep the rules of a bucket among all else that they know of it. */
const templateKeys = new Set(['cors_rule', 'corsRule', 'CorsRules', 'cors', 'cors_config'])

/** Deeper than any template keeps a bucket. */
const maxDepth = 16

/** Finds the one list of rules in what was read of a file. */
export function findRuleList(root: unknown): FoundList {
  if (Array.isArray(root)) {
    // Or a list of what holds the rules, such as the tasks of a playbook.
    const hits = root.some(item => isMapping(item) && isRule(item)) ? [] : search(root, [], 0)
    return hits.length === 0 ? { path: [], isSingle: false } : foundIn(hits)
  }
  if (!isMapping(root)) {
    const [message, allowed] = ['the file holds no rules', '{"CORSRules": […]}, […] or <CORSConfiguration>']
    return { faults: [{ path: [], at: 'value', reason: 'not-a-cors-file', message, allowed }] }
  }
  if (Object.hasOwn(root, 'CORSRules')) {
    const faults = strangers(root, [], 'CORSRules')
    return faults.length > 0 ? { faults } : { path: ['CORSRules'], isSingle: false }
  }
  if (isRule(root)) return { path: [], isSingle: true }
  const hits = Object.hasOwn(root, 'buckets') ? [] : search(root, [], 0)
  if (hits.length === 0) return { faults: unknown(root) }
  const found = foundIn(hits)
  const bucket = typeof root.Bucket === 'string' && root.Bucket !== '' ? root.Bucket : undefined
  return found.faults !== undefined || bucket === undefined ? found : { ...found, bucket }
}

/** The one list among those that were found, or that there are several. */
function foundIn(hits: readonly Hit[]): FoundList {
  const [hit] = hits
  if (hits.length > 1 || hit === undefined) {
    return {
      faults: hits.map(({ path }) => ({
        path,
        at: 'key',
        reason: 'several-buckets',
        message: `the file has ${hits.length} lists of rules`,
        allowed: 'the rules of one bucket in a file',
      })),
    }
  }
  return hit.faults.length > 0 ? { faults: hit.faults } : { path: hit.path, isSingle: hit.isSingle }
}

/** A rule by itself, by S3's names or another's, well written or not. */
function isRule(root: Readonly<Record<string, unknown>>): boolean {
  return isOfDialect(root) || Object.keys(root).some(key => isRuleKey(key) || /^allowed/i.test(key))
}

interface Hit {
  readonly path: Path
  readonly isSingle: boolean
  readonly faults: readonly ListFault[]
}

function search(node: unknown, path: Path, depth: number): readonly Hit[] {
  if (depth > maxDepth) return []
  if (Array.isArray(node)) return node.flatMap((item, index) => search(item, [...path, index], depth + 1))
  if (!isMapping(node)) return []
  return Object.entries(node).flatMap(([key, value]): readonly Hit[] => {
    const at = [...path, key]
    const found = listUnder(key, value)
    if (found === undefined) return search(value, at, depth + 1)
    // Of a template, what stands beside the rules belongs to the bucket.
    const isTemplate = templateKeys.has(key) || depth > 1
    return [{ path: at, isSingle: found === 'rule', faults: isTemplate ? [] : strangers(node, path, key) }]
  })
}

function listUnder(key: string, value: unknown): 'list' | 'rule' | undefined {
  switch (key) {
    case 'CORSRules':
    case 'CorsRules':
      return 'list'
    case 'cors_rule':
    case 'cors_rules':
    case 'corsRule':
      return Array.isArray(value) ? 'list' : 'rule'
    case 'rules':
    case 'Rules':
    case 'corsRules':
    case 'cors':
    case 'cors_config':
      return Array.isArray(value) && value.length > 0 && value.every(isOfDialect) ? 'list' : undefined
    default:
      return undefined
  }
}

/** What stands beside `known` and is no metadata. */
function strangers(node: Readonly<Record<string, unknown>>, path: Path, known: string): readonly ListFault[] {
  return Object.keys(node)
    .filter(key => key !== known && !metadata.has(key))
    .map(key => unknownKey([...path, key], key, known))
}

/** Says of every key of a document without known rules that it is not known, and what S3 calls what stands in its rules. */
function unknown(root: Readonly<Record<string, unknown>>): readonly ListFault[] {
  const keys = Object.keys(root)
  if (keys.length === 0) {
    const fault = { reason: 'missing-key', message: '"CORSRules" is missing', allowed: '{"CORSRules": […]}' }
    return [{ path: [], at: 'value', ...fault }]
  }
  return keys.flatMap(key => {
    if (key === 'buckets') {
      const allowed =
        'the rules of one bucket: in a configuration of this proxy, what stands under buckets.NAME.CORSRules'
      return [{ ...unknownKey([key], key, 'CORSRules'), allowed }]
    }
    const value = root[key]
    const isRules = Array.isArray(value) && value.some(item => isMarked(item) || isMisspelt(item))
    return [unknownKey([key], key, 'CORSRules'), ...(isRules ? faultsInside(value, [key]) : [])]
  })
}

/** Has most of its keys from S3, but for the spelling. */
function isMisspelt(item: unknown): boolean {
  if (!isMapping(item)) return false
  const keys = Object.keys(item)
  return keys.length > 1 && keys.filter(key => nearestRuleKey(key) !== undefined).length > keys.length / 2
}

function faultsInside(rules: readonly unknown[], path: Path): readonly ListFault[] {
  return parseRules(rules)
    .issues.filter(({ severity, reason }) => severity === 'fault' && reason !== 'missing-key')
    .map(({ path: at, reason, message, allowed }) => ({
      path: [...path, ...at],
      at: reason === 'unknown-key' ? 'key' : 'value',
      reason,
      message,
      allowed,
    }))
}

function unknownKey(path: Path, key: string, known: string): ListFault {
  const hint = nearest(key, [known]) === undefined ? '' : `, did you mean ${JSON.stringify(known)}?`
  const message = `unknown key ${JSON.stringify(key)}`
  return { path, at: 'key', reason: 'unknown-key', message, allowed: `${JSON.stringify(known)} alone${hint}` }
}
