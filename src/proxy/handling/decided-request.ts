import { parseCorsRequest } from '../../cors/decision/cors-request.ts'
import type { BucketPolicy } from '../../policies/policy-lookup.ts'
import { isCorsOperation } from '../../s3/cors-operation/cors-query.ts'
import { preflightError, s3Errors } from '../../s3/errors/error-catalogue.ts'
import type { ResponseCors } from '../exchange/relayed-fields.ts'
import { forwardedLines } from '../request/forwarded-for.ts'
import { forwardCorsWrite, writtenBuckets } from './cors-write.ts'
import { forward, hostFor } from './forwarding.ts'
import { answerManaged } from './managed-operation.ts'
import { answerPreflight } from './preflight.ts'
import type { ProxyContext } from './proxy-context.ts'
import { type Bucket, failInternally, type RequestContext, replyLocally } from './request-context.ts'
import { decisionOf, isBlocked, isOwnOrigin, responseCorsOf } from './verdict.ts'

/** The one place where a request is decided on: once, before anything is sent either way. */
export function decideAndGo(
  context: ProxyContext,
  requestContext: RequestContext,
  bucket: Bucket | undefined,
  policy: BucketPolicy,
): void {
  const { guarded, record } = requestContext
  record.bucketNamed = policy.named
  record.basis = bucket === undefined ? requestContext.settings : policy.state
  record.enforcement = policy.enforcement
  const asked = parseCorsRequest(guarded.method, guarded.origin, guarded.requestMethod, guarded.requestHeaders)
  if (guarded.method === 'OPTIONS') {
    record.kind = 'preflight'
    const decision = decisionOf(asked, policy, record.unknownHost)
    record.decision = decision
    if (policy.enforcement === 'report')
      forward(context, requestContext, responseCorsOf(policy, false, undefined, undefined))
    else answerPreflight(context, requestContext, asked, bucket, policy, decision)
    return
  }
  if ('kind' in asked && asked.kind === 'no_origin') {
    record.kind = 'plain'
    proceed(
      context,
      requestContext,
      bucket,
      policy,
      responseCorsOf(policy, requestContext.settings.varyAlways, undefined, undefined),
    )
    return
  }
  record.kind = 'actual'
  const decision = decisionOf(asked, policy, record.unknownHost)
  record.decision = decision
  const request = 'kind' in asked ? undefined : asked
  const cors = responseCorsOf(policy, requestContext.settings.varyAlways, decision, request, bucket !== undefined)
  if ('kind' in asked && asked.kind === 'too_many_headers') {
    replyLocally(context, requestContext, preflightError(asked, undefined, false), cors)
  } else if (
    bucket !== undefined &&
    isBlocked(policy, decision) &&
    !isOwnOrigin(guarded.origin, guarded.host, requestContext.settings.publicOrigins)
  ) {
    refuseBlocked(context, requestContext, policy, cors)
  } else {
    proceed(context, requestContext, bucket, policy, cors)
  }
}

/** Answers what `block` does not let through. */
export function refuseBlocked(
  context: ProxyContext,
  requestContext: RequestContext,
  policy: BucketPolicy,
  cors: ResponseCors,
): void {
  const error = policy.state.kind === 'unknown' ? s3Errors.rulesUnavailable : s3Errors.accessForbidden
  replyLocally(context, requestContext, error, cors)
}

/** What is left to do once a request may go on: forward it, unless the proxy itself keeps the rules it is about. */
function proceed(
  context: ProxyContext,
  requestContext: RequestContext,
  bucket: Bucket | undefined,
  policy: BucketPolicy,
  cors: ResponseCors,
): void {
  const { managed } = requestContext.settings
  const { method, target } = requestContext.guarded
  if (policy.source !== 'managed' || managed === undefined) {
    const written = method === 'PUT' || method === 'DELETE' ? writtenBuckets(requestContext) : undefined
    if (written === undefined || written.length === 0) forward(context, requestContext, cors)
    else forwardCorsWrite(context, requestContext, written, cors)
    return
  }
  if (bucket === undefined || !isCorsOperation(target, bucket.object, bucket.style)) {
    forward(context, requestContext, cors)
    return
  }
  const { request, response, record } = requestContext
  const exchange = {
    ...requestContext,
    bucket: bucket.bucket,
    host: hostFor(requestContext),
    forwardedLines: forwardedLines(
      requestContext.guarded,
      request.socket.remoteAddress,
      requestContext.settings.forwardedFor,
    ),
    cors,
  }
  answerManaged(context, managed, exchange).catch((error: unknown) =>
    failInternally(context, request, response, record, error),
  )
}
