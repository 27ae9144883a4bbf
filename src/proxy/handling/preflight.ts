import type { CorsRequest, CorsRequestIssue } from '../../cors/decision/cors-request.ts'
import type { Decision } from '../../cors/decision/decide.ts'
import { corsVary } from '../../cors/decision/response-fields.ts'
import type { BucketPolicy } from '../../policies/policy-lookup.ts'
import { preflightError } from '../../s3/errors/error-catalogue.ts'
import { OutgoingFields } from '../client/outgoing-fields.ts'
import { identify, replyWithError, sendReply } from '../exchange/local-reply.ts'
import { appendCors } from '../exchange/relayed-fields.ts'
import { endRequest } from '../request/request-record.ts'
import { hasContent } from '../upstream/request/request-framing.ts'
import type { ProxyContext } from './proxy-context.ts'
import type { Bucket, RequestContext } from './request-context.ts'
import { responseCorsOf, situationOf } from './verdict.ts'

/** Answers a preflight as S3 does: `decision` is the one on what was `asked`. The endpoint hears nothing of it. */
export function answerPreflight(
  context: ProxyContext,
  requestContext: RequestContext,
  asked: CorsRequest | CorsRequestIssue,
  bucket: Bucket | undefined,
  policy: BucketPolicy,
  decision: Decision,
): void {
  const { record, response, request, settings } = requestContext
  if (decision.allowed && !('kind' in asked)) {
    const fields = new OutgoingFields()
    identify(fields, context.ids(), record)
    appendCors(fields, responseCorsOf(policy, settings.varyAlways, decision, asked), undefined)
    fields.setLength(0)
    // S3 does not read an OPTIONS' content; neither do we, so the connection cannot go on after it.
    fields.closes = hasContent(requestContext.guarded)
    sendReply(context, request, response, record, 200, fields, '')
    endRequest(context, record)
    return
  }
  const situation = situationOf(asked, bucket !== undefined, policy)
  const error = preflightError(situation, requestContext.guarded.requestMethod, bucket?.object === true)
  const fields = new OutgoingFields()
  if (policy.governed && settings.varyAlways) fields.add('Vary', corsVary)
  replyWithError(context, request, response, record, error, fields)
}
