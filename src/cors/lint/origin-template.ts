import { delimitedTemplate, templateName } from '../../text/template-mark.ts'
import type { RuleIssueReason } from '../rules/rule.ts'
import { browserOrigin } from './browser-origin.ts'

/** What a value is instead of an origin: a placeholder that was not filled in, or a pattern in another language. */
export interface OriginTemplate {
  readonly reason: RuleIssueReason
  readonly message: string
  readonly allowed: string
}

/** The marks of a template, and `<your-domain>`. */
const placeholder = new RegExp(`${delimitedTemplate.source}|${templateName.source}|\\}\\}|[<>]`)

/** `MY_DOMAIN_NAME`. */
const variableName = /\b[A-Z]{2,}(?:_[A-Z]{2,})+\b/
/** The host of an app's own scheme, `app://MY_APP`, may have such a name; that of a web page or of a browser's extension has not. */
const appScheme = /^(?!https?:|[a-z-]+-extension:)[a-z][a-z\d+.-]*:\/\//i

/** Signs of a regular expression: anchors, escapes, groups, and what repeats what stands before it. */
const expression =
  /^\^|\$$|\\[.dwsbDWSB/:-]|\(\?|\([^()]*\)|\[[^\][:*]*\]|\.\+|\.\*\\|https\?:|[\w)\]]\{\d{0,4},?\d{0,4}\}|^\/.*\/[gimsuy]*$/

/** Shell's alternatives and its sign for one character. */
const glob = /\{[^{}]*\}|:\/\/[^/]*\?[\w-]*\.[a-z]/i

/** Finds what makes a value no origin at all; undefined for what may be one. */
export function findTemplate(value: string): OriginTemplate | undefined {
  if (placeholder.test(value) || (variableName.test(value) && !appScheme.test(value))) {
    const message = 'this is a placeholder that was not filled in'
    return { reason: 'placeholder', message, allowed: 'the origin itself, such as "https://app.example.com"' }
  }
  const message =
    'this is a regular expression or a shell pattern, and S3 has only *, at most one in a value, for any characters'
  if (expression.test(value)) return { reason: 'foreign-pattern', message, allowed: asWildcard(value) }
  if (!glob.test(value)) return undefined
  return { reason: 'foreign-pattern', message, allowed: eachOf(value) ?? 'each origin as a value of its own' }
}

/** The origins that `{a,b}` stands for. */
function eachOf(value: string): string | undefined {
  const found = /^([^{}]*)\{([^{}]+)\}([^{}]*)$/.exec(value)
  if (found === null) return undefined
  const [, before = '', choices = '', after = ''] = found
  const origins = choices.split(',').map(choice => browserOrigin(`${before}${choice.trim()}${after}`))
  if (origins.length > 10 || origins.some(origin => origin === undefined)) return undefined
  return `each origin as a value of its own: ${origins.map(origin => JSON.stringify(origin)).join(', ')}`
}

/** A simple expression as S3 would have it. */
function asWildcard(value: string): string {
  const plain = value
    .replace(/^\/(.*)\/[gimsuy]*$/, '$1')
    .replace(/^\^/, '')
    .replace(/\$$/, '')
    .replace(/^https\?:/, 'https:')
    .replaceAll(/\(?(?:\.[*+]|\[[^\][]*\][*+]|\\w[*+])\)?\??/g, '*')
    .replaceAll(/\\([./:-])/g, '$1')
  const written = /^[^\\^$()[\]{}?+|]*$/.test(plain) && plain.split('*').length <= 2 ? browserOrigin(plain) : undefined
  return written === undefined
    ? 'each origin as a value of its own, or one *, such as "https://*.example.com"'
    : JSON.stringify(written)
}
