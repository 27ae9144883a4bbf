import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

/** Node's parser of the requests of one connection: by the number that its class has for a callback, the callback. */
interface ClientParser {
  [callback: number]: unknown
  readonly constructor: { readonly kOnBody: number }
  onIncoming: (request: IncomingMessage, keepAlive: boolean) => number
}

type ParsedSocket = Socket & { readonly parser?: ClientParser | null; _paused?: boolean }

/**
 * What llhttp takes from its callback `on_headers_complete` for "stop here": its error code HPE_PAUSED. Node hands on what
 * `onIncoming` returns, and reports the stop as a fault with that code.
 */
const pauseParser = 21

/** Has the parser of a connection stop after each request without content for which `stops` is true. */
export function stopAfterRequest(socket: Socket, stops: () => boolean): void {
  const { parser } = socket as ParsedSocket
  if (parser === null || parser === undefined) return
  const { onIncoming } = parser
  parser.onIncoming = (request, keepAlive) => {
    const result = onIncoming(request, keepAlive)
    return result === 0 && stops() ? pauseParser : result
  }
}

/** Stops reading as Node's server does when too much waits to be sent: it alone starts again. */
export function pauseAsServer(socket: Socket): void {
  ;(socket as ParsedSocket)._paused = true
  socket.pause()
}

/** Gives bytes that were read, and kept, to the parser of their connection. */
export function parseKept(socket: Socket, bytes: Buffer): void {
  socket.emit('data', bytes)
}

/** Ends a connection amid the parsing of its content: what is left of the read is not even copied. */
export function endWithinContent(socket: Socket): void {
  const { parser } = socket as ParsedSocket
  socket.destroy()
  if (parser === undefined || parser === null) return
  const { kOnBody } = parser.constructor
  const onBody = parser[kOnBody]
  if (onBody === null) return
  parser[kOnBody] = null
  // Node uses parsers again.
  socket.once('close', () => {
    parser[kOnBody] = onBody
  })
}
