import type { S3Error } from '../../s3/errors/error-catalogue.ts'
import { isKnownAscii, renderError } from '../../s3/errors/error-response.ts'
import type { RequestIds } from '../../s3/errors/request-ids.ts'
import type { ClientRequest } from '../client/client-request.ts'
import type { ClientResponse } from '../client/client-response.ts'
import { OutgoingFields } from '../client/outgoing-fields.ts'
import { endConnectionAfter } from '../node/lingering-close.ts'
import { endRequest, type RequestCounting, type RequestRecord } from '../request/request-record.ts'

/** What a reply is written to: a response, or a connection whose request never became whole. */
export interface ReplyWriter {
  writeHead(statusCode: number, reason: string | undefined, fields: OutgoingFields): void
  /** With the content: as a string, each character is a byte. */
  end(content: string | Buffer): void
}

/** What replies need of what all requests of one server share. */
export interface ReplyContext extends RequestCounting {
  readonly ids: () => RequestIds
  /** Client connections whose last answer was given: nothing more may be written to them. */
  readonly closing: WeakSet<object>
  /** Every response from now on says `Connection: close`. */
  readonly draining: boolean
  readonly settings: { readonly varyAlways: boolean }
}

const errorLines = 'Content-Type: application/xml\r\nX-Content-Type-Options: nosniff\r\n'

export const noStoreLine = 'Cache-Control: no-store\r\n'

/** Answers with `error`, beside `fields` (CORS, Vary), and ends the request. */
export function replyWithError(
  context: ReplyContext,
  request: ClientRequest,
  response: ClientResponse,
  record: RequestRecord,
  error: S3Error,
  fields: OutgoingFields,
): void {
  sendError(context, request, response, record, error, fields)
  endRequest(context, record)
}

/** The same, of a request whose end is still to come. */
export function sendError(
  context: ReplyContext,
  request: ClientRequest,
  response: ClientResponse,
  record: RequestRecord,
  error: S3Error,
  fields: OutgoingFields,
): void {
  const content = completeError(context, record, error, fields)
  sendReply(context, request, response, record, error.status, fields, content)
}

/**
 * Sends a reply of the proxy's own whose fields are complete. The connection ends after it where `fields` say so, in a drain, and
 * where content of the request is still to come: what is not read must not be taken for the next request.
 */
export function sendReply(
  context: ReplyContext,
  request: ClientRequest,
  response: ClientResponse,
  record: RequestRecord,
  status: number,
  fields: OutgoingFields,
  content: string | Buffer,
): void {
  const isUnread = !request.complete && mayHaveContent(request)
  if (fields.closes || isUnread || context.draining) {
    fields.closes = true
    endConnectionAfter(context.closing, request, isUnread)
  }
  write(response, record, status, fields, content)
}

/** Writes `error` where there is no request to send it to, and nothing but the reply and the end of the connection is to come. */
export function writeError(
  context: ReplyContext,
  writer: ReplyWriter,
  record: RequestRecord,
  error: S3Error,
  fields: OutgoingFields,
): void {
  write(writer, record, error.status, fields, completeError(context, record, error, fields))
}

/** Writes the status of `error` alone, to a client that expects no document of S3. */
export function writeStatus(writer: ReplyWriter, record: RequestRecord, { status }: S3Error): void {
  const fields = new OutgoingFields()
  fields.setLength(0)
  write(writer, record, status, fields, '')
}

/** Gives a reply of the proxy's own its ids; `record` gets the request's. */
export function identify(fields: OutgoingFields, { requestId, hostId }: RequestIds, record: RequestRecord): void {
  record.requestId = requestId
  fields.requestId = requestId
  fields.lines = `x-amz-id-2: ${hostId}\r\n${fields.lines}`
}

/** Completes `fields` and gives the content. No Server field: it would claim to be S3 itself. */
function completeError(
  { ids, settings }: ReplyContext,
  record: RequestRecord,
  error: S3Error,
  fields: OutgoingFields,
): string | Buffer {
  const own = ids()
  const body = renderError(error, own.requestId, own.hostId)
  fields.lines = errorLines + fields.lines
  identify(fields, own, record)
  // Without a word of ours a cache that is told to keep every status (nginx's `proxy_cache_valid any`) would give one client's
  // refusal to all. S3 says nothing of it in a refusal, so neither does `matched`; failures are of the moment in any case.
  if (settings.varyAlways || error.status >= 500) fields.lines += noStoreLine
  if (error.retryAfterSeconds !== undefined) fields.add('Retry-After', String(error.retryAfterSeconds))
  const bytes = isKnownAscii(error) ? body.length : Buffer.byteLength(body)
  fields.setLength(bytes)
  if (error.closes === true) fields.closes = true
  record.errorCode = error.code
  // A string takes the fields with it into its encoding, and an Origin that goes back is bytes already: only what is ASCII may be
  // one, which then leaves in one write with its head.
  return bytes === body.length ? body : Buffer.from(body)
}

function write(
  writer: ReplyWriter,
  record: RequestRecord,
  status: number,
  fields: OutgoingFields,
  content: string | Buffer,
): void {
  record.status = status
  // Of a string each character is a byte. An answer to HEAD says the length and has no content.
  if (record.method !== 'HEAD') record.responseBodyBytes += content.length
  writer.writeHead(status, undefined, fields)
  writer.end(content)
}

function mayHaveContent(request: ClientRequest): boolean {
  const { 'transfer-encoding': codings, 'content-length': length } = request.headers
  return codings !== undefined || (length !== undefined && length !== '0')
}
