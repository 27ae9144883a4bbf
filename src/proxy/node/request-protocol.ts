import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

/** What Node's parser gives of the bytes that it is at. */
interface RunningParser {
  getCurrentBuffer?(): Buffer | undefined
}

function bytesAtHand(socket: Socket): Buffer | undefined {
  return (socket as Socket & { readonly parser?: RunningParser | null }).parser?.getCurrentBuffer?.()
}

/** Longer than `HTTP/1.1` and what may stand before its LF: more is not kept of a line. */
const keptCharacters = 32

/**
 * The first request line of a connection, read as it comes, in however many pieces. Node's parser takes GET, POST and OPTIONS of
 * RTSP for those of HTTP and does not tell its callers, so the bytes are looked at themselves. Once for each connection, for they have
 * to be copied (`bench --scenario preflight`), and a client of RTSP speaks it from its first line on.
 */
export class FirstLine {
  readonly #socket: Socket
  #end = ''
  #isWhole = false

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** To be called at every read in which no request has become whole yet. */
  read(): void {
    if (this.#isWhole) return
    const text = bytesAtHand(this.#socket)?.toString('latin1')
    if (text === undefined) return
    let start = 0
    // Empty lines before it are passed over, as RFC 9112 §2.2 asks for.
    if (this.#end === '') while (text[start] === '\r' || text[start] === '\n') start++
    const end = text.indexOf('\n', start)
    this.#isWhole = end !== -1
    const piece = this.#end + text.slice(start, end === -1 ? undefined : end)
    this.#end = Buffer.from(piece.slice(-keptCharacters)).toString()
  }

  /** Whether its protocol is HTTP, of any version; to be asked while the parser is at its head. */
  isHttp(): boolean {
    this.read()
    // Where the parser has gone, or gives no bytes, there is nothing to say.
    return !this.#isWhole || /(?:^| )HTTP\/\d\.\d\r?$/.test(this.#end)
  }
}

/**
 * Whether a request is RTSP, to be asked as soon as Node hands it over. Looked for where the version is 1.0, which RTSP has and few
 * clients of HTTP: so a later request of a connection is found, too.
 */
export function isRtsp({ httpVersionMinor, method, url, socket }: IncomingMessage): boolean {
  if (httpVersionMinor !== 0 || method === undefined || url === undefined) return false
  const bytes = bytesAtHand(socket)?.toString('latin1') ?? ''
  for (let at = bytes.indexOf(`${url} `); at !== -1; at = bytes.indexOf(`${url} `, at + 1)) {
    let end = at + url.length
    while (bytes.charCodeAt(end) === 0x20) end++
    if (!bytes.startsWith('RTSP/', end)) continue
    const line = bytes.slice(bytes.lastIndexOf('\n', at) + 1, at)
    if (line.startsWith(method)) return true
  }
  return false
}
