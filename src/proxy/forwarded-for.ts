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
export function forwardedLines(
  request: GuardedRequest,
  peerAddress: string | undefined,
  policy: ForwardedForPolicy,
): string {
  const { forwardedFields } = request
  const peer = peerAddress === undefined ? undefined : withoutMapping(peerAddress)
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

/** The IPv4 address that a dual-stack socket shows as `::ffff:192.0.2.1`: policies and `trustedProxies` are written for it. */
function withoutMapping(peer: string): string {
  const address = peer.startsWith('::ffff:') ? peer.slice(7) : ''
  return isIPv4(address) ? address : peer
}

function isTrusted(peer: string, trusted: BlockList): boolean {
  return trusted.check(peer, isIPv6(peer) ? 'ipv6' : 'ipv4')
}

/**
 * The names in SigV4's SignedHeaders, in lower case. Only of a request that the endpoint will take for signed by them:
 * SignedHeaders alone, beside no signature or another one, would let anybody keep an address of their choice.
 */
function signedHeaders({ authorization, target }: GuardedRequest): readonly string[] {
  if (authorization !== undefined) {
    if (!/^AWS4-[^\s,]+\s/.test(authorization) || !/[\s,]Signature=/.test(authorization)) return []
    const names = /[\s,]SignedHeaders=([^,\s]*)/.exec(authorization)?.[1]
    return names === undefined ? [] : names.toLowerCase().split(';')
  }
  // Presigned. The parameters' names are case-sensitive, and an AWSAccessKeyId makes it version 2, which signs no such field.
  const presigned = /[?&]X-Amz-Credential=/.test(target) && /[?&]X-Amz-Signature=/.test(target)
  if (!presigned || /[?&]AWSAccessKeyId=/.test(target)) return []
  const names = /[?&]X-Amz-SignedHeaders=([^&]*)/.exec(target)?.[1]
  return names === undefined ? [] : names.toLowerCase().split(/;|%3b/)
}
