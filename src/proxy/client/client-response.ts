import type { ClientRequest, ClientSocket } from './client-request.ts'
import type { OutgoingFields } from './outgoing-fields.ts'

/** One response to a client, as the proxy writes it: by its own class, or by Node's. */
export interface ClientResponse {
  readonly req: ClientRequest
  /** Null before the response's turn, and after its end. */
  readonly socket: ClientSocket | null
  readonly statusCode: number
  /** The head is made, and is sent with what follows it. */
  readonly headersSent: boolean
  readonly writableEnded: boolean
  /** All of it has left. */
  readonly writableFinished: boolean
  readonly destroyed: boolean
  /** Bytes that were written and are copies of this process's own: heads, and content given to `end`. */
  readonly ownBytes: number
  /** Set by the server: the client's wish, which the response may refuse. */
  shouldKeepAlive: boolean

  /**
   * Makes the head; keep-alive, Date and Transfer-Encoding are added to `fields`. `untilClose`: content of unknown length ends
   * with the connection even in HTTP/1.1.
   */
  writeHead(statusCode: number, reason: string | undefined, fields: OutgoingFields, untilClose?: boolean): void
  /** Sends the head before there is content. */
  flushHead(): void
  /** Sends content after the head. `onTaken` is called when the kernel has taken it, and the buffer may be used again. */
  write(content: Buffer, onTaken: () => void): void
  /** Ends the response, with content if there is more: as a string, each character is a byte. */
  end(content?: string | Buffer): void
  /** Tells a client that waits for it to send its content. */
  writeContinue(): void
  /** `socket`: its turn has come. `close`: it is over, sent or not. */
  once(event: 'socket' | 'close', listener: () => void): unknown
  /** Tells Node that a response that waits for its turn has so many bytes more to send, or fewer. */
  pendingBytes(bytes: number): void
  destroy(error?: Error): unknown
}
