import { forwardedLines } from '../request/forwarded-for.ts'
import { unconditionalRequest } from '../request/unconditional-request.ts'
import { Exchange } from '../upstream/exchange.ts'
import type { ProxyContext } from './proxy-context.ts'
import type { ResponseCors } from './relayed-fields.ts'
import type { Turn } from './request-context.ts'

/** Begins the exchange with the endpoint: everything about the request is settled. */
export function forward(context: ProxyContext, turn: Turn, cors: ResponseCors): void {
  const { guarded, settings, request, record } = turn
  const plan = {
    request: cors.unconditional ? unconditionalRequest(guarded) : guarded,
    host: hostFor(turn),
    servername: servernameFor(turn),
    forwardedLines: forwardedLines(guarded, request.socket.remoteAddress, settings.forwardedFor),
    forwardedFor: settings.forwardedFor,
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

/**
 * The Host that the endpoint is sent. `rewrite`: its own authority, with the bucket before it where the client named it in its Host.
 */
export function hostFor(turn: Turn): string {
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
