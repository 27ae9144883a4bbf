import type { IncomingMessage, RequestListener, Server, ServerOptions } from 'node:http'
import { createServer, STATUS_CODES } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { SecureContextOptions } from 'node:tls'
import { renderError, type S3Error, s3Errors } from '../s3/error-response.ts'
import type { ConsoleProxy } from './console.ts'
import type { RequestHandler } from './handler.ts'
import { createHandler } from './handler.ts'
import type { ProxyContext } from './proxy-context.ts'
import type { GuardedRequest } from './request-guard.ts'
import { guardRequest, isRejection } from './request-guard.ts'
import { newRecord } from './request-record.ts'

/** Limits of the client side; times in milliseconds. */
export interface ServerLimits {
  readonly headerBytes: number
  readonly connections: number
  readonly headersMs: number
  readonly idleMs: number
  readonly keepAliveMs: number
}

/**
 * Makes the server of the S3 port. Requests are parsed by Node's llhttp, never by us; Node's defaults that would end slow
 * uploads, answer for the endpoint, or let a body pass unread are all replaced here.
 */
export function createProxyServer(
  context: ProxyContext,
  limits: ServerLimits,
  tls: SecureContextOptions | undefined,
): Server {
  const options = {
    maxHeaderSize: limits.headerBytes,
    // Ends any upload that takes longer, however well it goes on: 5 GiB in Node's default 300 s needs 143 Mbit/s. The
    // socket's idle limit below takes its place.
    requestTimeout: 0,
    headersTimeout: limits.headersMs,
    connectionsCheckingInterval: Math.max(50, Math.min(2000, limits.headersMs / 4)),
    keepAliveTimeout: limits.keepAliveMs,
    insecureHTTPParser: false,
    noDelay: true,
    // The guard answers a missing Host itself, as S3 XML.
    requireHostHeader: false,
    // Measured at 15 to 30 % of a request without content.
    optimizeEmptyRequests: true,
  } satisfies ServerOptions & { optimizeEmptyRequests: boolean }
  const server = tls === undefined ? createServer(options) : createTlsServer({ ...options, ...modernTls, ...tls })
  // Node would drop field lines beyond its count without a word; bytes are bounded above, lines by the guard.
  server.maxHeadersCount = 0

  const handle = inTurn(createHandler(context))
  const onRequest: RequestListener = (request, response) => handle(request, response, false)
  server.on('request', onRequest)
  server.on('checkContinue', (request, response) => handle(request, response, true))
  // An Expect that is not 100-continue is S3's business: without this, Node answers 417.
  server.on('checkExpectation', onRequest)
  server.on('connect', (_request: IncomingMessage, socket: Socket) =>
    refuse(context, socket, s3Errors.methodNotAllowed),
  )
  serveUpgrades(context, server)
  server.on('clientError', (error: ParseError, socket: Socket) => onClientError(context, error, socket))
  server.on('timeout', (socket: Socket) => {
    // Waiting for the endpoint is not the client's silence: the exchange's own limits watch over that.
    const exchange = context.exchangeOf.get(socket)
    if (exchange?.underWay === true) exchange.endForIdleClient()
    else socket.destroy()
  })
  applyLimits(server, limits)
  return server
}

/** Puts limits into force, for a running server too: connections that exist keep the head size they began with. */
export function applyLimits(server: Server & { maxHeaderSize?: number }, limits: ServerLimits): void {
  server.maxConnections = limits.connections
  server.headersTimeout = limits.headersMs
  server.keepAliveTimeout = limits.keepAliveMs
  server.timeout = limits.idleMs
  server.maxHeaderSize = limits.headerBytes
}

/**
 * A WebSocket of the console Host is the one upgrade there is; of any other request the Upgrade field is dropped and the
 * request served as it is. Node before 24.9 cannot be asked per request: there, such a request is refused while a console
 * is configured.
 */
function serveUpgrades(context: ProxyContext, server: Server): void {
  if (context.settings.console === undefined) return
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const { console: consoleProxy, guardLimits } = context.settings
    const guarded = guardRequest(request, guardLimits)
    if (isRejection(guarded)) refuse(context, socket, guarded.error)
    else if (consoleProxy !== undefined && isConsoleSocket(consoleProxy, guarded, request)) {
      socket.on('error', () => socket.destroy())
      consoleProxy.upgrade(request, socket, head)
    } else refuse(context, socket, s3Errors.badRequest)
  })
}

function isConsoleSocket(consoleProxy: ConsoleProxy, guarded: GuardedRequest, request: IncomingMessage): boolean {
  return (
    guarded.method === 'GET' &&
    consoleProxy.matches(guarded.host) &&
    request.headers.upgrade?.toLowerCase() === 'websocket'
  )
}

type ParseError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer | undefined }

// The floor of Mozilla's intermediate profile. HTTP/2 is not offered: this proxy speaks 1.1 on both sides.
const modernTls = { minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'], honorCipherOrder: true } as const

/**
 * Holds a pipelined request back until the response before it is finished. Node would hand it over at once and collect its
 * response in memory: the endpoint would be asked at the client's pace, and read buffers would be queued by reference.
 */
function inTurn(handle: RequestHandler): RequestHandler {
  return (request, response, expectsContinue) => {
    if (response.socket !== null) {
      handle(request, response, expectsContinue)
      return
    }
    const { socket } = request
    socket.pause()
    response.once('socket', () => {
      socket.resume()
      handle(request, response, expectsContinue)
    })
  }
}

/** A fault that llhttp found: before the request was whole, or within its content. */
function onClientError(context: ProxyContext, error: ParseError, socket: Socket): void {
  const exchange = context.exchangeOf.get(socket)
  if (exchange?.underWay === true) {
    // What went up must arrive as aborted, and the client is told if it still can be.
    if (error.code === 'ECONNRESET') socket.destroy()
    else exchange.abort(s3Errors.badRequest)
    return
  }
  // The guard has answered already: the request event fires before llhttp sees some faults of the content.
  if (context.closing.has(socket)) return
  if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy()
  else refuse(context, socket, errorFor(error))
}

function errorFor(error: ParseError): S3Error {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return s3Errors.headersTooLarge
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return s3Errors.requestTimeout
    case 'HPE_INVALID_VERSION':
      return s3Errors.versionNotSupported
    case 'HPE_INVALID_METHOD':
      // A well-formed method that llhttp does not know, or not HTTP at all.
      return /^[A-Za-z]+ /.test(error.rawPacket?.toString('latin1', 0, 32) ?? '')
        ? s3Errors.methodNotAllowed
        : s3Errors.badRequest
    default:
      return s3Errors.badRequest
  }
}

/** Answers below the level of requests, and closes. */
function refuse(context: ProxyContext, socket: Socket, error: S3Error): void {
  const { requestId, hostId } = context.ids()
  const nowMs = context.now()
  const body = renderError(error, requestId, hostId)
  context.observer.started()
  context.observer.ended({
    ...newRecord(undefined, undefined, socket.remoteAddress, nowMs),
    kind: 'rejected',
    status: error.status,
    errorCode: error.code,
    requestId,
    endedAtMs: nowMs,
  })
  context.closing.add(socket)
  socket.end(
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ''}\r\nx-amz-request-id: ${requestId}\r\nx-amz-id-2: ${hostId}\r\n` +
      `Content-Type: application/xml\r\nX-Content-Type-Options: nosniff\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `Date: ${new Date().toUTCString()}\r\nConnection: close\r\n\r\n${body}`,
  )
  // Whatever the client still sends is not read; it gets a moment to read the answer.
  const timer = setTimeout(() => socket.destroy(), refusalLingerMs)
  socket.once('close', () => clearTimeout(timer))
}

const refusalLingerMs = 500
