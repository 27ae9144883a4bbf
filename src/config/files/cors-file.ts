import { parseCorsConfigurationXml } from '../../s3/cors-operation/cors-configuration-xml.ts'
import { nearest } from '../../text/nearest-word.ts'
import { isMapping } from '../raw-value.ts'
import { decodeText, type TextFault } from './decode-text.ts'
import type { FileContent } from './file-content.ts'
import { readJson } from './json-text.ts'
import type { Located } from './located.ts'

/** Reads a CORS file as the AWS CLI (JSON), the S3 console (the JSON list alone) or the S3 API (XML) has it. The value is that of `CORSRules`. */
export function readCorsFile(content: FileContent): Located {
  if (content.kind === 'failed') {
    const allowed = 'the path of a readable file with AWS CLI JSON or S3 XML'
    return unreadable({ line: 0, column: 0, reason: 'unreadable', message: content.message, allowed })
  }
  const decoded = decodeText(content.bytes)
  if ('fault' in decoded) return unreadable(decoded.fault)
  const { text } = decoded
  const first = /\S/.exec(text)?.[0]
  if (first === '<') return readXml(text)
  if (first === '[') return readJson(text)
  if (first === '{') return readCli(text)
  const message = first === undefined ? 'the file is empty' : 'the file is neither JSON nor XML'
  return unreadable({
    line: 1,
    column: 1,
    reason: 'not-a-cors-file',
    message,
    allowed: '{"CORSRules": […]}, […] or <CORSConfiguration>',
  })
}

/** `{"CORSRules": […]}`, what `aws s3api get-bucket-cors` prints and `put-bucket-cors` takes. */
function readCli(text: string): Located {
  const json = readJson(text)
  const root = json.value
  if (!isMapping(root)) return json
  const faults: TextFault[] = []
  const start = { line: 1, column: 1 }
  for (const key of Object.keys(root)) {
    if (key === 'CORSRules') continue
    const hint = nearest(key, ['CORSRules']) === undefined ? '' : ', did you mean "CORSRules"?'
    const message = `unknown key ${JSON.stringify(key)}`
    faults.push({
      ...start,
      ...json.locate([key], 'key'),
      reason: 'unknown-key',
      message,
      allowed: `"CORSRules" alone${hint}`,
    })
  }
  if (!Object.hasOwn(root, 'CORSRules') && faults.length === 0) {
    faults.push({ ...start, reason: 'missing-key', message: '"CORSRules" is missing', allowed: '{"CORSRules": […]}' })
  }
  if (faults.length > 0) return { ...json, value: undefined, faults }
  return { value: root.CORSRules, faults: [], locate: (path, at) => json.locate(['CORSRules', ...path], at) }
}

function readXml(text: string): Located {
  const xml = parseCorsConfigurationXml(text, { strict: true })
  if (xml.rules === undefined) return unreadable({ reason: 'xml', ...xml.fault })
  return { value: xml.rules, faults: [], locate: xml.locate }
}

function unreadable(fault: TextFault): Located {
  return { value: undefined, faults: [fault], locate: () => undefined }
}
