// The one refusal that is about this proxy's own setting: a signature covers Host, and `upstream.host` decides which Host the
// endpoint is sent.

import type { GuardedRequest } from '../request/request-guard.ts'
import { isSigned } from '../request/unconditional-request.ts'

const code = '<Code>SignatureDoesNotMatch</Code>'
// Error documents begin with their code.
const lookedAtBytes = 512

/** What a log line says of it. */
export type SignatureMismatch = Readonly<Record<'clientHost' | 'sentHost' | 'todo', string>>

/** What of a request tells whether its signature can hold. */
export type SignedRequest = Pick<GuardedRequest, 'host' | 'authorization' | 'target' | 'lines'>

const rangeTodo =
  "a cache in the browser changed the signed Range and added If-Range: the page has to fetch with cache: 'no-store', or leave Range unsigned"

/** Reads the beginning of a 403's content. Undefined when it is no SignatureDoesNotMatch. */
export function findSignatureMismatch(
  content: Buffer,
  request: SignedRequest,
  sentHost: string,
): SignatureMismatch | undefined {
  if (!content.toString('latin1', 0, lookedAtBytes).includes(code)) return undefined
  const clientHost = request.host
  if (isRangeRewritten(request)) return { clientHost, sentHost, todo: rangeTodo }
  const todo =
    clientHost === sentHost
      ? "requests signed for this Host fail because of a wrong secret, or of a change on their way to this proxy; URLs presigned for the endpoint's name need upstream.host: rewrite"
      : "requests signed for clientHost need upstream.host: preserve and an endpoint that takes that name; else have them signed for the endpoint's name"
  return { clientHost, sentHost, todo: `${todo} (check --connect tells which)` }
}

/**
 * Chromium's cache asks for the part that it lacks: another Range than the page signed, with an If-Range that the page did not send.
 * The page gets a short 206 with no error: https://www.rfc-editor.org/rfc/rfc9110#section-13.1.5
 */
function isRangeRewritten(request: SignedRequest): boolean {
  return (
    `\r\n${request.lines.toLowerCase()}`.includes('\r\nif-range:') &&
    isSigned(request, 'range') &&
    !isSigned(request, 'if-range')
  )
}
