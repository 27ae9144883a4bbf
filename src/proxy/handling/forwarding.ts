import { corsQuery } from '../../s3/cors-operation/cors-query.ts'
import { isListing } from '../../s3/endpoint/get-bucket-cors.ts'
import { Exchange } from '../exchange/exchange.ts'
import type { ResponseCors } from '../exchange/relayed-fields.ts'
import { forwardedLines } from '../request/forwarded-for.ts'
import { unconditionalRequest } from '../request/unconditional-request.ts'
import type { ProxyContext } from './proxy-context.ts'
import type { RequestContext } from './request-context.ts'

/** What an endpoint answers to a GET of rules shows whether it knows `?cors`. */
function lookFor({ guarded, record, settings }: RequestContext): ((content: Buffer) => void) | undefined {
  const { bucket, object } = record
  if (object || bucket === undefined || guarded.method !== 'GET' || !guarded.target.includes('cors')) return undefined
  const query = corsQuery(guarded.target)
  if (query !== 'exact' && query !== 'presigned') return undefined
  return content => {
    if (isListing(content)) settings.corsKnowledge.corsObserved(bucket)
  }
}

/** Begins the exchange with the endpoint: everything about the request is settled. */
export function forward(context: ProxyContext, requestContext: RequestContext, cors: ResponseCors): void {
  const { guarded, settings, request, response, record } = requestContext
  const plan = {
    clientRequest: request,
    clientResponse: response,
    record,
    request: cors.unconditional ? unconditionalRequest(guarded) : guarded,
    host: hostFor(requestContext),
    unsentName: settings.authority === undefined ? settings.endpointName : undefined,
    servername: servernameFor(requestContext),
    forwardedLines: forwardedLines(guarded, request.socket.remoteAddress, settings.forwardedFor),
    forwardedFor: settings.forwardedFor,
    cors,
    look: lookFor(requestContext),
    expectsContinue: requestContext.expectsContinue,
    pool: settings.pool,
    responseMs: settings.responseMs,
    idleMs: settings.idleMs,
  }
  const exchange = new Exchange(context, plan)
  context.exchangeOf.set(request.socket, exchange)
  exchange.start()
}

/**
 * The Host that the endpoint is sent. `rewrite`: its own authority, with the bucket before it where the client named it in its Host.
 */
export function hostFor(requestContext: RequestContext): string {
  const { authority } = requestContext.settings
  if (authority === undefined) return requestContext.guarded.host
  return requestContext.bucketInHost === undefined ? authority : `${requestContext.bucketInHost}.${authority}`
}

/** Under `rewrite`, the name that the endpoint's Host has; a dotted bucket would fit no wildcard certificate. */
function servernameFor(requestContext: RequestContext): string {
  const { servername, authority } = requestContext.settings
  const { bucketInHost } = requestContext
  if (servername === '' || authority === undefined || bucketInHost === undefined || bucketInHost.includes('.'))
    return servername
  return `${bucketInHost}.${servername}`
}
