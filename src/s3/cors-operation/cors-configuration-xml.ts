// S3's XML form of a bucket's CORS rules: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CORSConfiguration.html
import { type XmlElement, XmlText } from '@rgrove/parse-xml'
import type { StoredFormFault } from '../../cors/parsing/stored-rules.ts'
import type { CorsRule } from '../../cors/rules/rule.ts'
import { shortened } from '../../text/shortened.ts'
import { positionAt, type SourceFault, type SourcePosition } from '../../text/source-position.ts'
import { childElements, localName, readXml } from '../xml/xml-document.ts'
import { escapeXmlText } from '../xml/xml-text.ts'

/** How a CORS configuration is read. */
export interface CorsConfigurationXmlOptions {
  /**
   * Elements that S3's schema does not know are a fault, as for PutBucketCors. Otherwise they are passed over, as is right for an
   * endpoint's answer: what it adds of its own takes nothing away from the rules. Inside a rule, and where they stand in place of
   * all rules, they are told in `faults`.
   */
  readonly strict?: boolean | undefined
  /**
   * What is wrong inside the configuration is put here, with what follows from it, and reading goes on: for rules as an endpoint
   * keeps them. Without it, the first such fault is the answer.
   */
  readonly faults?: StoredFormFault[] | undefined
  /** In UTF-8; 256 KiB unless told. S3's own limit of 64 KB is for PutBucketCors to set. */
  readonly maxBytes?: number | undefined
}

/** The rules as {@link parseRules} takes them, not yet checked; or the first fault of form, all of which S3 calls MalformedXML. */
export type CorsConfigurationXml =
  | {
      readonly rules: readonly CorsRuleInput[]
      /** Where a part of `rules` stands, e.g. `[0, 'AllowedOrigins', 1]`, or the nearest part around it when it is absent. */
      readonly locate: (path: readonly (string | number)[]) => SourcePosition & { readonly exact: boolean }
    }
  | { readonly rules: undefined; readonly fault: SourceFault }

/** One CORSRule with S3's names for JSON. Values are the text of the elements, never trimmed and never coerced. */
export interface CorsRuleInput {
  ID?: string
  AllowedOrigins?: string[]
  AllowedMethods?: string[]
  AllowedHeaders?: string[]
  ExposeHeaders?: string[]
  /** A string where the text is no plain decimal integer, so that the rule is refused with its own text. */
  MaxAgeSeconds?: number | string
}

const lists = {
  AllowedOrigin: 'AllowedOrigins',
  AllowedMethod: 'AllowedMethods',
  AllowedHeader: 'AllowedHeaders',
  ExposeHeader: 'ExposeHeaders',
} as const

type Places = Map<string, XmlElement>

/** What is wrong, and with which element. */
interface FormFault {
  readonly element: XmlElement
  readonly message: string
  readonly allowed: string
}

const defaultMaxBytes = 256 * 1024
/** Neither `0010` nor `1e3`, `+5` or `-0`: what is written otherwise than we would write it stays text. */
const plainInteger = /^(?:0|-?[1-9]\d{0,14})$/

/** Reads a CORS configuration, whatever the order, the prefixes or the namespace of its elements. Never gives a part of the rules. */
export function parseCorsConfigurationXml(
  source: string,
  options: CorsConfigurationXmlOptions = {},
): CorsConfigurationXml {
  const reading = readXml(source, options.maxBytes ?? defaultMaxBytes)
  if (reading.root === undefined) return { rules: undefined, fault: reading.fault }
  const { root, text } = reading
  const places: Places = new Map([[placeOf([]), root]])
  const rules: CorsRuleInput[] = []
  const fault = readConfiguration(root, rules, places, options)
  if (fault === undefined) return { rules, locate: path => locate(text, places, path) }
  const { element, message, allowed } = fault
  return { rules: undefined, fault: { ...positionAt(text, element.start), message, allowed } }
}

function readConfiguration(
  root: XmlElement,
  rules: CorsRuleInput[],
  places: Places,
  { strict = false, faults }: CorsConfigurationXmlOptions,
): FormFault | undefined {
  if (localName(root) !== 'CORSConfiguration') {
    const allowed = "<CORSConfiguration>, S3's XML form of CORS rules"
    return { element: root, message: `the document is ${shown(root)}`, allowed }
  }
  if (hasText(root)) {
    if (faults === undefined) return strayText(root)
    faults.push({ index: undefined, effect: 'value-ignored', message: strayText(root).message })
  }
  let stranger: XmlElement | undefined
  for (const element of childElements(root)) {
    if (localName(element) !== 'CORSRule') {
      if (strict) return unknownElement(element, '<CORSRule>')
      stranger ??= element
      continue
    }
    const rule: CorsRuleInput = {}
    places.set(placeOf([rules.length]), element)
    for (const fault of readRule(element, rule, rules.length, places, strict || faults !== undefined)) {
      if (faults === undefined) return fault
      faults.push({ index: rules.length, effect: fault.effect, message: fault.message })
    }
    rules.push(rule)
  }
  if (rules.length === 0 && stranger !== undefined && faults !== undefined) {
    const message = `there is no <CORSRule>: ${unknownElement(stranger, '').message}, and nothing is allowed`
    faults.push({ index: undefined, effect: 'rule-ignored', message })
  }
  return undefined
}

/** What is wrong inside a rule, and what follows where the rule is a stored one. */
type RuleFormFault = FormFault & Pick<StoredFormFault, 'effect'>

function* readRule(
  element: XmlElement,
  rule: CorsRuleInput,
  index: number,
  places: Places,
  tellsUnknown: boolean,
): Generator<RuleFormFault> {
  if (hasText(element)) yield { ...strayText(element), effect: 'rule-ignored' }
  const repeated = new Set<string>()
  for (const child of childElements(element)) {
    const name = localName(child)
    const isList = isListName(name)
    if (!isList && name !== 'ID' && name !== 'MaxAgeSeconds') {
      if (tellsUnknown) yield { ...unknownElement(child, ruleElements), effect: 'value-ignored' }
      continue
    }
    if (childElements(child).length > 0) {
      const effect = isList && name !== 'ExposeHeader' ? 'rule-ignored' : 'value-ignored'
      yield { element: child, message: `${name} holds another element`, allowed: 'text only', effect }
      continue
    }
    if (isList) {
      const key = lists[name]
      const values = rule[key] ?? []
      if (values.length === 0) places.set(placeOf([index, key]), child)
      places.set(placeOf([index, key, values.length]), child)
      values.push(child.text)
      rule[key] = values
      continue
    }
    if (rule[name] !== undefined || repeated.has(name)) {
      // Which of them the endpoint goes by is not known.
      repeated.add(name)
      delete rule[name]
      const message = `${name} stands twice in one CORSRule`
      yield { element: child, message, allowed: 'one at most', effect: 'value-ignored' }
      continue
    }
    places.set(placeOf([index, name]), child)
    if (name === 'ID') rule.ID = child.text
    else rule.MaxAgeSeconds = plainInteger.test(child.text) ? Number(child.text) : child.text
  }
}

const ruleElements = `${Object.keys(lists).join(', ')}, ID or MaxAgeSeconds`

function isListName(name: string): name is keyof typeof lists {
  return Object.hasOwn(lists, name)
}

/** Text beside the elements is no extension of a schema, but something gone wrong. */
function hasText(element: XmlElement): boolean {
  return element.children.some(node => node instanceof XmlText && /[^ \t\n]/.test(node.text))
}

function strayText(element: XmlElement): FormFault {
  return { element, message: `${localName(element)} holds text beside its elements`, allowed: 'elements only' }
}

function unknownElement(element: XmlElement, allowed: string): FormFault {
  return { element, message: `${shown(element)} is not known here`, allowed }
}

/** A name out of a foreign document, short enough for a message. */
function shown(element: XmlElement): string {
  return `<${shortened(localName(element), 40)}>`
}

function locate(
  text: string,
  places: Places,
  path: readonly (string | number)[],
): SourcePosition & { readonly exact: boolean } {
  for (let length = path.length; length > 0; length--) {
    const element = places.get(placeOf(path.slice(0, length)))
    if (element !== undefined) return { ...positionAt(text, element.start), exact: length === path.length }
  }
  return { ...positionAt(text, places.get(placeOf([]))?.start ?? 0), exact: path.length === 0 }
}

function placeOf(path: readonly (string | number)[]): string {
  return path.join('/')
}

/** Writes rules as GetBucketCors does: elements in the order of the API reference, values as they were given. */
export function renderCorsConfigurationXml(rules: readonly CorsRule[]): string {
  let text =
    '<?xml version="1.0" encoding="UTF-8"?>\n<CORSConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
  for (const rule of rules) {
    text += '<CORSRule>'
    text += elements('AllowedHeader', rule.allowedHeaders)
    text += elements('AllowedMethod', rule.allowedMethods)
    text += elements('AllowedOrigin', rule.allowedOrigins)
    text += elements('ExposeHeader', rule.exposeHeaders)
    if (rule.id !== undefined) text += elements('ID', [rule.id])
    if (rule.maxAgeSeconds !== undefined) text += elements('MaxAgeSeconds', [String(rule.maxAgeSeconds)])
    text += '</CORSRule>'
  }
  return `${text}</CORSConfiguration>`
}

function elements(name: string, values: readonly string[]): string {
  return values.map(value => `<${name}>${escapeXmlText(value)}</${name}>`).join('')
}
