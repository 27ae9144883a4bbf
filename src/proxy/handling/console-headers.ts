import type { ClientRequest } from '../node/client-request.ts'
import { isForwardedField } from '../request/forwarded-field.ts'
import type { GuardedRequest } from '../request/request-guard.ts'

/**
 * Makes all `headers` of a request what the console may read: as they came, but for framing in canonical form and for who the
 * client is, which the console passes on to the endpoint.
 */
export function settleHeaders(request: ClientRequest, guarded: GuardedRequest, forwardedLines: string): void {
  request.readAllHeaders()
  const { headers } = request
  for (const name of Object.keys(headers)) if (isForwardedField(name.replaceAll('_', '-'))) delete headers[name]
  for (const line of forwardedLines.split('\r\n').slice(0, -1)) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 2)
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`
  }
  if (guarded.contentLength !== undefined) headers['content-length'] = guarded.contentLength
}
