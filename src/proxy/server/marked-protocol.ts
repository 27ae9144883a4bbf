import type { IncomingMessage } from 'node:http'
import { memoryOf } from '../shares/client-memory.ts'

/** Gives what is no HTTP/1 a version that the guard refuses as it does any other: HTTP/2 has no request line. */
export function markProtocol(request: IncomingMessage): void {
  const isHttp = memoryOf(request.socket)?.requestLines?.isHttp(request)
  if (isHttp === false || request.httpVersionMajor !== 1) request.httpVersion = 'other'
}
