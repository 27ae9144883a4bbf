// Writes of rules to an endpoint that may not know `?cors`.

import { isCorsOperation } from '../../s3/cors-operation/cors-query.ts'
import { noSuchBucket, s3Errors } from '../../s3/errors/error-catalogue.ts'
import type { ResponseCors } from '../exchange/relayed-fields.ts'
import { forward } from './forwarding.ts'
import type { ProxyContext } from './proxy-context.ts'
import { type RequestContext, replyLocally, whenLoaded } from './request-context.ts'

const keepsNoRules = 'CORSRules or CORSFile: this endpoint keeps no rules, and takes ?cors for something else'

const none: readonly string[] = Object.freeze([])

/**
 * The buckets whose rules a write may be about, by any reading of its address: those that the configuration governs, where there are
 * any.
 */
export function writtenBuckets({ settings, guarded, address }: RequestContext): readonly string[] {
  const { target } = guarded
  if (!target.includes('?')) return none
  const written = new Set<string>()
  for (const reading of [address, ...(address.others ?? [])]) {
    if (reading.kind === 'bucket' && isCorsOperation(target, reading.object, reading.style)) written.add(reading.bucket)
  }
  const governed = [...written].filter(bucket => settings.policies.inspect(bucket).governed)
  return governed.length > 0 ? governed : [...written]
}

/**
 * Forwards a write of rules of `buckets`, unless the endpoint does not know `?cors`: it would take it for CreateBucket or
 * DeleteBucket. Where several are meant, it takes one of them.
 */
export function forwardCorsWrite(
  context: ProxyContext,
  requestContext: RequestContext,
  buckets: readonly string[],
  cors: ResponseCors,
): void {
  const { record, settings } = requestContext
  const asking = Promise.all(buckets.map(bucket => settings.corsKnowledge.knowsCors(bucket)))
  whenLoaded(context, requestContext, asking, knowledge => {
    record.corsKnown = knowledge.every(known => known === 'known')
    const lacking = buckets.find((_, index) => knowledge[index] === 'not-known')
    if (lacking !== undefined) {
      context.observer.warned('cors_write_refused', { bucket: lacking, method: record.method, todo: keepsNoRules })
      replyLocally(context, requestContext, s3Errors.corsNotImplemented, cors)
    } else if (knowledge.every(known => known === 'no-such-bucket'))
      replyLocally(context, requestContext, noSuchBucket(buckets[0] ?? ''), cors)
    else forward(context, requestContext, cors)
  })
}
