import type { BlockList } from 'node:net'
import { isIPv4, isIPv6 } from 'node:net'
import type { GuardedRequest } from './request-guard.ts'

/** What becomes of X-Forwarded-For, X-Real-IP and Forwarded. `append` holds only for peers in `trusted`. */
export interface ForwardedForPolicy {
  readonly mode: 'replace' | 'append' | 'preserve'
  readonly trusted: BlockList
}

/**
 * The field lines that tell the endpoint who the client is, each with its CRLF. By default what the client says of itself
 * is dropped, because MinIO believes it for `aws:SourceIp`. A field that the client signed is never touched: its
 * signature would no longer hold, and the endpoint refuses it if the client lied.
 */
export function forwardedLines(request: GuardedRequest, peer: string | undefined, policy: ForwardedForPolicy): string {
  const { forwardedFields } = request
  if (forwardedFields === undefined) {
    return policy.mode === 'preserve' || peer === undefined ? '' : `X-Forwarded-For: ${peer}\r\n`
  }
  const append = policy.mode === 'append' && peer !== undefined && isTrusted(peer, policy.trusted)
  const signed = signedHeaders(request)
  let lines = ''
  let chain: string | undefined
  let chainSigned = false
  for (let i = 0; i < forwardedFields.length; i += 2) {
    const name = forwardedFields[i] as string
    const value = forwardedFields[i + 1] as string
    const lowerCase = name.toLowerCase()
    if (policy.mode === 'preserve' || signed.includes(lowerCase)) {
      lines += `${name}: ${value}\r\n`
      if (lowerCase === 'x-forwarded-for') chainSigned = true
    } else if (append) {
      if (lowerCase === 'x-forwarded-for') chain = chain === undefined ? value : `${chain}, ${value}`
      else lines += `${name}: ${value}\r\n`
    }
  }
  if (policy.mode === 'preserve' || chainSigned || peer === undefined) return lines
  return `${lines}X-Forwarded-For: ${chain === undefined || chain === '' ? peer : `${chain}, ${peer}`}\r\n`
}

function isTrusted(peer: string, trusted: BlockList): boolean {
  const mapped = peer.startsWith('::ffff:') ? peer.slice(7) : peer
  if (isIPv4(mapped)) return trusted.check(mapped, 'ipv4')
  return isIPv6(peer) && trusted.check(peer, 'ipv6')
}

/** The names in SigV4's SignedHeaders, of the Authorization field or of a presigned query, in lower case. */
function signedHeaders(request: GuardedRequest): readonly string[] {
  const names: string[] = []
  const field = /SignedHeaders=([^,\s]*)/i.exec(request.authorization ?? '')?.[1]
  if (field !== undefined) names.push(...field.toLowerCase().split(';'))
  const query = /[?&]X-Amz-SignedHeaders=([^&]*)/i.exec(request.target)?.[1]
  if (query !== undefined) names.push(...query.toLowerCase().split(/;|%3b/))
  return names
}
