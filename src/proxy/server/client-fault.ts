import type { Socket } from 'node:net'
import type { ConnectionEnd } from '../../http/connection-end.ts'
import { type S3Error, s3Errors } from '../../s3/errors/error-catalogue.ts'
import { ClosingResponse } from '../client/closing-response.ts'
import { OutgoingFields } from '../client/outgoing-fields.ts'
import { writeError } from '../exchange/local-reply.ts'
import type { ProxyContext } from '../handling/proxy-context.ts'
import { beginRequest, endRequest } from '../request/request-record.ts'
import { type ClientFault, memoryOf } from '../shares/client-memory.ts'

/** A fault that was found below the level of requests: before one was whole, within its content, or after it. */
export function onClientFault(context: ProxyContext, fault: ClientFault, socket: Socket): void {
  const { code = '' } = fault
  // A connection that broke, and a TLS handshake that failed: there is no client to answer. One on which not a byte has come is a
  // browser's spare or a load balancer's check, no request.
  const isParsed = code.startsWith('HPE_') || (code === 'ERR_HTTP_REQUEST_TIMEOUT' && socket.bytesRead > 0)
  if (!isParsed) socket.destroy()
  else answerFault(context, socket, errorFor(fault))
}

/**
 * Answers a fault, once, and closes; after the responses that are still owed. A connection on which the last answer was
 * given gets no other: Node reports some faults of a request's content after the request, and every byte after a fault.
 */
export function answerFault(context: ProxyContext, socket: Socket, error: S3Error): void {
  if (context.closing.has(socket)) return
  const response = context.responseOf.get(socket)
  if (response === undefined || response.writableFinished) {
    if (socket.writable) refuse(context, socket, error)
    else socket.destroy()
    return
  }
  const { req: request } = response
  const exchange = context.exchangeOf.get(socket)
  if (request.complete) {
    if (faulty.has(response)) return
    faulty.add(response)
    // The fault is in what follows a good request, which is served first. Pipelined ones may stand between.
    response.once('close', () => {
      if (!socket.destroyed && socket.writable) answerFault(context, socket, error)
    })
  } else if (exchange?.underWay === true) {
    // What went up must arrive as aborted, and the client is told if it still can be.
    exchange.abort(error)
  } else if (memoryOf(socket)?.isQueued === true) {
    // Not begun yet, and never will be.
    refuse(context, socket, error)
  } else socket.destroy()
}

/** Responses that will be followed by the answer to a fault. */
const faulty = new WeakSet<object>()

function errorFor(fault: ClientFault): S3Error {
  switch (fault.code) {
    case 'HPE_HEADER_OVERFLOW':
      return s3Errors.headersTooLarge
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return s3Errors.requestTimeout
    case 'HPE_INVALID_VERSION':
      return s3Errors.versionNotSupported
    case 'HPE_INVALID_METHOD':
      // A well-formed method that llhttp does not know, or not HTTP at all.
      return /^[A-Za-z]+ /.test(faultyLine(fault)) ? s3Errors.methodNotAllowed : s3Errors.badRequest
    default:
      return s3Errors.badRequest
  }
}

/** The beginning of the line that the parser stopped in. Good requests may stand before it in the same packet. */
function faultyLine({ rawPacket, bytesParsed = 0 }: ClientFault): string {
  if (rawPacket === undefined) return ''
  const start = bytesParsed === 0 ? 0 : rawPacket.lastIndexOf('\n', bytesParsed - 1) + 1
  return rawPacket.toString('latin1', start, start + 32)
}

/** Records a stream of HTTP/2 that was reset because it is no request: HTTP/2 has no answer for it. */
export function recordMalformed(
  context: ProxyContext,
  peerAddress: string | undefined,
  method: string | undefined,
  target: string | undefined,
): void {
  const record = beginRequest(context, method, target, peerAddress)
  record.protocol = 'HTTP/2.0'
  record.kind = 'rejected'
  record.errorCode = s3Errors.badRequest.code
  endRequest(context, record)
}

/** Records a connection of HTTP/2 that ended because of what its client sent. */
export function recordConnectionEnd(
  context: ProxyContext,
  peerAddress: string | undefined,
  reason: ConnectionEnd,
): void {
  const record = beginRequest(context, undefined, undefined, peerAddress)
  record.protocol = 'HTTP/2.0'
  record.kind = 'rejected'
  record.connectionEnd = reason
  endRequest(context, record)
}

const refusalLingerMs = 500

function refuse(context: ProxyContext, socket: Socket, error: S3Error): void {
  const record = beginRequest(context, undefined, undefined, socket.remoteAddress)
  record.kind = 'rejected'
  context.closing.add(socket)
  // After CONNECT and upgrades the socket has lost Node's own listener, and an error would end the process.
  socket.on('error', () => socket.destroy())
  writeError(context, new ClosingResponse(socket), record, error, new OutgoingFields())
  endRequest(context, record)
  // Whatever the client still sends means nothing; it gets a moment to read the answer.
  const timer = setTimeout(() => socket.destroy(), refusalLingerMs)
  socket.once('close', () => clearTimeout(timer))
}
