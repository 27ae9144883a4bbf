import type { CorsRequest } from './cors-request.ts'
import type { CompiledRule } from './policy.ts'

/** The Vary that S3 sends whenever a rule matched, byte for byte. */
export const corsVary = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'

/**
 * Appends to `into` the fields, `[name, value, …]`, that S3 adds when `rule` matched: in S3's order, on preflights and on
 * actual responses of any status alike, without Vary (which has to be merged with the endpoint's: see vary.ts).
 */
export function appendCorsFields(into: string[], rule: CompiledRule, request: CorsRequest): void {
  into.push(
    'Access-Control-Allow-Origin',
    rule.anyOrigin ? '*' : request.origin,
    'Access-Control-Allow-Methods',
    rule.allowMethods,
  )
  // The requested names, never `*`: so a rule with `*` covers Authorization as well, which the field's `*` would not,
  // https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name.
  if (request.headerNames.length > 0) into.push('Access-Control-Allow-Headers', request.headerNames.join(', '))
  const { closingFields } = rule
  for (let i = 0; i < closingFields.length; i++) into.push(closingFields[i] as string)
}
