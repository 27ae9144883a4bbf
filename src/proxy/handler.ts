import type { CorsRequest, CorsRequestIssue } from '../cors/cors-request.ts'
import { parseCorsRequest } from '../cors/cors-request.ts'
import type { Decision } from '../cors/decide.ts'
import { corsVary } from '../cors/response-fields.ts'
import type { BucketPolicy } from '../policies/policy-lookup.ts'
import type { BucketAddress } from '../s3/bucket-address.ts'
import { accessDenied } from '../s3/caller-signature.ts'
import type { S3Error } from '../s3/error-response.ts'
import { preflightError, s3Errors } from '../s3/error-response.ts'
import { Exchange } from './exchange.ts'
import { forwardedLines } from './forwarded-for.ts'
import { lingerAtEnd } from './linger.ts'
import { answerManaged, isCorsOperation } from './managed-operation.ts'
import { nodeResponseFor } from './node-response.ts'
import { OutgoingFields } from './outgoing-fields.ts'
import { sendOwnAnswer } from './own-answer.ts'
import type { ProxyContext, ProxySettings } from './proxy-context.ts'
import type { ProxyRequest } from './proxy-request.ts'
import type { ProxyResponse } from './proxy-response.ts'
import type { ResponseCors } from './relayed-fields.ts'
import { appendCors } from './relayed-fields.ts'
import { hasContent } from './request-body.ts'
import type { GuardedRequest } from './request-guard.ts'
import { guardRequest, isRejection } from './request-guard.ts'
import type { RequestRecord } from './request-record.ts'
import { newRecord } from './request-record.ts'
import { decisionOf, isBlocked, isOwnOrigin, responseCorsOf, situationOf } from './verdict.ts'

type Bucket = Extract<BucketAddress, { kind: 'bucket' }>

/** Handles one request. `expectsContinue`: its client waits for a 100 before it sends its content. */
export type RequestHandler = (request: ProxyRequest, response: ProxyResponse, expectsContinue: boolean) => void

/** What is true of one request all the way down. */
interface Turn {
  readonly request: ProxyRequest
  readonly response: ProxyResponse
  readonly settings: ProxySettings
  readonly guarded: GuardedRequest
  readonly record: RequestRecord
  readonly expectsContinue: boolean
  /** The bucket of a virtual-hosted-style request. */
  readonly bucketInHost: string | undefined
}

// No bucket at all: no rules, nothing of ours.
const noPolicy: BucketPolicy = {
  governed: false,
  named: false,
  source: 'none',
  enforcement: 'headers',
  state: { kind: 'none' },
}
const noPolicyReported: BucketPolicy = { ...noPolicy, enforcement: 'report' }

/** Makes the handler: guard, bucket, policy, decision, and then an answer of our own or one exchange with the endpoint. */
export function createHandler(context: ProxyContext): RequestHandler {
  return (request, response, expectsContinue) => {
    const record = newRecord(request.method, request.url, request.socket.remoteAddress, context.now())
    context.observer.started()
    attempt(context, request, response, record, () => handle(context, request, response, expectsContinue, record))
  }
}

/** The one place where a fault of our own ends: the client gets S3's 500, or sees a response break off; the log gets the cause. */
function attempt(
  context: ProxyContext,
  request: ProxyRequest,
  response: ProxyResponse,
  record: RequestRecord,
  work: () => void,
): void {
  try {
    work()
  } catch (error) {
    context.observer.warned('internal_error', { detail: error instanceof Error ? (error.stack ?? error.message) : '' })
    const exchange = context.exchangeOf.get(request.socket)
    if (exchange?.underWay === true) exchange.abort(s3Errors.internalError)
    else if (response.headersSent || response.socket === null) {
      request.socket.destroy()
      end(context, record)
    } else answer(context, request, response, record, s3Errors.internalError, new OutgoingFields())
  }
}

function handle(
  context: ProxyContext,
  request: ProxyRequest,
  response: ProxyResponse,
  expectsContinue: boolean,
  record: RequestRecord,
): void {
  const { settings } = context
  const guarded = guardRequest(request, settings.guardLimits)
  if (isRejection(guarded)) {
    record.kind = 'rejected'
    answer(context, request, response, record, { ...guarded.error, closes: true }, new OutgoingFields())
    return
  }
  // Node's parser loses what follows such a request in the same packet, and would go on in the midst of another one.
  if (guarded.upgrade) response.shouldKeepAlive = false
  record.origin = guarded.origin
  record.requestMethod = guarded.requestMethod
  record.requestHeaders = guarded.requestHeaders
  const consoleProxy = settings.console
  if (consoleProxy?.matches(guarded.host) === true) {
    if (consoleProxy.accepts(guarded)) {
      if (expectsContinue) response.writeContinue()
      request.readAllHeaders()
      consoleProxy.web(request, nodeResponseFor(response), record, () => end(context, record))
    } else {
      record.kind = 'rejected'
      answer(
        context,
        request,
        response,
        record,
        { ...s3Errors.transferCodingNotImplemented, closes: true },
        new OutgoingFields(),
      )
    }
    return
  }
  const address = settings.addressOf(guarded.host, guarded.target)
  if (address.kind === 'ambiguous') {
    record.kind = 'rejected'
    answer(context, request, response, record, s3Errors.invalidUri, new OutgoingFields())
    return
  }
  const bucketInHost = address.kind === 'bucket' && address.style === 'virtual' ? address.bucket : undefined
  const turn: Turn = { request, response, settings, guarded, record, expectsContinue, bucketInHost }
  if (isStoreRequest(settings, address, guarded) || isStrayCorsOperation(settings, address, guarded)) {
    record.kind = 'rejected'
    answer(context, request, response, record, accessDenied, new OutgoingFields())
    return
  }
  if (address.kind === 'none') {
    if (address.unknownHost) context.observer.warned('unknown_host', { host: guarded.host })
    decideAndGo(context, turn, undefined, settings.reportsAll ? noPolicyReported : noPolicy)
    return
  }
  record.bucket = address.bucket
  const policy = settings.policies.peek(address.bucket)
  if (policy !== undefined) {
    decideAndGo(context, turn, address, policy)
    return
  }
  // A bucket's first use: one bounded call to its source, which never rejects.
  settings.policies.load(address.bucket).then(loaded => {
    if (response.destroyed) {
      record.clientAborted = true
      end(context, record)
      return
    }
    attempt(context, request, response, record, () => decideAndGo(context, turn, address, loaded))
  })
}

/**
 * Whether the request may touch the objects that hold managed rules. A Host that nobody configured names no bucket to us,
 * but the endpoint may read the path all the same.
 */
function isStoreRequest(settings: ProxySettings, address: BucketAddress, guarded: GuardedRequest): boolean {
  const guard = settings.managed?.storeGuard
  if (guard === undefined) return false
  const read = address.kind === 'bucket' ? address : settings.addressOf('localhost', guarded.target)
  return read.kind === 'bucket' && guard(read.bucket, read.style, guarded.method, guarded.target)
}

/**
 * Whether the request may be about the rules of a managed bucket under a Host that nobody configured: it must not get past
 * the proxy to an endpoint that takes `DELETE ?cors` for DeleteBucket. Such a Host may itself name the bucket.
 */
function isStrayCorsOperation(settings: ProxySettings, address: BucketAddress, guarded: GuardedRequest): boolean {
  if (settings.managed === undefined || address.kind !== 'none' || guarded.method === 'OPTIONS') return false
  const read = settings.addressOf('localhost', guarded.target)
  if (read.kind !== 'bucket') return isCorsOperation(guarded.target, false)
  return isCorsOperation(guarded.target, read.object) && settings.policies.inspect(read.bucket).source === 'managed'
}

/** The one place where a request is decided on: once, before anything is sent either way. */
function decideAndGo(context: ProxyContext, turn: Turn, bucket: Bucket | undefined, policy: BucketPolicy): void {
  const { guarded, record } = turn
  record.bucketNamed = policy.named
  record.enforcement = policy.enforcement
  const asked = parseCorsRequest(guarded.method, guarded.origin, guarded.requestMethod, guarded.requestHeaders)
  if (guarded.method === 'OPTIONS') {
    record.kind = 'preflight'
    record.decision = decisionOf(asked, policy)
    if (policy.enforcement === 'report') forward(context, turn, responseCorsOf(policy, false, undefined, undefined))
    else answerPreflight(context, turn, asked, bucket, policy)
    return
  }
  if ('kind' in asked && asked.kind === 'no_origin') {
    record.kind = 'plain'
    proceed(context, turn, bucket, policy, responseCorsOf(policy, turn.settings.varyAlways, undefined, undefined))
    return
  }
  record.kind = 'actual'
  const decision = decisionOf(asked, policy)
  record.decision = decision
  const request = 'kind' in asked ? undefined : asked
  const cors = responseCorsOf(policy, turn.settings.varyAlways, decision, request)
  if ('kind' in asked && asked.kind === 'too_many_headers') {
    answerOwn(context, turn, preflightError(asked, undefined, false), cors)
  } else if (
    bucket !== undefined &&
    isBlocked(policy, decision) &&
    !isOwnOrigin(guarded.origin, guarded.host, turn.settings.publicOrigins)
  ) {
    answerOwn(
      context,
      turn,
      policy.state.kind === 'unknown' ? s3Errors.rulesUnavailable : s3Errors.accessForbidden,
      cors,
    )
  } else {
    proceed(context, turn, bucket, policy, cors)
  }
}

/** What is left to do once a request may go on: forward it, unless the proxy itself keeps the rules it is about. */
function proceed(
  context: ProxyContext,
  turn: Turn,
  bucket: Bucket | undefined,
  policy: BucketPolicy,
  cors: ResponseCors,
): void {
  const { managed } = turn.settings
  const isManaged = policy.source === 'managed' && managed !== undefined && bucket !== undefined
  if (!isManaged || !isCorsOperation(turn.guarded.target, bucket.object)) {
    forward(context, turn, cors)
    return
  }
  const { request, response, record } = turn
  const exchange = {
    ...turn,
    bucket: bucket.bucket,
    host: hostFor(turn),
    forwardedLines: forwardedLines(turn.guarded, request.socket.remoteAddress, turn.settings.forwardedFor),
    cors,
  }
  answerManaged(context, managed, exchange, () => end(context, record)).catch((error: unknown) => {
    attempt(context, request, response, record, () => {
      throw error
    })
  })
}

function answerPreflight(
  context: ProxyContext,
  turn: Turn,
  asked: CorsRequest | CorsRequestIssue,
  bucket: Bucket | undefined,
  policy: BucketPolicy,
): void {
  const { record, response, request, settings } = turn
  const decision = record.decision as Decision
  if (decision.allowed && !('kind' in asked)) {
    const { requestId, hostId } = context.ids()
    const fields = new OutgoingFields()
    fields.lines = `x-amz-request-id: ${requestId}\r\nx-amz-id-2: ${hostId}\r\n`
    appendCors(fields, responseCorsOf(policy, settings.varyAlways, decision, asked), undefined)
    fields.setLength(0)
    // S3 does not read an OPTIONS' content; neither do we, so the connection cannot go on after it.
    if (context.draining || hasContent(turn.guarded)) {
      fields.closes = true
      context.closing.add(request.socket)
    }
    if (hasContent(turn.guarded)) lingerAtEnd(request)
    record.status = 200
    record.requestId = requestId
    response.writeHead(200, 'OK', fields)
    response.end()
    end(context, record)
    return
  }
  const situation = situationOf(asked, bucket !== undefined, policy)
  const error = preflightError(situation, turn.guarded.requestMethod, bucket?.object === true)
  const fields = new OutgoingFields()
  if (policy.governed && settings.varyAlways) fields.add('Vary', corsVary)
  answer(context, request, response, record, error, fields)
}

function forward(context: ProxyContext, turn: Turn, cors: ResponseCors): void {
  const { guarded, settings, request, record } = turn
  const plan = {
    request: guarded,
    host: hostFor(turn),
    servername: servernameFor(turn),
    forwardedLines: forwardedLines(guarded, request.socket.remoteAddress, settings.forwardedFor),
    cors,
    expectsContinue: turn.expectsContinue,
    pool: settings.pool,
    responseMs: settings.responseMs,
    idleMs: settings.idleMs,
  }
  const exchange = new Exchange(context, request, turn.response, plan, record)
  context.exchangeOf.set(request.socket, exchange)
  exchange.start()
}

/** `rewrite`: the endpoint's own authority, with the bucket before it where the client named it in its Host. */
function hostFor(turn: Turn): string {
  const { authority } = turn.settings
  if (authority === undefined) return turn.guarded.host
  return turn.bucketInHost === undefined ? authority : `${turn.bucketInHost}.${authority}`
}

/** Under `rewrite`, the name that the endpoint's Host has; a dotted bucket would fit no wildcard certificate. */
function servernameFor(turn: Turn): string {
  const { servername, authority } = turn.settings
  const { bucketInHost } = turn
  if (servername === '' || authority === undefined || bucketInHost === undefined || bucketInHost.includes('.'))
    return servername
  return `${bucketInHost}.${servername}`
}

function answerOwn(context: ProxyContext, turn: Turn, error: S3Error, cors: ResponseCors): void {
  const fields = new OutgoingFields()
  appendCors(fields, cors, undefined)
  answer(context, turn.request, turn.response, turn.record, error, fields)
}

function answer(
  context: ProxyContext,
  request: ProxyRequest,
  response: ProxyResponse,
  record: RequestRecord,
  error: S3Error,
  fields: OutgoingFields,
): void {
  sendOwnAnswer(request, response, { error, fields, close: context.draining }, context, record)
  end(context, record)
}

function end(context: ProxyContext, record: RequestRecord): void {
  if (record.endedAtMs > 0) return
  record.endedAtMs = context.now()
  context.observer.ended(record)
}
