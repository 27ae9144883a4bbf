// The one refusal that is about this proxy's own setting: a signature covers Host, and `upstream.host` decides which Host the
// endpoint is sent.

const code = '<Code>SignatureDoesNotMatch</Code>'
// Error documents begin with their code.
const lookedAtBytes = 512

/** What a log line says of it. */
export type SignatureMismatch = Readonly<Record<'clientHost' | 'sentHost' | 'todo', string>>

/** Reads the beginning of a 403's content. Undefined when it is no SignatureDoesNotMatch. */
export function findSignatureMismatch(
  content: Buffer,
  clientHost: string,
  sentHost: string,
): SignatureMismatch | undefined {
  if (!content.toString('latin1', 0, lookedAtBytes).includes(code)) return undefined
  const todo =
    clientHost === sentHost
      ? "what is signed for this Host fails by its secret, or by a change before this proxy; URLs presigned for the endpoint's name need upstream.host: rewrite"
      : "what is signed for clientHost needs upstream.host: preserve and an endpoint that takes that name; else have it signed for the endpoint's name"
  return { clientHost, sentHost, todo: `${todo} (check --connect tells which)` }
}
