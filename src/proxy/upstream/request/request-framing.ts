import type { GuardedRequest } from '../../request/request-guard.ts'

/** Framing of the request as it goes up: the same meaning as it came, in a line of our own. */
export function framingLine(request: GuardedRequest): string {
  if (request.chunked) return 'Transfer-Encoding: chunked\r\n'
  // A PUT or POST without content keeps its `Content-Length: 0`; nothing is added that the client did not send.
  return request.contentLength === undefined ? '' : `Content-Length: ${request.contentLength}\r\n`
}

/** Whether any content follows the request head. */
export function hasContent(request: GuardedRequest): boolean {
  return request.chunked || (request.contentLength !== undefined && Number(request.contentLength) > 0)
}
