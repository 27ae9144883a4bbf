import { corsVary } from '../../cors/decision/response-fields.ts'
import type { BucketAddress } from '../../s3/address/bucket-address.ts'
import { type S3Error, s3Errors } from '../../s3/errors/error-catalogue.ts'
import type { ClientRequest } from '../client/client-request.ts'
import type { ClientResponse } from '../client/client-response.ts'
import { OutgoingFields } from '../client/outgoing-fields.ts'
import { replyWithError } from '../exchange/local-reply.ts'
import { appendCors, type ResponseCors } from '../exchange/relayed-fields.ts'
import type { GuardedRequest } from '../request/request-guard.ts'
import { endRequest, type RequestRecord, warnOfFault } from '../request/request-record.ts'
import type { ProxyContext, ProxySettings } from './proxy-context.ts'

/** A bucket that a request names. */
export type Bucket = Extract<BucketAddress, { kind: 'bucket' }>

/** What is true of one request all the way down. */
export interface RequestContext {
  readonly request: ClientRequest
  readonly response: ClientResponse
  readonly settings: ProxySettings
  readonly guarded: GuardedRequest
  readonly record: RequestRecord
  readonly expectsContinue: boolean
  /** What it is addressed to, by every reading. */
  readonly address: Extract<BucketAddress, { kind: 'bucket' | 'none' }>
  /** The bucket of a virtual-hosted-style request. */
  readonly bucketInHost: string | undefined
}

/** The one place where a fault of our own ends: the client gets S3's 500, or sees a response break off; the log gets the cause. */
export function failInternally(
  context: ProxyContext,
  request: ClientRequest,
  response: ClientResponse,
  record: RequestRecord,
  error: unknown,
): void {
  warnOfFault(context.observer, error)
  const exchange = context.exchangeOf.get(request.socket)
  if (exchange?.underWay === true) exchange.abort(s3Errors.internalError)
  else if (response.headersSent || response.socket === null) {
    request.socket.destroy()
    endRequest(context, record)
  } else replyWithError(context, request, response, record, s3Errors.internalError, new OutgoingFields())
}

/** Goes on with the rules when they have come, unless the client has left meanwhile. `loading` never rejects. */
export function whenLoaded<Rules>(
  context: ProxyContext,
  { request, response, record }: RequestContext,
  loading: Promise<Rules>,
  goOn: (loaded: Rules) => void,
): void {
  loading
    .then(loaded => {
      if (response.destroyed) {
        record.clientAborted = true
        endRequest(context, record)
      } else goOn(loaded)
    })
    .catch((error: unknown) => failInternally(context, request, response, record, error))
}

/** The fields of an answer that is given before a policy is asked for: of a governed bucket they vary like all others. */
export function refusalFields({ policies, varyAlways }: ProxySettings, address: BucketAddress): OutgoingFields {
  const fields = new OutgoingFields()
  if (!varyAlways || address.kind !== 'bucket') return fields
  const { governed, enforcement } = policies.inspect(address.bucket)
  if (governed && enforcement !== 'report') fields.add('Vary', corsVary)
  return fields
}

/** Answers with `error`, and S3's CORS fields beside it. */
export function replyLocally(
  context: ProxyContext,
  requestContext: RequestContext,
  error: S3Error,
  cors: ResponseCors,
): void {
  const fields = new OutgoingFields()
  appendCors(fields, cors, undefined)
  replyWithError(context, requestContext.request, requestContext.response, requestContext.record, error, fields)
}
