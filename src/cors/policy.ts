import type { Decision } from './decide.ts'
import { toFieldValue } from './field-value.ts'
import { indexOrigins, type OriginIndex } from './origin-index.ts'
import { compilePatterns, type PatternList } from './pattern-list.ts'
import { type CorsMethod, type CorsRule, corsMethods } from './rule.ts'

/** One rule with everything made that can be made before a request comes. Frozen: shared by all requests. */
export interface CompiledRule {
  readonly rule: CorsRule
  /** Its place in the bucket's configuration, from 0. */
  readonly index: number
  /**
   * AllowedOrigins holds the literal `*`: Access-Control-Allow-Origin is then `*`, without credentials, whatever other
   * origins the rule lists (cors-semantics Q4).
   */
  readonly anyOrigin: boolean
  readonly origins: PatternList
  /** One bit per method, see {@link methodBit}. */
  readonly methods: number
  /** In lower case: field names are compared without case, https://www.rfc-editor.org/rfc/rfc9110#section-5.1. */
  readonly headers: PatternList
  /** Access-Control-Allow-Methods, with its CRLF: all the rule's methods, not the requested one. */
  readonly methodsLine: string
  /** The field lines after Access-Control-Allow-Headers, the same for every request, each with its CRLF. */
  readonly closingLines: string
  /** What decide answers when this rule matches. */
  readonly decision: Decision
}

/** The compiled rules of one bucket, in the order of its configuration. */
export interface Policy {
  readonly rules: readonly CompiledRule[]
  readonly origins: OriginIndex
  /** The rules as they were written. */
  readonly configuration: readonly CorsRule[]
}

/** Compiles rules that parseRules accepted. */
export function compilePolicy(rules: readonly CorsRule[]): Policy {
  // Most rules of a bucket say the same there: one string for all of them.
  const texts = new Map<string, string>()
  const once = (text: string) => {
    const known = texts.get(text)
    if (known === undefined) texts.set(text, text)
    return known ?? text
  }
  const compiled = Object.freeze(rules.map((rule, index) => compileRule(rule, index, once)))
  return Object.freeze({ rules: compiled, origins: indexOrigins(compiled), configuration: rules })
}

/** A method as one bit of {@link CompiledRule.methods}: byte for byte, 0 for what no rule can list. */
export function methodBit(method: string): number {
  switch (method) {
    case 'GET':
      return 1
    case 'PUT':
      return 2
    case 'POST':
      return 4
    case 'DELETE':
      return 8
    case 'HEAD':
      return 16
    default:
      return 0
  }
}

/** Says whether `method` is one that a rule can list. */
export function isCorsMethod(method: string): method is CorsMethod {
  return corsMethods.some(listed => listed === method)
}

function compileRule(rule: CorsRule, index: number, once: (text: string) => string): CompiledRule {
  const origins = compilePatterns(rule.allowedOrigins.map(toFieldValue))
  // The rule and its decision hold each other: the cast is true from the assignment below on.
  const decision = { allowed: true, reason: 'matched' } as { allowed: true; reason: 'matched'; rule: CompiledRule }
  decision.rule = Object.freeze({
    rule,
    index,
    anyOrigin: origins.any,
    origins,
    methods: rule.allowedMethods.reduce((bits, method) => bits | methodBit(method), 0),
    headers: compilePatterns(rule.allowedHeaders.map(name => name.toLowerCase())),
    methodsLine: once(`Access-Control-Allow-Methods: ${rule.allowedMethods.join(', ')}\r\n`),
    closingLines: once(closingLines(rule, origins.any)),
    decision,
  })
  return Object.freeze(decision).rule
}

function closingLines(rule: CorsRule, anyOrigin: boolean): string {
  let lines = ''
  if (rule.exposeHeaders.length > 0) lines += `Access-Control-Expose-Headers: ${rule.exposeHeaders.join(', ')}\r\n`
  if (rule.maxAgeSeconds !== undefined) lines += `Access-Control-Max-Age: ${rule.maxAgeSeconds}\r\n`
  // Never `false`: only `true` is in the grammar, https://fetch.spec.whatwg.org/#http-new-header-syntax.
  if (!anyOrigin) lines += 'Access-Control-Allow-Credentials: true\r\n'
  return lines
}
