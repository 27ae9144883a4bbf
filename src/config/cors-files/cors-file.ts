import { parseCorsConfigurationXml } from '../../s3/cors-operation/cors-configuration-xml.ts'
import { decodeText, type TextFault } from '../files/decode-text.ts'
import type { FileContent } from '../files/file-content.ts'
import { readJson } from '../files/json-text.ts'
import type { Located } from '../files/located.ts'
import { readYaml } from '../files/yaml-text.ts'
import { child } from '../raw-value.ts'
import { type Expression, readHcl } from './hcl-text.ts'
import { convertRules, type RuleNote } from './rule-conversion.ts'
import { findRuleList } from './rule-list.ts'
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
    case 'yaml':
      return rulesOf(readYaml(text))
    case 'hcl': {
      const hcl = readHcl(text)
      return rulesOf(hcl, hcl.expressions)
    }
    default: {
      const message = text.trim() === '' ? 'the file is empty' : 'the file is neither JSON nor XML'
      const allowed = '{"CORSRules": […]}, […] or <CORSConfiguration>'
      return unreadable({ line: 1, column: 1, reason: 'not-a-cors-file', message, allowed })
    }
  }
}

/** Blanks and comments of any of the languages. */
const beforeText = /^(?:\s+|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/
/** `resource "type" "name" {`, `cors_rule {` or `name = …` at the start of a line. */
const hclStart = /^[A-Za-z_][\w-]*(?:[ \t]+(?:"[^"\n]*"|[A-Za-z_][\w-]*))*[ \t]*(?:\{|=(?!=))/
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
  if (hclStart.test(rest)) return 'hcl'
  return yamlStart.test(rest) ? 'yaml' : undefined
}

function rulesOf(document: Located, expressions: readonly Expression[] = []): CorsFile {
  if (document.faults.length > 0) return { ...document, value: undefined, notes: [] }
  const place = (path: RuleNote['path'], at: 'key' | 'value') => {
    const found = document.locate(path, at)
    return { line: found?.line ?? 1, column: found?.column ?? 1 }
  }
  const found = findRuleList(document.value)
  if (found.faults !== undefined) {
    return refused(found.faults.map(({ path, at, ...words }) => ({ ...place(path, at), ...words })))
  }
  const { path, isSingle, bucket } = found
  const faults = expressions.filter(({ path: at }) => path.every((step, index) => at[index] === step))
  if (faults.length > 0) {
    return refused(faults.map(({ path: at, text }) => ({ ...place(at, 'value'), ...notWrittenOut(text) })))
  }
  const { value, notes, sourceOf } = convertRules(child(document.value, path), path, isSingle)
  return {
    value,
    faults: [],
    notes: notes.map(({ path: at, message, allowed }) => ({
      ...place(at, 'value'),
      reason: 'converted',
      message,
      allowed,
    })),
    ...(bucket === undefined ? {} : { bucket }),
    locate: (path, at) => document.locate(sourceOf(path), at),
  }
}

function notWrittenOut(text: string) {
  const message = `${JSON.stringify(text.slice(0, 60))} is an expression, which is not known here`
  return { reason: 'expression', message, allowed: 'the value written out' }
}

function readXml(text: string): CorsFile {
  const other = readOtherXml(text)
  if (other !== undefined) return rulesOf(other)
  const xml = parseCorsConfigurationXml(text, { strict: true })
  if (xml.rules === undefined) return unreadable({ reason: 'xml', ...xml.fault })
  return { value: xml.rules, faults: [], notes: [], locate: xml.locate }
}

function unreadable(fault: TextFault): CorsFile {
  return refused([fault])
}

function refused(faults: readonly TextFault[]): CorsFile {
  return { value: undefined, faults, notes: [], locate: () => undefined }
}
