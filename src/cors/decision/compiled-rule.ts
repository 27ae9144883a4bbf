import { compilePatterns, type PatternList } from '../patterns/pattern-list.ts'
import type { CorsRule } from '../rules/rule.ts'

/**
 * One rule with everything made that can be made before a request comes, but for its origins; and what decide answers when it is
 * the one that matches. Frozen: shared by all requests.
 */
export interface CompiledRule extends RuleAnswer {
  readonly allowed: true
  readonly reason: 'matched'
  readonly rule: CorsRule
  /** Its place in the bucket's configuration, from 0. */
  readonly index: number
}

/** What a rule says to an origin that it lists. */
interface RuleAnswer {
  /**
   * AllowedOrigins holds the literal `*`: Access-Control-Allow-Origin is then `*`, without credentials, whatever other
   * origins the rule lists.
   */
  readonly anyOrigin: boolean
  /** One bit per method, see {@link methodBit}. */
  readonly methods: number
  /** In lower case: field names are compared without case, https://www.rfc-editor.org/rfc/rfc9110#section-5.1. */
  readonly headers: PatternList
  /** Access-Control-Allow-Methods, with its CRLF: all the rule's methods, not the requested one. */
  readonly methodsLine: string
  /** The field lines after Access-Control-Allow-Headers, the same for every request, each with its CRLF. */
  readonly closingLines: string
}

/** Compiles the rule that stands at `index` of a bucket's configuration. */
export function compileRule(rule: CorsRule, index: number): CompiledRule {
  const { anyOrigin, methods, headers, methodsLine, closingLines } = answerOf(rule)
  // No spread, which would put all but what is spread in a second place in memory; what decides stands first
  // (`bench:micro 'decision in a table'`).
  const [allowed, reason] = matched
  return Object.freeze({ methods, headers, allowed, reason, rule, index, anyOrigin, methodsLine, closingLines })
}

const matched = [true, 'matched'] as const

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

/**
 * The answers of rules that came before: most rules, of all buckets, say the same but for their origins. Bounded, in their
 * number and in their length, and emptied when it is full.
 */
const knownAnswers = new Map<string, RuleAnswer>()
const knownAnswerLimits = Object.freeze({ answers: 256, characters: 1024 })

function answerOf(rule: CorsRule): RuleAnswer {
  const anyOrigin = rule.allowedOrigins.includes('*')
  const { allowedMethods, allowedHeaders, exposeHeaders, maxAgeSeconds } = rule
  // As JSON, in which no value can look like two.
  const key = JSON.stringify([anyOrigin, allowedMethods, allowedHeaders, exposeHeaders, maxAgeSeconds])
  const known = knownAnswers.get(key)
  if (known !== undefined) return known
  const answer = {
    anyOrigin,
    methods: allowedMethods.reduce((bits, method) => bits | methodBit(method), 0),
    headers: compilePatterns(allowedHeaders.map(name => name.toLowerCase())),
    methodsLine: `Access-Control-Allow-Methods: ${allowedMethods.join(', ')}\r\n`,
    closingLines: closingLines(rule, anyOrigin),
  }
  if (key.length > knownAnswerLimits.characters) return answer
  if (knownAnswers.size === knownAnswerLimits.answers) knownAnswers.clear()
  knownAnswers.set(key, answer)
  return answer
}

function closingLines(rule: CorsRule, anyOrigin: boolean): string {
  let lines = ''
  if (rule.exposeHeaders.length > 0) lines += `Access-Control-Expose-Headers: ${rule.exposeHeaders.join(', ')}\r\n`
  if (rule.maxAgeSeconds !== undefined) lines += `Access-Control-Max-Age: ${rule.maxAgeSeconds}\r\n`
  // Never `false`: only `true` is in the grammar, https://fetch.spec.whatwg.org/#http-new-header-syntax.
  if (!anyOrigin) lines += 'Access-Control-Allow-Credentials: true\r\n'
  return lines
}
