import type { S3Error } from '../../s3/errors/error-catalogue.ts'
import { renderError } from '../../s3/errors/error-response.ts'
import { OutgoingFields } from '../node/outgoing-fields.ts'
import type { ProxyRequest } from '../node/proxy-request.ts'
import type { ProxyResponse } from '../node/proxy-response.ts'
import type { RequestRecord } from '../request/request-record.ts'
import { lingerAtEnd } from '../server/lingering-close.ts'
import type { ProxyContext, ProxySettings } from './proxy-context.ts'

/** An answer of the proxy itself, as S3 words it. */
export interface OwnAnswer {
  readonly error: S3Error
  /** Further ones: CORS, Vary. */
  readonly fields: OutgoingFields
  /** The connection ends after it: what the client still sends is not to be read as a request. */
  readonly close: boolean
}

const plainXml = 'Content-Type: application/xml\r\nX-Content-Type-Options: nosniff\r\n'

export const noStoreLine = 'Cache-Control: no-store\r\n'

/**
 * Whether no cache may keep the answer: without a word of ours one that is told to keep every status (nginx's
 * `proxy_cache_valid any`) would give one client's refusal to all. S3 says nothing of it in a refusal, so neither does
 * `matched`; failures are of the moment in any case.
 */
export function isNeverStored({ status }: S3Error, { varyAlways }: Pick<ProxySettings, 'varyAlways'>): boolean {
  return varyAlways || status >= 500
}

/** Sends `answer`; its code and request id go into `record`. No Server field: it would claim to be S3 itself. */
export function sendLocalReply(
  request: ProxyRequest,
  response: ProxyResponse,
  answer: OwnAnswer,
  context: Pick<ProxyContext, 'ids' | 'closing' | 'settings'>,
  record: RequestRecord,
): void {
  const { requestId, hostId } = context.ids()
  const body = renderError(answer.error, requestId, hostId)
  const fields = new OutgoingFields()
  fields.lines = `x-amz-request-id: ${requestId}\r\nx-amz-id-2: ${hostId}\r\n${plainXml}${answer.fields.lines}`
  if (isNeverStored(answer.error, context.settings)) fields.lines += noStoreLine
  const { retryAfterSeconds } = answer.error
  if (retryAfterSeconds !== undefined) fields.add('Retry-After', String(retryAfterSeconds))
  const bodyBytes = Buffer.byteLength(body)
  fields.setLength(bodyBytes)
  // A body that is not read must not be taken for the next request.
  const content = mayHaveContent(request) && !request.complete
  const close = answer.close || answer.error.closes === true || content
  if (close) {
    fields.closes = true
    context.closing.add(request.socket)
    if (content) lingerAtEnd(request)
  }
  record.status = answer.error.status
  record.errorCode = answer.error.code
  record.requestId = requestId
  response.writeHead(answer.error.status, undefined, fields)
  // A string takes the fields with it into its encoding, and an Origin that goes back is bytes already: only what is ASCII may be
  // one, which then leaves in one write with its head.
  response.end(bodyBytes === body.length ? body : Buffer.from(body))
}

function mayHaveContent(request: ProxyRequest): boolean {
  const { 'transfer-encoding': codings, 'content-length': length } = request.headers
  return codings !== undefined || (length !== undefined && length !== '0')
}
