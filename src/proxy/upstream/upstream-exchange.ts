import type { ResponseHead } from './response/response-head.ts'
import type { BodyFraming } from './response/response-parser.ts'
import type { UpstreamFailure } from './upstream-failure.ts'

/** What a connection tells the one exchange that uses it. */
export interface UpstreamExchange {
  onInformation(head: ResponseHead): void
  onHead(head: ResponseHead, framing: BodyFraming): void
  /** A view into the read buffer: it stays as it is until the exchange lets the connection read on. */
  onBody(bytes: Buffer): void
  /** Everything that one read held was given. `ended`: the certain end of the response has come. */
  onRead(ended: boolean): void
  /** The connection is dead and the response incomplete. Called at most once, never after `onRead(true)`. */
  onFailure(failure: UpstreamFailure): void
  /** What was written has left: more may be written. */
  onDrain(): void
  /** Handling what was read threw: the connection is dead. */
  onFault(error: unknown): void
}
