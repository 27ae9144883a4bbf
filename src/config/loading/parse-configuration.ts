import { isTemplate, unfilledTemplate } from '../../text/template-mark.ts'
import { type Configuration, toConfiguration } from '../configuration.ts'
import { type Environment, type Flags, overlay } from '../environment.ts'
import { decodeText } from '../files/decode-text.ts'
import type { FileContent, ReadFile } from '../files/file-content.ts'
import type { Located } from '../files/located.ts'
import { readYaml } from '../files/yaml-text.ts'
import { type ConfigurationIssue, type Finding, inOrder, type Path, type SettingPlace } from '../issue.ts'
import { child, isMapping } from '../raw-value.ts'
import { configurationSchema } from '../schema/schema.ts'
import { findSchemaFaults } from '../schema/schema-faults.ts'
import { besides, readBuckets } from '../validation/bucket-entries.ts'
import { findContradictions, findRegrets } from '../validation/checks.ts'
import type { NamedFile } from '../validation/pem-files.ts'

/** The configuration with the warnings about it, or every fault and warning in the order of the files. */
export type ParsedConfiguration = (
  | { readonly configuration: Configuration; readonly issues: readonly ConfigurationIssue[] }
  | { readonly configuration: undefined; readonly issues: readonly ConfigurationIssue[] }
) & {
  /** Every CORS file that an entry names, read or not: what a watch has to look at beside the file itself. */
  readonly corsFiles: readonly string[]
  /** The files of TLS that are named; not read here. */
  readonly pemFiles: readonly NamedFile[]
  /** Where the settings stand that the machine decides about, those that are left out not. */
  readonly places: readonly SettingPlace[]
}

/** How issues speak of a configuration that has no file. */
const noFile = 'configuration'

/** Reads a configuration out of a file's content, the environment and the flags. Pure: `readFile` gives CORS files. */
export function parseConfiguration(
  content: FileContent | undefined,
  file: string | undefined,
  environment: Environment,
  flags: Flags,
  readFile: ReadFile,
): ParsedConfiguration {
  const name = file ?? noFile
  const document = content === undefined ? nothing : readDocument(content)
  if ('faults' in document) {
    const issues = document.faults.map(fault => ({ ...fault, file: name }))
    return { configuration: undefined, issues: inOrder(issues), corsFiles: [], pemFiles: [], places: [] }
  }
  const { located } = document
  const overlaid = overlay(located.value, environment, flags)
  const raw =
    isMapping(overlaid.raw) && overlaid.raw.upstream === undefined ? { ...overlaid.raw, upstream: {} } : overlaid.raw
  const place = (finding: Finding, at: 'key' | 'value'): ConfigurationIssue => ({
    ...finding,
    ...placeOf(finding.path, at, name, located, overlaid.sources),
  })
  const buckets = readBuckets(isMapping(raw) ? raw.buckets : undefined, name, located, readFile)
  const shape = findSchemaFaults(configurationSchema, raw)
  const issues: ConfigurationIssue[] = [
    ...located.faults.map(fault => ({ ...fault, severity: 'fault' as const, file: name, path: [], value: undefined })),
    ...overlaid.issues,
    ...shape.faults.map(({ at, ...finding }) => place(finding, at)),
    ...findContradictions(raw).map(finding => place(finding, 'value')),
    ...buckets.issues,
  ]
  const { corsFiles } = buckets
  const pemFiles = pemSettings.flatMap(path => {
    const value = child(raw, path)
    if (typeof value !== 'string' || value === '') return []
    const isOfFile = file !== undefined && !overlaid.sources.has(path.join('.'))
    return [
      {
        path,
        named: isOfFile ? besides(file, value) : value,
        ...placeOf(path, 'value', name, located, overlaid.sources),
      },
    ]
  })
  const places = machineSettings.flatMap(path => {
    const isSet = overlaid.sources.has(path.join('.')) || located.locate(path, 'value')?.exact === true
    return isSet ? [{ path, ...placeOf(path, 'value', name, located, overlaid.sources) }] : []
  })
  const found = { corsFiles, pemFiles, places }
  const { written } = shape
  if (written === undefined || issues.some(issue => issue.severity === 'fault')) {
    return { configuration: undefined, issues: inOrder(issues), ...found }
  }
  const configuration = toConfiguration(written, buckets.entries, file, setting => !overlaid.sources.has(setting))
  const regrets = findRegrets(configuration, environment).map(finding => place(finding, 'value'))
  return { configuration, issues: inOrder([...issues, ...regrets]), ...found }
}

/** What a machine may not have: ports that are free, memory and descriptors. */
const machineSettings = [['listen'], ['admin'], ['limits', 'connections'], ['upstream', 'connections']]

const pemSettings = [
  ...['certFile', 'keyFile'].map(key => ['tls', key]),
  ...['caFile', 'certFile', 'keyFile'].map(key => ['upstream', key]),
]

const nothing: { readonly located: Located } = { located: { value: undefined, faults: [], locate: () => undefined } }

type Fault = Omit<ConfigurationIssue, 'file'>
type Words = Pick<Fault, 'reason' | 'message' | 'allowed'> & Partial<Fault>

/** The file's data; only faults where there is no data to go on with. */
function readDocument(content: FileContent): { readonly located: Located } | { readonly faults: readonly Fault[] } {
  if (content.kind === 'failed') {
    return faults({ reason: 'unreadable', message: content.message, allowed: 'the path of a readable file' })
  }
  const decoded = decodeText(content.bytes)
  if ('fault' in decoded) return faults(decoded.fault)
  const located = readYaml(decoded.text)
  if (isMapping(located.value)) return { located }
  if (located.faults.length > 0) return faults(...located.faults)
  const { value } = located
  const message = `the file holds ${kindOf(value)}`
  return faults({ reason: 'not-a-mapping', line: 1, column: 1, message, allowed: 'a mapping with at least "upstream"' })
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'string' && isTemplate(value) ? unfilledTemplate : 'a single value'
}

function faults(...words: readonly Words[]): { readonly faults: readonly Fault[] } {
  return { faults: words.map(fault => ({ severity: 'fault', path: [], value: undefined, ...fault })) }
}

/** Where a value came from: a flag or variable by its name, else the file with its line. */
function placeOf(
  path: Path,
  at: 'key' | 'value',
  file: string,
  located: Located,
  sources: ReadonlyMap<string, string>,
): Pick<ConfigurationIssue, 'file' | 'line' | 'column'> {
  for (let length = path.length; length > 0; length--) {
    const source = sources.get(path.slice(0, length).join('.'))
    if (source !== undefined) return { file: source }
  }
  const found = located.locate(path, at)
  if (found === undefined || found.exact) return { file, line: found?.line, column: found?.column }
  // Half of a section that variables or flags made alone, such as a certificate without its key.
  const section = `${path.slice(0, -1).join('.')}.`
  const neighbour = path.length > 1 ? [...sources].find(([setting]) => setting.startsWith(section)) : undefined
  const parent = located.locate(path.slice(0, -1), 'key')
  if (neighbour !== undefined && parent?.exact !== true) return { file: neighbour[1] }
  return { file, line: found.line, column: found.column }
}
