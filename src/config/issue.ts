import { escapeControls } from '../text/escape-controls.ts'
import { shortened } from '../text/shortened.ts'

/** Where in a document something is: keys and list positions from the root. */
export type Path = readonly (string | number)[]

/** A fault (the configuration is not used) or a warning (it is, but a person may regret it), as data. */
export interface ConfigurationIssue {
  readonly severity: 'fault' | 'warning'
  /** One kebab-case word for programs. */
  readonly reason: string
  /** The file, or the environment variable or flag that holds the value. */
  readonly file: string
  /** Absent for variables, flags and files that could not be read. */
  readonly line?: number | undefined
  readonly column?: number | undefined
  readonly path: Path
  readonly value: unknown
  readonly message: string
  /** What is allowed instead, as one clause. */
  readonly allowed: string
}

/** An issue before it is known where its path stands. */
export type Finding = Pick<ConfigurationIssue, 'severity' | 'reason' | 'path' | 'value' | 'message' | 'allowed'>

/** A sentence of S3 quotes the value, which may be as long as the file. */
const mostPathLength = 1000
const mostMessageLength = 2000

/** Where a setting stands: in a file, a variable or a flag. */
export type SettingPlace = Pick<ConfigurationIssue, 'file' | 'line' | 'column' | 'path'>

/** An issue at the place of its setting, or in `file` where the setting is left out. */
export function placeFinding(finding: Finding, places: readonly SettingPlace[], file: string): ConfigurationIssue {
  const isOfFinding = ({ path }: SettingPlace) => path.join('.') === finding.path.join('.')
  return { file, ...finding, ...places.find(isOfFinding) }
}

/** One line for a person: `FILE:LINE:COLUMN: what, and what is allowed`. */
export function describeIssue(issue: ConfigurationIssue): string {
  const where = issue.line === undefined ? issue.file : `${issue.file}:${issue.line}:${issue.column ?? 1}`
  const what = [issue.severity === 'warning' ? 'warning' : '', shortened(pathText(issue.path), mostPathLength)].filter(
    part => part !== '',
  )
  const message = shortened(issue.message, mostMessageLength)
  const end = /[.!?]$/.test(message) ? ' Allowed: ' : '; allowed: '
  return escapeControls(`${[where, ...what].join(': ')}: ${message}${issue.allowed === '' ? '' : end + issue.allowed}`)
}

/** `buckets.my-media.CORSRules[0].AllowedOrigins[1]`. */
export function pathText(path: Path): string {
  let text = ''
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`
    else if (/^[A-Za-z][\w-]*$/.test(step)) text += text === '' ? step : `.${step}`
    else text += `[${JSON.stringify(step)}]`
  }
  return text
}

/** A file of 1 MiB can have as many as lines: more of them do not help a reader, and would fill a log. */
const maxIssues = 500

/**
 * The issues in the order of the files, then of lines, those without a line first; what stands at one place is said once. Of very
 * many the first are left, faults before warnings, and one that says how many more there are.
 */
export function inOrder(issues: readonly ConfigurationIssue[]): ConfigurationIssue[] {
  const files = [...new Set(issues.map(issue => issue.file))]
  const said = new Set<string>()
  const once = issues.filter(({ file, line, column, message }) => {
    const key = JSON.stringify([file, line, column, message])
    if (line === undefined || !said.has(key)) return said.add(key)
    return false
  })
  const sorted = once.toSorted(
    (a, b) =>
      files.indexOf(a.file) - files.indexOf(b.file) ||
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0),
  )
  if (sorted.length <= maxIssues) return sorted
  const isFault = ({ severity }: ConfigurationIssue) => severity === 'fault'
  const kept = new Set([...sorted.filter(isFault), ...sorted].slice(0, maxIssues - 1))
  const left = sorted.filter(issue => !kept.has(issue))
  return [...sorted.filter(issue => kept.has(issue)), moreOf(left)]
}

function moreOf(left: readonly ConfigurationIssue[]): ConfigurationIssue {
  return {
    severity: left.some(({ severity }) => severity === 'fault') ? 'fault' : 'warning',
    reason: 'more',
    file: left[0]?.file ?? '',
    path: [],
    value: undefined,
    message: `${left.length} more faults and warnings are not listed`,
    allowed: 'mend those above first',
  }
}

/** A value as it may stand in a message: short, quoted if it is text, and without a password that a URL may carry. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a mapping'
  if (typeof value !== 'string') return String(value)
  const shown = value.replace(/\/\/[^/?#]*@/, '//…@')
  return JSON.stringify(shortened(shown, 80))
}
