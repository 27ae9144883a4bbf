import type { IncomingMessage } from 'node:http'
import { isRtsp } from '../node/request-protocol.ts'
import { memoryOf } from '../shares/client-memory.ts'

/** Gives what is no HTTP/1 a version that the guard refuses as it does any other: HTTP/2 has no request line. */
export function markProtocol(request: IncomingMessage): void {
  const memory = memoryOf(request.socket)
  const first = memory?.firstLine
  if (memory !== undefined) memory.firstLine = undefined
  if (first?.isHttp() === false || request.httpVersionMajor !== 1 || isRtsp(request)) request.httpVersion = 'other'
}
