import { parseCorsRequest } from '../../cors/decision/cors-request.ts'
import type { BucketPolicy } from '../../policies/policy-lookup.ts'
import { adviseOnHost } from '../../s3/address/unknown-host.ts'
import { type S3Error, s3Errors } from '../../s3/errors/error-catalogue.ts'
import type { ClientRequest } from '../client/client-request.ts'
import type { ClientResponse } from '../client/client-response.ts'
import { OutgoingFields } from '../client/outgoing-fields.ts'
import { replyWithError } from '../exchange/local-reply.ts'
import { Http2Response } from '../http2/http2-response.ts'
import { nodeResponseFor } from '../node/response/node-response.ts'
import { forwardedLines } from '../request/forwarded-for.ts'
import { guardRequest, isRejection } from '../request/request-guard.ts'
import { beginRequest, endRequest, type RequestRecord } from '../request/request-record.ts'
import { settleHeaders } from './console-headers.ts'
import { decideAndGo, refuseBlocked } from './decided-request.ts'
import type { ProxyContext } from './proxy-context.ts'
import { failInternally, type RequestContext, refusalFields, whenLoaded } from './request-context.ts'
import { agreedPolicy, blockingPolicy, isApplied, policiesOf, type SeveralReadings } from './several-readings.ts'
import { isStoreRequest, isStrayCorsOperation } from './store-reach.ts'
import { decisionOf, isOwnOrigin, noPolicy, noPolicyReported, noPolicyVaried, responseCorsOf } from './verdict.ts'

/** Handles one request. `expectsContinue`: its client waits for a 100 before it sends its content. */
export type RequestHandler = (request: ClientRequest, response: ClientResponse, expectsContinue: boolean) => void

const unknownPathTodo =
  'an entry under buckets if it is a bucket; unknownPaths: forward to let every such path through, without CORS'
const twoWaysTodo =
  'virtualHosts if the endpoint takes the bucket from this Host, hosts if it does not, upstream.host: rewrite if it takes its own Host only (check --connect tells which)'

/** Makes the handler: guard, bucket, policy, decision, and then an answer of our own or one exchange with the endpoint. */
export function createHandler(context: ProxyContext): RequestHandler {
  return (request, response, expectsContinue) => {
    const record = beginRequest(context, request.method, request.url, request.socket.remoteAddress)
    record.protocol = protocolOf(request)
    try {
      handle(context, request, response, expectsContinue, record)
    } catch (error) {
      failInternally(context, request, response, record, error)
    }
  }
}

function protocolOf({ httpVersionMajor, httpVersionMinor }: ClientRequest): RequestRecord['protocol'] {
  if (httpVersionMajor === 2) return 'HTTP/2.0'
  return httpVersionMinor === 0 ? 'HTTP/1.0' : 'HTTP/1.1'
}

function handle(
  context: ProxyContext,
  request: ClientRequest,
  response: ClientResponse,
  expectsContinue: boolean,
  record: RequestRecord,
): void {
  const { settings } = context
  const guarded = guardRequest(request, settings.guardLimits)
  if (isRejection(guarded)) {
    reject(context, request, response, record, guarded.error, closingFields())
    return
  }
  // Node's parser loses what follows such a request in the same packet, and would go on in the midst of another one.
  if (guarded.upgrade) response.shouldKeepAlive = false
  record.origin = guarded.origin
  record.requestMethod = guarded.requestMethod
  record.requestHeaders = guarded.requestHeaders
  const consoleProxy = settings.console
  if (consoleProxy?.matches(guarded.host) === true) {
    const refusal = consoleProxy.refuses(guarded)
    if (refusal === undefined) {
      if (expectsContinue) response.writeContinue()
      settleHeaders(request, guarded, forwardedLines(guarded, request.socket.remoteAddress, settings.forwardedFor))
      consoleProxy.web(
        request,
        response instanceof Http2Response ? response.forLibrary() : nodeResponseFor(response),
        record,
        () => endRequest(context, record),
      )
    } else {
      reject(context, request, response, record, refusal, closingFields())
    }
    return
  }
  const address = settings.addressOf(guarded.host, guarded.target)
  if (address.kind === 'ambiguous') {
    reject(context, request, response, record, s3Errors.invalidUri, new OutgoingFields())
    return
  }
  if (address.kind === 'door') {
    context.observer.warned('unknown_path', { path: address.door, todo: unknownPathTodo })
    reject(context, request, response, record, s3Errors.accessDenied, new OutgoingFields())
    return
  }
  const bucketInHost = address.kind === 'bucket' && address.style === 'virtual' ? address.bucket : undefined
  const requestContext: RequestContext = {
    request,
    response,
    settings,
    guarded,
    record,
    expectsContinue,
    address,
    bucketInHost,
  }
  if (isStoreRequest(settings, address, guarded) || isStrayCorsOperation(settings, address, guarded)) {
    reject(context, request, response, record, s3Errors.accessDenied, refusalFields(settings, address))
    return
  }
  if (address.kind === 'none' && address.unknownHost) {
    record.unknownHost = guarded.host
    const { todo } = adviseOnHost(guarded.host, settings, bucket => settings.policies.inspect(bucket).named)
    context.observer.warned('unknown_host', { host: guarded.host, todo })
  }
  if (address.others !== undefined) {
    handleSeveral(context, requestContext, address)
    return
  }
  if (address.kind === 'none') {
    decideAndGo(context, requestContext, undefined, settings.reportsAll ? noPolicyReported : noPolicy)
    return
  }
  record.bucket = address.bucket
  record.object = address.object
  const policy = settings.policies.peek(address.bucket)
  if (policy !== undefined) {
    decideAndGo(context, requestContext, address, policy)
    return
  }
  // A bucket's first use: one bounded call to its source, which never rejects.
  whenLoaded(context, requestContext, settings.policies.load(address.bucket), loaded =>
    decideAndGo(context, requestContext, address, loaded),
  )
}

/** Answers what is refused before any policy was asked. */
function reject(
  context: ProxyContext,
  request: ClientRequest,
  response: ClientResponse,
  record: RequestRecord,
  error: S3Error,
  fields: OutgoingFields,
): void {
  record.kind = 'rejected'
  replyWithError(context, request, response, record, error, fields)
}

function closingFields(): OutgoingFields {
  const fields = new OutgoingFields()
  fields.closes = true
  return fields
}

/** A request that an endpoint may read otherwise: no CORS but what every reading gets, and what any reading refuses is refused. */
function handleSeveral(context: ProxyContext, requestContext: RequestContext, address: SeveralReadings): void {
  const { guarded, record, request, response, settings } = requestContext
  const bucket = address.kind === 'bucket' ? address : undefined
  const none = settings.reportsAll ? noPolicyReported : noPolicy
  record.bucket = bucket?.bucket
  if (bucket !== undefined) record.object = bucket.object
  const decide = (policies: readonly BucketPolicy[]) => {
    const asked = parseCorsRequest(guarded.method, guarded.origin, guarded.requestMethod, guarded.requestHeaders)
    const isPreflight = guarded.method === 'OPTIONS'
    if (bucket !== undefined) {
      const agreed = agreedPolicy(policies, asked, isPreflight)
      if (agreed !== undefined) return decideAndGo(context, requestContext, bucket, agreed)
      context.observer.warned('host_read_two_ways', { host: guarded.host, todo: twoWaysTodo })
      return reject(context, request, response, record, s3Errors.invalidUri, refusalFields(settings, address))
    }
    const isActual = !isPreflight && !('kind' in asked && asked.kind === 'no_origin')
    const blocking =
      isActual && !isOwnOrigin(guarded.origin, guarded.host, settings.publicOrigins)
        ? blockingPolicy(policies, asked)
        : undefined
    if (blocking === undefined) {
      const isVaried = !settings.reportsAll && policies.some(isApplied)
      return decideAndGo(context, requestContext, undefined, isVaried ? noPolicyVaried : none)
    }
    record.kind = 'actual'
    const decision = decisionOf(asked, blocking)
    record.decision = decision
    record.enforcement = blocking.enforcement
    record.basis = blocking.state
    refuseBlocked(context, requestContext, blocking, responseCorsOf(blocking, settings.varyAlways, decision, undefined))
  }
  const policies = policiesOf(settings, address, none)
  // Where nothing has to be waited for, a fault in the request's content finds its answer under way, as everywhere.
  if (policies instanceof Promise) whenLoaded(context, requestContext, policies, decide)
  else decide(policies)
}
