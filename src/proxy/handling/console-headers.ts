import { flatFields } from '../../http/flat-fields.ts'
import type { ClientRequest } from '../client/client-request.ts'
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
  const added = flatFields(forwardedLines)
  for (let i = 0; i < added.length; i += 2) {
    const name = (added[i] as string).toLowerCase()
    const value = added[i + 1] as string
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`
  }
  if (guarded.contentLength !== undefined) headers['content-length'] = guarded.contentLength
}
