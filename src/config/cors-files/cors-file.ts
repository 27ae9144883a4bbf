import { parseCorsConfigurationXml } from '../../s3/cors-operation/cors-configuration-xml.ts'
import { positionAt, type SourcePosition } from '../../text/source-position.ts'
import { delimitedTemplate, templateFault } from '../../text/template-mark.ts'
import { decodeText, type TextFault } from '../files/decode-text.ts'
import type { FileContent } from '../files/file-content.ts'
import { readJson } from '../files/json-text.ts'
import type { Located } from '../files/located.ts'
import { readYaml } from '../files/yaml-text.ts'
import type { Path } from '../issue.ts'
import { child, isMapping } from '../raw-value.ts'
import { type Expression, readHcl } from './hcl-text.ts'
import { faultOfOtherForm, faultOfOtherText } from './other-text.ts'
import { convertRules, type RuleNote } from './rule-conversion.ts'
import { type FoundList, findRuleList } from './rule-list.ts'
import { readOtherXml } from './rule-xml.ts'

/** A file of rules: its value is that of `CORSRules`, whatever the file calls it. */
export interface CorsFile extends Located {
  /** What the file says otherwise than S3 does, and what became of it. */
  readonly notes: readonly TextFault[]
  /** The bucket that the file names itself, as the input of `aws s3api put-bucket-cors` does. */
  readonly bucket?: string | undefined
}

/**
 * Reads a file of CORS rules: what the AWS CLI, the S3 console and the SDKs take and print (JSON), S3's own XML, the same in YAML,
 * and the rules of Terraform, CloudFormation and other storages as far as S3 means the same by them.
 */
export function readCorsFile(content: FileContent): CorsFile {
  if (content.kind === 'failed') {
    const allowed = 'the path of a readable file with AWS CLI JSON or S3 XML'
    return unreadable({ line: 0, column: 0, reason: 'unreadable', message: content.message, allowed })
  }
  const decoded = decodeText(content.bytes)
  if ('fault' in decoded) return unreadable(decoded.fault)
  const { text } = decoded
  switch (formatOf(text)) {
    case 'xml':
      return readXml(text)
    case 'json':
      return rulesOf(readJson(text))
    case 'yaml': {
      const read = rulesOf(readYaml(text), withoutBrackets(text))
      const other = read.faults.length === 0 ? undefined : faultOfOtherForm(text, 'yaml')
      return other === undefined ? read : unreadable(other)
    }
    case 'hcl': {
      const hcl = readHcl(text)
      return rulesOf(hcl, undefined, hcl.expressions)
    }
    default:
      return unreadable(faultOfOtherText(text))
  }
}

/** Blanks and comments of any of the languages. */
const beforeText = /^(?:\s+|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/
/** `resource "type" "name" {`, `cors_rule {` or `name = …` at the start of a line. */
const hclStart = /^[A-Za-z_][\w-]*(?:[ \t]*=(?!=)|(?:[ \t]+(?:"[^"\n]*"|[A-Za-z_][\w-]*))*[ \t]*\{)/
/** `name = {'key': …}` of a program: HCL has double quotes only. */
const programStart = /^[A-Za-z_]\w*[ \t]*=[ \t\r\n]*(?:[[{(][ \t\r\n]*){1,4}'/
/** A variable of a shell, which would be an attribute of HCL without its blanks. */
const shellVariable = /^[A-Z][A-Z0-9_]*=(?!=)/
/** A key, a list item or the start of a document. */
const yamlStart = /^(?:---|-[ \t\r\n]|(?:"[^"\n]*"|'[^'\n]*'|[\w$./-]+)[ \t]*:(?:\s|$))/

function formatOf(text: string): 'json' | 'xml' | 'yaml' | 'hcl' | undefined {
  const first = /\S/.exec(text)?.[0]
  if (first === '<') return 'xml'
  if (first === '[' || first === '{') return 'json'
  const comments = beforeText.exec(text)?.[0] ?? ''
  const rest = text.slice(comments.length)
  // A comment before a bracket: in "#" it is YAML, which such JSON is as well; else the reader of JSON says what stands there.
  if (/^[[{]/.test(rest)) return first === '#' && !/^\s*\//m.test(comments) ? 'yaml' : 'json'
  if (hclStart.test(rest)) return shellVariable.test(rest) || programStart.test(rest) ? undefined : 'hcl'
  return yamlStart.test(rest) ? 'yaml' : undefined
}

/** To find the place of each takes as long as the text is: of more, the first are told. */
const maxTold = 200

function rulesOf(document: Located, instead?: TextFault, expressions: readonly Expression[] = []): CorsFile {
  const found = findRuleList(document.value)
  const ofRules = faultsOfRules(found, document)
  if (ofRules.length > 0) {
    return { ...document, faults: instead === undefined ? ofRules : [instead], value: undefined, notes: [] }
  }
  const place = (path: RuleNote['path'], at: 'key' | 'value') => {
    const found = document.locate(path, at)
    return { line: found?.line ?? 1, column: found?.column ?? 1 }
  }
  if (found.faults !== undefined) {
    return refused(found.faults.slice(0, maxTold).map(({ path, at, ...words }) => ({ ...place(path, at), ...words })))
  }
  const { path, isSingle, bucket } = found
  const faults = [
    ...expressions.filter(({ path: at }) => path.every((step, index) => at[index] === step)),
    ...functionsIn(child(document.value, path), path),
  ]
  if (faults.length > 0) {
    return refused(
      faults.slice(0, maxTold).map(({ path: at, text }) => ({ ...place(at, 'value'), ...notWrittenOut(text) })),
    )
  }
  const { value, notes, sourceOf } = convertRules(child(document.value, path), path, isSingle)
  return {
    value,
    faults: [],
    notes: notes.slice(0, maxTold).map(({ path: at, message, allowed }) => ({
      ...place(at, 'value'),
      reason: 'converted',
      message,
      allowed,
    })),
    ...(bucket === undefined || document.faults.length > 0 ? {} : { bucket }),
    locate: (path, at) => document.locate(sourceOf(path), at),
  }
}

/** What a template may say of other things than the rules, whose values nothing here reads. */
const irrelevantElsewhere = new Set(['tag', 'anchor', 'alias', 'number'])

function faultsOfRules(found: FoundList, { value, faults, locate }: Located): readonly TextFault[] {
  if (faults.length === 0 || found.faults !== undefined || found.path.length === 0) return faults
  const first = locate(found.path, 'key')
  const last = locate(lastPath(child(value, found.path), found.path), 'value')
  if (first === undefined || last === undefined) return faults
  return faults.filter(
    fault => !irrelevantElsewhere.has(fault.reason) || !(isBefore(fault, first) || isBefore(last, fault)),
  )
}

/** Where the last value inside stands. */
function lastPath(value: unknown, path: Path): Path {
  const key = Array.isArray(value) ? value.length - 1 : isMapping(value) ? Object.keys(value).at(-1) : undefined
  return key === undefined || key === -1 ? path : lastPath(child(value, [key]), [...path, key])
}

function isBefore(one: SourcePosition, other: SourcePosition): boolean {
  return one.line < other.line || (one.line === other.line && one.column < other.column)
}

/** CloudFormation's functions in JSON and YAML: a mapping of one key. */
function functionsIn(value: unknown, path: RuleNote['path'], depth = 0): readonly Expression[] {
  if (depth > 4) return []
  if (Array.isArray(value)) return value.flatMap((item, index) => functionsIn(item, [...path, index], depth + 1))
  if (!isMapping(value)) return []
  const keys = Object.keys(value)
  if (keys.length === 1 && /^(?:Ref|Fn::\w+)$/.test(keys[0] ?? '')) return [{ path, text: keys[0] ?? '' }]
  return keys.flatMap(key => functionsIn(value[key], [...path, key], depth + 1))
}

/** Said in place of what YAML has against it, of JSON whose outer brackets were not copied. */
function withoutBrackets(text: string): TextFault | undefined {
  const key = /^\s*("[^"\n]*")[ \t]*:[ \t]*["[{\d]/.exec(text)
  if (key === null || !/[\]},]$/.test(text.trimEnd())) return undefined
  // YAML with its keys in quotes has something that JSON has not: its own fault is told.
  if (/[^\s[\]{},:\d.eE+-]/.test(text.replaceAll(/"[^"\\\n]*(?:\\.[^"\\\n]*)*"|true|false|null/g, ''))) return undefined
  const message = `${key[1]} stands here without brackets around it`
  return {
    ...positionAt(text, key[0].indexOf('"')),
    reason: 'json',
    message,
    allowed: 'JSON, from its first { to its last }',
  }
}

function notWrittenOut(text: string) {
  const message = `${text.startsWith('"') ? text.slice(0, 60) : JSON.stringify(text.slice(0, 60))} is an expression, which is not known here`
  return { reason: 'expression', message, allowed: 'the value written out' }
}

function readXml(text: string): CorsFile {
  const other = readOtherXml(text)
  if (other !== undefined) return rulesOf(other)
  const xml = parseCorsConfigurationXml(text, { strict: true })
  if (xml.rules === undefined) {
    const fault = { reason: 'xml', ...(templateBesideElements(text) ?? xml.fault) }
    return unreadable(faultOfOtherForm(text, 'xml') ?? fault)
  }
  return { value: xml.rules, faults: [], notes: [], locate: xml.locate }
}

/** Where S3 has elements only. `<%` is no XML wherever it stands. */
const templateOfElements = new RegExp(
  `<%|(?=${delimitedTemplate.source})(?<=(?:</[^<>]*|<(?:CORSConfiguration|CORSRule)\\b[^<>]*)>\\s*)`,
)

function templateBesideElements(text: string): Omit<TextFault, 'reason'> | undefined {
  const offset = text.search(templateOfElements)
  if (offset === -1) return undefined
  return { ...positionAt(text, offset), ...templateFault }
}

function unreadable(fault: TextFault): CorsFile {
  return refused([fault])
}

function refused(faults: readonly TextFault[]): CorsFile {
  return { value: undefined, faults, notes: [], locate: () => undefined }
}
