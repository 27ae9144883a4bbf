import { dirname, isAbsolute, join } from 'node:path'
import { parseRules } from '../../cors/parsing/parse-rules.ts'
import type { CorsRule, RulesPlace } from '../../cors/rules/rule.ts'
import { isBucketName } from '../../s3/address/bucket-name.ts'
import { readCorsFile } from '../cors-files/cors-file.ts'
import type { TextFault } from '../files/decode-text.ts'
import { isFileUrl, noPath, type ReadFile } from '../files/file-content.ts'
import type { Located } from '../files/located.ts'
import type { ConfigurationIssue, Path } from '../issue.ts'
import { isMapping } from '../raw-value.ts'

/** Where a bucket's rules come from. */
export type BucketSource = 'yaml' | 'file' | 'upstream' | 'managed' | 'none'

/** The rules of one entry of `buckets`, as far as they could be read. */
export interface BucketEntry {
  readonly name: string
  readonly source: BucketSource
  readonly rules: readonly CorsRule[]
  readonly corsFile?: string | undefined
  readonly place: RulesPlace
}

/** Every entry that could be read, every issue of them, and every CORS file that an entry names. */
export interface ReadBuckets {
  readonly entries: readonly BucketEntry[]
  readonly issues: readonly ConfigurationIssue[]
  readonly corsFiles: readonly string[]
}

const sources = ['CORSRules', 'CORSFile', 'from'] as const
const exactlyOne = 'exactly one of CORSRules, CORSFile and from'

/** Reads the value of `buckets` beyond its shape, which the schema judges: names, sources, rules and CORS files. */
export function readBuckets(raw: unknown, file: string, located: Located, readFile: ReadFile): ReadBuckets {
  const entries: BucketEntry[] = []
  const issues: ConfigurationIssue[] = []
  const corsFiles = new Set<string>()
  if (!isMapping(raw)) return { entries, issues, corsFiles: [] }
  const add = (path: Path, value: unknown, at: 'key' | 'value', issue: Words) =>
    issues.push({
      severity: 'fault',
      ...issue,
      file,
      ...lineOf(located, ['buckets', ...path], at),
      path: ['buckets', ...path],
      value,
    })
  for (const [name, entry] of Object.entries(raw)) {
    if (name !== '*' && !isBucketName(name)) {
      const message = `${JSON.stringify(name)} is not a bucket name`
      const allowed = '3 to 63 lower-case letters, digits, "." and "-" as S3 has them, or "*"'
      add([name], name, 'key', { reason: 'bucket-name', message, allowed })
    }
    if (!isMapping(entry)) continue
    const { line } = lineOf(located, ['buckets', name], 'key')
    const given = sources.filter(source => Object.hasOwn(entry, source))
    const [source] = given
    if (source === undefined || given.length > 1) {
      const message = source === undefined ? 'the bucket has no rules' : `the bucket has ${given.join(' and ')}`
      add([name], undefined, 'key', { reason: 'bucket-source', message, allowed: exactlyOne })
    }
    if (Object.hasOwn(entry, 'CORSRules')) {
      const place: Place = { file, path: ['buckets', name, 'CORSRules'], located, at: ['buckets', name, 'CORSRules'] }
      const read = readRules(entry.CORSRules, place)
      issues.push(...read.issues)
      if (given.length === 1 && read.rules !== undefined) {
        const written = { file, line, ruleLines: read.ruleLines }
        entries.push({ name, source: 'yaml', rules: read.rules, place: written })
      }
    }
    if (typeof entry.CORSFile === 'string' && isFileUrl(entry.CORSFile)) {
      add([name, 'CORSFile'], entry.CORSFile, 'value', { reason: 'file-url', ...noPath(entry.CORSFile) })
    } else if (typeof entry.CORSFile === 'string' && entry.CORSFile !== '') {
      const corsFile = besides(file, entry.CORSFile)
      corsFiles.add(corsFile)
      const read = readRulesFile(corsFile, name, readFile, words =>
        add([name, 'CORSFile'], entry.CORSFile, 'value', words),
      )
      issues.push(...read.issues)
      if (given.length === 1 && read.rules !== undefined) {
        const written = { file, line, rulesFile: corsFile, ruleLines: read.ruleLines }
        entries.push({ name, source: 'file', rules: read.rules, corsFile, place: written })
      }
    }
    if (given.length === 1 && isFrom(entry.from))
      entries.push({ name, source: entry.from, rules: [], place: { file, line } })
  }
  return { entries, issues, corsFiles: [...corsFiles] }
}

/** A path that stands in `file`, which is relative to it. */
export function besides(file: string, path: string): string {
  return isAbsolute(path) ? path : join(dirname(file), path)
}

type Words = Pick<ConfigurationIssue, 'reason' | 'message' | 'allowed'>

/** Where a rule list stands: as issues name it, and as its document finds it. */
interface Place {
  readonly file: string
  readonly path: Path
  readonly located: Located
  readonly at: Path
}

interface ReadRules {
  readonly rules: readonly CorsRule[] | undefined
  /** Where each of them begins. */
  readonly ruleLines: readonly (number | undefined)[]
  readonly issues: readonly ConfigurationIssue[]
}

/** To find the place of each takes as long as its document is. */
const maxIssuesOfRules = 200

/** Judges rules that were written in any format, and says where in the document each issue is: of very many, the first. */
export function readRules(value: unknown, place: Place): ReadRules {
  const { rules, issues } = parseRules(value)
  return {
    rules,
    ruleLines: (rules ?? []).map((_, index) => lineOf(place.located, [...place.at, index], 'value').line),
    issues: issues.slice(0, maxIssuesOfRules).map(issue => ({
      severity: issue.severity,
      reason: issue.reason,
      file: place.file,
      ...lineOf(place.located, [...place.at, ...issue.path], issue.reason === 'unknown-key' ? 'key' : 'value'),
      path: [...place.path, ...issue.path],
      value: issue.value,
      message: issue.message,
      allowed: issue.allowed,
    })),
  }
}

/** Faults of the file itself name it; a file that cannot be read is a fault of the entry that names it. */
function readRulesFile(
  corsFile: string,
  bucket: string,
  readFile: ReadFile,
  unreadable: (words: Words) => void,
): ReadRules {
  const content = readFile(corsFile)
  const located = readCorsFile(content)
  if (content.kind === 'failed') {
    const [fault] = located.faults
    if (fault !== undefined)
      unreadable({ reason: fault.reason, message: `${corsFile}: ${fault.message}`, allowed: fault.allowed })
    return { ...noRules, issues: [] }
  }
  const path = ['buckets', bucket, 'CORSRules']
  const asIssues = (severity: 'fault' | 'warning', found: readonly TextFault[]) =>
    found.map(words => ({ severity, ...words, file: corsFile, path, value: undefined }))
  if (located.faults.length > 0) return { ...noRules, issues: asIssues('fault', located.faults) }
  const { issues, ...read } = readRules(located.value, { file: corsFile, path, located, at: [] })
  return { ...read, issues: [...asIssues('warning', located.notes), ...issues] }
}

const noRules = { rules: undefined, ruleLines: [] } as const

function lineOf(located: Located, path: Path, at: 'key' | 'value') {
  const found = located.locate(path, at)
  return { line: found?.line, column: found?.column }
}

function isFrom(value: unknown): value is 'upstream' | 'managed' | 'none' {
  return value === 'upstream' || value === 'managed' || value === 'none'
}
