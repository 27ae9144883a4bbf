import { withoutFields } from '../../http/field-line.ts'
import type { GuardedRequest } from './request-guard.ts'

const conditions = ['if-none-match', 'if-modified-since'] as const

/**
 * The read without the conditions that a 304 answers; other requests as they are. A 304 adds fields to what a cache keeps and
 * takes none away, https://www.rfc-editor.org/rfc/rfc9111#section-3.2: a page that is no longer allowed would go on with the
 * Access-Control-Allow-Origin of the day it was. A condition that is signed stays, or the signature would not hold.
 */
export function unconditionalRequest(request: GuardedRequest): GuardedRequest {
  const { method, lines } = request
  if (method !== 'GET' && method !== 'HEAD') return request
  const read = `\r\n${lines.toLowerCase()}`
  const removed = conditions.filter(name => read.includes(`\r\n${name}:`) && !isSigned(request, name))
  return removed.length === 0 ? request : { ...request, lines: withoutFields(lines, removed) }
}

/** Named in SigV4's SignedHeaders, whether or not the rest of the signature is whole. */
export function isSigned(
  { authorization, target }: Pick<GuardedRequest, 'authorization' | 'target'>,
  name: string,
): boolean {
  const names =
    /[\s,]SignedHeaders=([^,\s]*)/.exec(authorization ?? '')?.[1] ??
    /[?&]X-Amz-SignedHeaders=([^&]*)/.exec(target)?.[1] ??
    ''
  return names.toLowerCase().split(/;|%3b/).includes(name)
}
