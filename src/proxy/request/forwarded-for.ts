import { withoutWhitespace } from '../../http/whitespace.ts'
import { signedFieldNames } from '../../s3/signature/signed-fields.ts'
import { clientChain, type ForwardedForPolicy, firstAddress, isBelieved } from './client-address.ts'
import type { GuardedRequest } from './request-guard.ts'

/**
 * The field lines that tell the endpoint who the client is, each with its CRLF. By default what the client says of itself
 * is dropped, because endpoints believe it for `aws:SourceIp` and `aws:SecureTransport`. A field that the request truly signs
 * is never touched: its signature would no longer hold, and the endpoint refuses it unless a holder of the key wrote it.
 */
export function forwardedLines(
  request: GuardedRequest,
  peerAddress: string | undefined,
  policy: ForwardedForPolicy,
): string {
  const { forwardedFields } = request
  const chain = policy.mode === 'preserve' ? undefined : clientChain(peerAddress, forwardedFields, policy)
  const chainLine = chain === undefined ? '' : `X-Forwarded-For: ${chain}\r\n`
  if (forwardedFields === undefined) return chainLine

  const believed = isBelieved(peerAddress, policy)
  const signed = policy.mode === 'preserve' ? undefined : signedOnce(request, forwardedFields)
  let lines = ''
  let chainSigned = false
  let realIp = chain === undefined ? undefined : firstAddress(chain)
  for (let i = 0; i < forwardedFields.length; i += 2) {
    const name = forwardedFields[i] as string
    const lowerCase = name.toLowerCase()
    if (policy.mode === 'preserve' || signed?.has(lowerCase) === true || (believed && isOfConnection(lowerCase))) {
      lines += `${name}: ${forwardedFields[i + 1] as string}\r\n`
      if (lowerCase === 'x-forwarded-for') chainSigned = true
    } else if (believed && lowerCase === 'x-real-ip' && realIp !== undefined) {
      lines += `X-Real-IP: ${realIp}\r\n`
      realIp = undefined
    }
  }
  return chainSigned ? lines : lines + chainLine
}

/** What a proxy says of the connection that it took, which is no address: it passes from one that is trusted. */
function isOfConnection(name: string): boolean {
  return name === 'x-forwarded-proto' || name === 'x-forwarded-host' || name === 'x-forwarded-port'
}

/** The names among `fields` that the request truly signs. Of two lines, servers differ in which one was signed; empty, it is none. */
function signedOnce(request: GuardedRequest, fields: readonly string[]): ReadonlySet<string> {
  const { method, target, authorization, lines } = request
  const signed = signedFieldNames({
    method,
    target,
    authorization,
    contentType: valueIn(lines, 'content-type'),
    date: valueIn(lines, 'x-amz-date'),
    contentSha256: valueIn(lines, 'x-amz-content-sha256'),
  })
  const once = new Set<string>()
  if (signed.length === 0) return once
  // Each name and each line is looked at once: there may be hundreds of both.
  const names = new Set(signed)
  for (let i = 0; i < fields.length; i += 2) {
    const name = (fields[i] as string).toLowerCase()
    if (!names.has(name)) continue
    if (once.delete(name)) names.delete(name)
    else if (fields[i + 1] === '') names.delete(name)
    else once.add(name)
  }
  return once
}

/** The value of a field among `lines`, which holds it once at most. */
function valueIn(lines: string, name: string): string | undefined {
  for (let start = 0; start < lines.length; ) {
    const end = lines.indexOf('\r\n', start)
    const colon = start + name.length
    if (lines.charCodeAt(colon) === 0x3a && lines.slice(start, colon).toLowerCase() === name)
      return withoutWhitespace(lines, colon + 1, end)
    start = end + 2
  }
  return undefined
}
