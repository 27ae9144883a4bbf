import { clientChain, type ForwardedForPolicy } from './client-address.ts'
import type { GuardedRequest } from './request-guard.ts'

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
  const chain = clientChain(peerAddress, forwardedFields, policy)
  const chainLine = policy.mode === 'preserve' || chain === undefined ? '' : `X-Forwarded-For: ${chain}\r\n`
  if (forwardedFields === undefined) return chainLine
  const signed = signedHeaders(request)
  let lines = ''
  let chainSigned = false
  for (let i = 0; i < forwardedFields.length; i += 2) {
    const name = forwardedFields[i] as string
    const lowerCase = name.toLowerCase()
    if (policy.mode !== 'preserve' && !signed.includes(lowerCase)) continue
    lines += `${name}: ${forwardedFields[i + 1] as string}\r\n`
    if (lowerCase === 'x-forwarded-for') chainSigned = true
  }
  return chainSigned ? lines : lines + chainLine
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
