import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import { type S3Error, s3Errors } from '../../s3/errors/error-catalogue.ts'
import { settleHeaders } from '../handling/console-headers.ts'
import type { ProxyContext } from '../handling/proxy-context.ts'
import { ProxyRequest } from '../node/proxy-request.ts'
import { forwardedLines } from '../request/forwarded-for.ts'
import { guardRequest, isRejection } from '../request/request-guard.ts'
import { beginRequest, endRequest } from '../request/request-record.ts'
import { answerFault } from './client-fault.ts'
import { markProtocol } from './marked-protocol.ts'

/**
 * Whether a request asks for the one upgrade there is, a WebSocket of the console Host. Of any other request the Upgrade
 * field is dropped and the request served as it is: RFC 9110 §7.8 lets a server ignore it.
 */
export function isConsoleSocket(context: ProxyContext, request: IncomingMessage): boolean {
  const { host, upgrade, 'content-length': length = '0', 'transfer-encoding': codings } = request.headers
  return (
    // No handshake has content, and Node 26 gives one with content that is still to come another thing than a socket.
    length === '0' &&
    codings === undefined &&
    request.method === 'GET' &&
    upgrade?.toLowerCase() === 'websocket' &&
    context.settings.console?.matches(host ?? '') === true
  )
}

/**
 * Takes upgrades while a console is configured; also after a reload. Node before 24.9 then takes every upgrade for one,
 * and those that are not the console's are refused.
 */
export function applyUpgrades(context: ProxyContext, server: Server): void {
  const wanted = context.settings.console !== undefined
  if (wanted === server.listenerCount('upgrade') > 0) return
  if (wanted) server.on('upgrade', (request, socket: Socket, head) => serveUpgrade(context, request, socket, head))
  else server.removeAllListeners('upgrade')
}

/** Refuses a CONNECT or an upgrade, after which Node no longer watches over the socket. */
export function answerUpgradeFault(context: ProxyContext, socket: Socket, error: S3Error): void {
  socket.on('error', () => socket.destroy())
  answerFault(context, socket, error)
}

function serveUpgrade(context: ProxyContext, request: IncomingMessage, socket: Socket, head: Buffer): void {
  const { console: consoleProxy, guardLimits } = context.settings
  markProtocol(request)
  const guarded = guardRequest(request, guardLimits)
  const pending = context.responseOf.get(socket)
  if (isRejection(guarded)) answerUpgradeFault(context, socket, guarded.error)
  else if (context.draining) answerUpgradeFault(context, socket, s3Errors.serviceUnavailable)
  else if (
    consoleProxy === undefined ||
    !isConsoleSocket(context, request) ||
    // A WebSocket pipelined behind a request that is not answered yet: no browser sends one.
    (pending !== undefined && !pending.writableFinished)
  )
    answerUpgradeFault(context, socket, s3Errors.badRequest)
  else {
    const record = beginRequest(context, request.method, request.url, socket.remoteAddress)
    record.origin = guarded.origin
    if (request instanceof ProxyRequest) {
      settleHeaders(request, guarded, forwardedLines(guarded, socket.remoteAddress, context.settings.forwardedFor))
    }
    consoleProxy.upgrade(request, socket, head, record, () => endRequest(context, record))
  }
}
