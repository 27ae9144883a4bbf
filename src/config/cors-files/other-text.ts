import { positionAt } from '../../text/source-position.ts'
import { delimitedTemplate, templateFault, templateName } from '../../text/template-mark.ts'
import type { TextFault } from '../files/decode-text.ts'

type OtherForm = 'yaml' | 'xml'

/** A kind of text that people take for a file of rules. */
interface OtherText {
  /** Where it is that; the fault is told there. */
  readonly sign: RegExp
  readonly message: string
  readonly allowed: string
  /** The form that it has as well, though it holds no rules. */
  readonly form?: OtherForm
}

const asRules = 'the rules that it stands for, as AllowedOrigins, AllowedMethods and AllowedHeaders'
const rulesAlone = 'the rules alone in a file, from here to the bracket or element that ends them'

/** The first that fits is told. */
const kinds: readonly OtherText[] = [
  {
    sign: new RegExp(`^\\s*(?:${delimitedTemplate.source}|(?:${templateName.source})\\s*$)`),
    ...templateFault,
  },
  {
    sign: /An error occurred \(\w+\) when calling/,
    message: 'this is an error of the AWS CLI, and no rules',
    allowed: 'what aws s3api get-bucket-cors prints of a bucket with rules',
  },
  {
    sign: /^\s*(?:<\?xml[^>]*>\s*)?<Error>/,
    message: 'this is an error of the endpoint, and no rules',
    allowed: 'its answer to GetBucketCors for a bucket with rules',
    form: 'xml',
  },
  {
    sign: /^CORSRULES\t|^[|+-]+\s*\n?\|\s+GetBucketCors\s+\|/m,
    message: 'the AWS CLI printed this as text or as a table',
    allowed: 'the same command with --output json',
    form: 'yaml',
  },
  {
    sign: /^(?:Allowed(?:Headers|Methods|Origins)|ExposeHeaders|MaxAgeSeconds)\s+:\s/m,
    message: 'PowerShell printed this as a list',
    allowed: 'the same command with | ConvertTo-Json -Depth 5',
    form: 'yaml',
  },
  {
    sign: /^\s*&lt;/,
    message: 'the XML is escaped',
    allowed: '"<" in place of "&lt;", and ">" in place of "&gt;"',
  },
  {
    sign: /^\s*"\s*[{[]/,
    message: 'this is a JSON text that holds JSON',
    allowed: 'what stands in it, without the outer quotes and the backslashes',
  },
  {
    sign: /^[ \t]*[+~-] (?:resource|cors_rule|rules?)\b/m,
    message: 'this is what terraform plan prints',
    allowed: 'what terraform show -json prints, or the .tf file',
  },
  {
    sign: /<CORSConfiguration\b|[[{]\s*(?:[[{]\s*)?"(?:CORSRules|Allowed(?:Origins|Methods|Headers)|ExposeHeaders|MaxAgeSeconds|ID)"\s*:/,
    message: 'rules begin here, and other text stands before them',
    allowed: rulesAlone,
  },
  {
    sign: /\b(?:MINIO_API_CORS_ALLOW_ORIGIN|cors_allow_origin)\s*=/,
    message: "this is MinIO's own setting, and no rules",
    allowed: 'its origins as AllowedOrigins of a rule, as deploy/migrating/from-minio-cors-allow-origin.md says',
  },
  {
    sign: /\badd_header\s+['"]?Access-Control-/i,
    message: "this is nginx's configuration, and no rules",
    allowed: 'the rules that it stands for, as deploy/migrating/from-nginx.md says',
  },
  {
    sign: /\b(?:Rack::Cors|CORSMiddleware)\b|\b(?:cors|enableCors|use_cors)\s*\(/,
    message: "this is another server's own setting of CORS, and no rules",
    allowed: asRules,
  },
  {
    sign: /^[ \t-]*["']?(?:nginx\.ingress\.kubernetes\.io\/(?:enable-)?cors[\w-]*|accessControlAllow\w+|Access-Control-Allow-\w+)["']?:/im,
    message: "this is another server's own setting of CORS, and no rules",
    allowed: asRules,
    form: 'yaml',
  },
  {
    sign: /\b(?:cors_?rules?|cors|allowed_?origins|allowed_?methods)['"]?\s*[:=]/i,
    message: 'this is the text of a program, which is not run here',
    allowed: 'the rules as JSON, with each key and text in double quotes',
  },
]

const reason = 'not-a-cors-file'

/** Says what a text is that is none of the formats of rules. */
export function faultOfOtherText(text: string): TextFault {
  const known = findKind(text, kinds)
  if (known !== undefined) return known
  const start = text.slice(0, searchedCharacters)
  const place = { line: 1, column: 1, reason }
  if (isListOfOrigins(start)) {
    const allowed = '[{"AllowedOrigins": […], "AllowedMethods": ["GET"]}] with each of them'
    return { ...place, message: 'these are origins, and no rule', allowed }
  }
  const message = text.trim() === '' ? 'the file is empty' : 'the file is neither JSON, XML nor YAML'
  return { ...place, message, allowed: '{"CORSRules": […]}, […] or <CORSConfiguration>' }
}

/** Says what a text of this form is, in which no rules were found; undefined where nothing better is known. */
export function faultOfOtherForm(text: string, form: OtherForm): TextFault | undefined {
  if (form === 'yaml' && /allowed_?(?:origins|methods)["']?:/i.test(text)) return undefined
  return findKind(
    text,
    kinds.filter(kind => kind.form === form),
  )
}

function findKind(text: string, among: readonly OtherText[]): TextFault | undefined {
  const start = text.slice(0, searchedCharacters)
  for (const { sign, message, allowed } of among) {
    const found = sign.exec(start)
    if (found === null) continue
    const offset = found.index + (/^\s*/.exec(found[0])?.[0].length ?? 0)
    return { ...positionAt(text, offset), reason, message, allowed }
  }
  return undefined
}

function isListOfOrigins(text: string): boolean {
  const words = text.split(/[\s,]+/).filter(word => word !== '')
  return words.length > 0 && words.every(word => /^(?:\*|https?:\/\/[^"'<>]+)$/i.test(word))
}

/** Longer texts are not looked through for a sign: rules that people copy stand near the start. */
const searchedCharacters = 20_000
