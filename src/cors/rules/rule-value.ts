// One value of a rule at a time: each check says what is wrong with it, in S3's words, or nothing.

import { isToken } from '../../http/token.ts'
import { corsMethods, isCorsMethod, type RuleIssue } from './rule.ts'
import { invalid, malformed, type RulePath } from './rule-fault.ts'

/** The longest ID that S3 takes. */
export const maxIdLength = 255

/** https://www.w3.org/TR/xml/#charsets */
const xmlText = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u

const methodList = corsMethods.join(', ')

/** An AllowedOrigins value: any text that a field value could hold, with at most one `*`. S3 never parses it. */
export function checkOrigin(value: string, path: RulePath): RuleIssue | undefined {
  if (hasTwoWildcards(value)) return tooManyWildcards('AllowedOrigin', value, path)
  if (hasUnsendable(value)) {
    return invalid(
      'unsendable-character',
      path,
      value,
      `AllowedOrigin "${value}" contains invalid character.`,
      'an origin as a browser sends it: no control characters, nothing over U+00FF; a host name in its xn-- form',
    )
  }
  return undefined
}

/** An AllowedMethods value: one of the five, byte for byte. */
export function checkMethod(value: string, path: RulePath): RuleIssue | undefined {
  if (isCorsMethod(value)) return undefined
  const upper = value.toUpperCase()
  return invalid(
    'unsupported-method',
    path,
    value,
    `Found unsupported HTTP method in CORS config. Unsupported method is ${value}`,
    joined(value) ??
      (isCorsMethod(upper) ? `${upper}, in upper case` : `one of ${methodList}${otherMethodHint(upper)}`),
  )
}

/** An AllowedHeaders value: a field name with at most one `*`. `*` is a token character itself. */
export function checkAllowedHeader(value: string, path: RulePath): RuleIssue | undefined {
  if (hasTwoWildcards(value)) return tooManyWildcards('AllowedHeader', value, path)
  if (!isToken(value)) return invalidName(value, path, 'a field name, with at most one *')
  return undefined
}

/** An ExposeHeaders value: a field name. */
export function checkExposeHeader(value: string, path: RulePath): RuleIssue | undefined {
  if (value.includes('*')) {
    return invalid(
      'wildcard-not-supported',
      path,
      value,
      `ExposeHeader "${value}" contains wildcard. We currently do not support wildcard for ExposeHeader.`,
      'each field name written out',
    )
  }
  if (!isToken(value)) return invalidName(value, path, 'a field name, such as ETag')
  return undefined
}

/** An ID: at most 255 characters, of those that an XML document can hold. */
export function checkId(value: string, path: RulePath): RuleIssue | undefined {
  const length = [...value].length
  if (length > maxIdLength) {
    return malformed('id-too-long', path, value, `ID has ${length} characters`, `at most ${maxIdLength} characters`)
  }
  if (!xmlText.test(value)) {
    return malformed(
      'unsendable-character',
      path,
      value,
      'ID holds a character that XML cannot',
      'an ID without control characters',
    )
  }
  return undefined
}

/** MaxAgeSeconds: an integer. S3 takes negative ones, and 0, and sends them as they are. */
export function checkMaxAge(value: unknown, path: RulePath): RuleIssue | undefined {
  if (Number.isSafeInteger(value)) return undefined
  return malformed(
    'not-an-integer',
    path,
    value,
    'MaxAgeSeconds is not an integer',
    `a whole number of seconds, unquoted, such as 3000${value === null ? ', or leave the key out' : ''}`,
  )
}

function tooManyWildcards(element: string, value: string, path: RulePath): RuleIssue {
  const message = `${element} "${value}" can not have more than one wildcard.`
  return invalid('too-many-wildcards', path, value, message, 'one * at most; write several entries instead')
}

/** S3 says AllowedHeader of a bad ExposeHeader too. */
function invalidName(value: string, path: RulePath, allowed: string): RuleIssue {
  return invalid(
    'invalid-character',
    path,
    value,
    `AllowedHeader "${value}" contains invalid character.`,
    joined(value) ?? `${allowed}: letters, digits and !#$%&'*+-.^_\`|~ only`,
  )
}

/** What is meant by several names in one value. */
function joined(value: string): string | undefined {
  if (!value.includes(',')) return undefined
  const names = value.split(',').flatMap(name => (name.trim() === '' ? [] : [JSON.stringify(name.trim())]))
  return `each name as a value of its own: ${names.slice(0, 10).join(', ')}${names.length > 10 ? ' …' : ''}`
}

function hasTwoWildcards(value: string): boolean {
  const first = value.indexOf('*')
  return first !== -1 && value.includes('*', first + 1)
}

/** Controls (C0, DEL, C1) and what is over U+00FF, https://www.rfc-editor.org/rfc/rfc9110#section-5.5. */
function hasUnsendable(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (code < 0x20 || (code > 0x7e && code < 0xa0) || code > 0xff) return true
  }
  return false
}

function otherMethodHint(upper: string): string {
  if (upper === 'OPTIONS') return '; preflights need no entry'
  return upper === '*' ? '; write out those that are meant' : ''
}
