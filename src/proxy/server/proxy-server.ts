import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { SecureContextOptions, TlsOptions } from 'node:tls'
import { s3Errors } from '../../s3/errors/error-catalogue.ts'
import type { ClientSocket } from '../client/client-request.ts'
import { createHandler } from '../handling/handler.ts'
import type { ProxyContext } from '../handling/proxy-context.ts'
import { Http2Server } from '../http2/http2-server.ts'
import type { Http2Limits } from '../http2/http2-server-options.ts'
import { setHeadLimit } from '../node/head-limit.ts'
import { ProxyRequest } from '../node/proxy-request.ts'
import { NodeBackedResponse } from '../node/response/node-backed-response.ts'
import { ProxyResponse } from '../node/response/proxy-response.ts'
import { type ClientFault, memoryOf } from '../shares/client-memory.ts'
import { LoopShares } from '../shares/loop-shares.ts'
import { MemoryLedger } from '../shares/memory-ledger.ts'
import { onClientFault, recordConnectionEnd, recordMalformed } from './client-fault.ts'
import { keepClientSockets } from './client-sockets.ts'
import { markProtocol } from './marked-protocol.ts'
import { inShares, inTurn } from './request-turns.ts'
import { answerUpgradeFault, applyUpgrades, isConsoleSocket } from './upgrades.ts'

/**
 * Mozilla's intermediate profile (https://wiki.mozilla.org/Security/Server_Side_TLS): TLS 1.2 with forward secrecy and AEAD at
 * the least. Goes with every certificate, renewed ones too:
 * `setSecureContext` forgets what it is not told.
 */
export const modernTls = {
  minVersion: 'TLSv1.2',
  ciphers: [
    ...['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'],
    ...['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384'],
    ...['ECDHE-RSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305'],
  ].join(':'),
  honorCipherOrder: true,
} satisfies TlsOptions

/** What a server makes of requests and their responses. The second is all that it asks of one, and no more of Node's class. */
export const messageClasses = {
  IncomingMessage: ProxyRequest,
  ServerResponse: ProxyResponse as unknown as typeof ServerResponse<ProxyRequest>,
}

/** Which class writes the responses. */
export interface ServerClasses {
  /** Node's own, for a version of Node on which this proxy's fails. */
  readonly nodeResponses?: boolean
}

/** Limits of the client side; times in milliseconds. */
export interface ServerLimits {
  readonly headerBytes: number
  readonly connections: number
  /** Bytes that clients together may make the proxy hold, beyond what their connections cost. */
  readonly heldBytes: number
  readonly headersMs: number
  readonly idleMs: number
  readonly keepAliveMs: number
  /** Requests at once in one connection of HTTP/2; 0: it is not offered. */
  readonly streams: number
}

/**
 * Makes the server of the S3 port. Requests are parsed by Node's llhttp, never by us; Node's defaults that would end slow
 * uploads, answer for the endpoint, or let a body pass unread are all replaced here.
 */
export function createProxyServer(
  context: ProxyContext,
  limits: ServerLimits,
  tls: SecureContextOptions | undefined,
  { nodeResponses = false }: ServerClasses = {},
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
    // A request without content is no stream then (`bench --scenario preflight,get-1k`).
    optimizeEmptyRequests: true,
    ...(nodeResponses ? { IncomingMessage: ProxyRequest } : messageClasses),
    // Node before 24.9 does not ask.
    shouldUpgradeCallback: (request: IncomingMessage) => isConsoleSocket(context, request),
  } satisfies ServerOptions<typeof ProxyRequest, typeof ServerResponse<ProxyRequest>> & {
    optimizeEmptyRequests: boolean
    shouldUpgradeCallback: (request: IncomingMessage) => boolean
  }
  const made: object =
    tls === undefined
      ? createServer(options)
      : createTlsServer({
          ...options,
          ...modernTls,
          ALPNCallback: ({ protocols }) => offered(server).find(protocol => protocols.includes(protocol)),
          handshakeTimeout: limits.headersMs,
          ...tls,
        })
  // Callers need not know which classes its requests and responses have.
  const server = made as Server
  // Node drops field lines beyond its count without a word: one more than the guard lets pass, so that no request with fewer
  // lines than it came with goes on. Without a count, a head of many short lines costs ten times its bytes.
  server.maxHeadersCount = context.settings.guardLimits.fields + 1

  const shares = new LoopShares()
  server.on('connection', () => shares.onConnection())
  const handle = inTurn(context, shares, createHandler(context))
  const responseOf = nodeResponses
    ? (own: ServerResponse<ProxyRequest>) => new NodeBackedResponse(own)
    : (own: unknown) => own as ProxyResponse
  const onRequest = (expectsContinue: boolean) => (request: IncomingMessage, response: unknown) => {
    markProtocol(request)
    handle(request as ProxyRequest, responseOf(response as ServerResponse<ProxyRequest>), expectsContinue)
  }
  server.on('request', onRequest(false))
  server.on('checkContinue', onRequest(true))
  // An Expect that is not 100-continue is S3's business: without this, Node answers 417.
  server.on('checkExpectation', onRequest(false))
  server.on('connect', (_request: IncomingMessage, socket: Socket) =>
    answerUpgradeFault(context, socket, s3Errors.methodNotAllowed),
  )
  applyUpgrades(context, server)
  server.on('clientError', (fault: ClientFault, socket: Socket) => {
    if (memoryOf(socket)?.pipelined?.keep(fault) !== true) onClientFault(context, fault, socket)
  })
  const onIdle = (socket: ClientSocket) => {
    // Waiting for the endpoint is not the client's silence: the exchange's own limits watch over that.
    const exchange = context.exchangeOf.get(socket)
    if (exchange?.underWay !== true) socket.destroy()
    else exchange.endForIdleClient() // else asked again when it has been idle as long once more
  }
  server.on('timeout', onIdle)
  if (tls !== undefined) {
    const http2 = new Http2Server(http2Limits(limits, server.maxHeadersCount), {
      onRequest: inShares(shares, createHandler(context)),
      onIdle,
      onMalformed: (address, method, target) => recordMalformed(context, address, method, target),
      onConnectionEnd: (address, reason) => recordConnectionEnd(context, address, reason),
    })
    http2Servers.set(server, http2)
    http2.attach(server)
  }
  const ledger = new MemoryLedger(memoryLimits(limits), (reason, connections) =>
    context.observer.warned('connections_ended', { reason, connections }),
  )
  ledgers.set(server, ledger)
  keepClientSockets(server, tls !== undefined, ledger)
  server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    // Before Node's own listener, which would end a response that only the connection's end delimits as if it were whole.
    socket.prependListener('end', () => context.exchangeOf.get(socket)?.onClientLeft())
  })
  applyLimits(server, limits)
  return server
}

const ledgers = new WeakMap<Server, MemoryLedger>()

/** The ledger of the connections of a server that was made here. */
export function ledgerOf(server: Server): MemoryLedger | undefined {
  return ledgers.get(server)
}

/** The part of a TLS server that speaks HTTP/2. */
const http2Servers = new WeakMap<object, Http2Server>()

/** Ends the connections of HTTP/2 whose clients have taken nothing of what waits to be sent to them for `ms`. */
export function endUnreadConnections(server: Server, ms: number): void {
  http2Servers.get(server)?.endUnread(ms)
}

/** What is offered by ALPN, the better first. */
function offered(server: object): readonly string[] {
  return http2Servers.get(server)?.limits.streams === 0 ? ['http/1.1'] : ['h2', 'http/1.1']
}

function http2Limits(limits: ServerLimits, fields: number): Http2Limits {
  const { headerBytes, headersMs, idleMs, keepAliveMs, streams } = limits
  return { headerBytes, headersMs, idleMs, keepAliveMs, streams, fields }
}

function memoryLimits({ connections, heldBytes, headerBytes }: ServerLimits) {
  return { connections, heldBytes, headBytes: headerBytes }
}

/** Whether another connection is ended for one too many, so that a client that holds many keeps no other out. */
export function makeRoom(server: Server, makesRoom: boolean): void {
  const ledger = ledgers.get(server)
  if (ledger === undefined) return
  ledger.makesRoom = makesRoom
  server.maxConnections = ledger.connections + (makesRoom ? 1 : 0)
}

/** Puts limits into force, for a running server too: connections that exist keep the head size they began with. */
export function applyLimits(server: Server, limits: ServerLimits): void {
  ledgers.get(server)?.setLimits(memoryLimits(limits))
  makeRoom(server, ledgers.get(server)?.makesRoom !== false)
  const http2 = http2Servers.get(server)
  if (http2 !== undefined) http2.limits = http2Limits(limits, http2.limits.fields)
  server.headersTimeout = limits.headersMs
  server.keepAliveTimeout = limits.keepAliveMs
  server.timeout = limits.idleMs
  setHeadLimit(server, limits.headerBytes)
}
