import type { IncomingMessage, ServerResponse } from 'node:http'
import { Agent as HttpAgent } from 'node:http'
import { Http2ServerResponse } from 'node:http2'
import { Agent as HttpsAgent } from 'node:https'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { createProxyServer } from 'http-proxy-3'
import { parseDecimal } from '../../http/decimal.ts'
import { isConnectionSpecific } from '../../http/hop-by-hop-fields.ts'
import { type S3Error, s3Errors } from '../../s3/errors/error-catalogue.ts'
import type { ClientRequest } from '../client/client-request.ts'
import { ClosingResponse } from '../client/closing-response.ts'
import { writeStatus } from '../exchange/local-reply.ts'
import type { GuardedRequest } from '../request/request-guard.ts'
import type { RequestRecord } from '../request/request-record.ts'

/** The server of one further Host, such as MinIO's Console: no bucket, no policy, no CORS of ours. */
export interface ConsoleProxy {
  readonly target: ConsoleTarget
  /** Whether a request with this Host goes there: that very Host, port included, and no other. */
  matches(host: string): boolean
  /** Why the request must be refused instead: http-proxy-3 would frame it wrongly, or keep it in a queue that has no end. */
  refuses(request: GuardedRequest): S3Error | undefined
  /** Calls `ended` once, when the response has been sent or broken off. */
  web(
    request: IncomingMessage | ClientRequest,
    response: ServerResponse,
    record: RequestRecord,
    ended: () => void,
  ): void
  /** A WebSocket; the client's socket is destroyed with the server's. Calls `ended` once, when it is over. */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer, record: RequestRecord, ended: () => void): void
  /** Ends the WebSockets, which have no end of their own, and the connections that nothing uses. */
  close(): void
}

/** Where the Console is. */
export interface ConsoleTarget {
  readonly host: string
  readonly protocol: 'http:' | 'https:'
  readonly authority: string
  readonly timeoutMs: number
  /** Requests under way, and WebSockets, at most: memory and descriptors that config/validation/capacity.ts reckons with. */
  readonly connections: number
}

/** What the client of a refused WebSocket gets to read why. */
const refusalLingerMs = 500

// Of a connection that nothing uses. One in use has the response's own limit.
const idleMs = 30_000

/**
 * http-proxy-3 serves a Console well: HTTP, WebSocket, small pages. It has no place on the S3 path, because it rewrites
 * paths, which breaks signatures and moves requests past a bucket's rules.
 */
export function createConsoleProxy(target: ConsoleTarget): ConsoleProxy {
  const agentOptions = { keepAlive: true, timeout: idleMs, maxSockets: target.connections }
  const agent = target.protocol === 'https:' ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions)
  const proxy = createProxyServer({
    target: `${target.protocol}//${target.authority}`,
    agent,
    // The Console checks a WebSocket's Origin against the Host that the browser sees.
    changeOrigin: false,
    followRedirects: false,
    proxyTimeout: target.timeoutMs,
  })
  const sockets = new Map<Duplex, RequestRecord>()
  // Node's agent keeps what waits for a connection, with the content that has come, and forgets none whose client has left.
  let underWay = 0
  const brokenOff = new WeakSet<ServerResponse>()
  const breakOff = (response: ServerResponse): void => {
    brokenOff.add(response)
    // A stream that is destroyed without an error ends as if it were whole.
    if (isHttp2(response)) response.stream.destroy(new Error('broken off'))
    else response.destroy()
  }
  // Without a listener the library throws. An answer was not sent yet only if the server could not be reached.
  proxy.on('error', (_error, _request, response) => {
    if (response instanceof Duplex) {
      const record = sockets.get(response)
      if (record?.status !== 0) response.destroy()
      else refuse(response, record, s3Errors.badGateway)
    } else if (response.headersSent) breakOff(response)
    else endWith(response, s3Errors.badGateway)
  })
  // The library pipes, so a server that dies within its response would leave the client waiting for ever.
  proxy.on('proxyRes', (incoming, _request, response) => {
    incoming.on('error', () => breakOff(response))
    if (isHttp2(response)) {
      for (const name of Object.keys(incoming.headers)) if (isConnectionSpecific(name)) delete incoming.headers[name]
      delete incoming.statusMessage
      // Node throws for a status that is none.
      if (incoming.statusCode !== undefined && incoming.statusCode > 599)
        incoming.statusCode = s3Errors.badGateway.status
    }
    const { 'content-length': length } = incoming.headers
    if (length !== undefined) incoming.headers['content-length'] = String(parseDecimal(length))
  })
  proxy.on('proxyReqWs', (request, _incoming, socket) => {
    const record = sockets.get(socket)
    if (record === undefined) return
    // A client that has left by then is told of already.
    const answered = (status: number) => {
      if (sockets.has(socket)) record.status = status
    }
    request.once('upgrade', () => answered(101))
    request.once('response', incoming => answered(incoming.statusCode ?? 0))
  })
  const host = target.host.toLowerCase()
  return {
    target,
    matches: candidate => candidate.length === host.length && candidate.toLowerCase() === host,
    refuses({ method, chunked }) {
      // It forwards a chunked DELETE or OPTIONS as `Content-Length: 0` with the content behind it: a second request.
      if (chunked && (method === 'DELETE' || method === 'OPTIONS')) return s3Errors.transferCodingNotImplemented
      return underWay < target.connections ? undefined : s3Errors.slowDown
    },
    web(request, response, record, ended) {
      underWay++
      response.once('close', () => {
        underWay--
        record.status = response.headersSent ? response.statusCode : 0
        record.clientAborted = !response.writableFinished && !brokenOff.has(response)
        ended()
      })
      try {
        // What the library reads of a request, one of HTTP/2 has, too.
        proxy.web(request as IncomingMessage, response)
      } catch {
        // It makes a URL of the request-target, and not every one that a client may send is one.
        if (response.headersSent) breakOff(response)
        else endWith(response, s3Errors.badRequest)
      }
    },
    upgrade(request, socket, head, record, ended) {
      socket.on('error', () => socket.destroy())
      if (sockets.size >= target.connections) {
        socket.once('close', ended)
        refuse(socket, record, s3Errors.slowDown)
        return
      }
      sockets.set(socket, record)
      socket.once('close', () => {
        sockets.delete(socket)
        ended()
      })
      try {
        proxy.ws(request, socket, head)
      } catch {
        socket.destroy()
      }
    },
    close() {
      for (const socket of sockets.keys()) socket.destroy()
      // Not `agent.destroy()`, which ends responses under way too.
      for (const free of Object.values(agent.freeSockets)) for (const socket of free ?? []) socket.destroy()
    },
  }
}

/** No WebSocket. Its client may read nothing and never leave, and Node has no limits for the connection of an upgrade any more. */
function refuse(socket: Duplex, record: RequestRecord, error: S3Error): void {
  writeStatus(new ClosingResponse(socket), record, error)
  const timer = setTimeout(() => socket.destroy(), refusalLingerMs)
  socket.once('close', () => clearTimeout(timer))
}

/** A page of the Console expects no document of S3. */
function endWith(response: ServerResponse, { status }: S3Error): void {
  response.writeHead(status, { 'Content-Length': '0', ...(isHttp2(response) ? {} : { Connection: 'close' }) }).end()
}

function isHttp2(response: object): response is Http2ServerResponse {
  return response instanceof Http2ServerResponse
}
