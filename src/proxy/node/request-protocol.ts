import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

/** What Node's parser gives of the bytes that it is at. */
interface RunningParser {
  getCurrentBuffer?(): Buffer | undefined
}

/** A copy: what Node has is overwritten by the next read. */
function bytesAtHand(socket: Socket): string | undefined {
  const { parser } = socket as Socket & { readonly parser?: RunningParser | null }
  return parser?.getCurrentBuffer?.()?.toString('latin1')
}

/** Longer than `HTTP/1.1` and what may stand before its LF: more is not kept of a line. */
const keptCharacters = 32

/**
 * How many later requests of HTTP/1.1 may be looked at until the next `renew()`. To look costs a copy of what was read, more than a
 * microsecond, which a busy proxy would feel (`bench --scenario preflight`).
 */
export class LookBudget {
  readonly #looks: number
  #left: number

  constructor(looks: number) {
    this.#looks = looks
    this.#left = looks
  }

  renew(): void {
    this.#left = this.#looks
  }

  take(): boolean {
    return this.#left > 0 && this.#left-- > 0
  }
}

/** The protocols besides HTTP that Node's parser knows. */
const foreignEnd = /(?:^| )(?:RTSP|ICE)\/\d\.\d\r?$/

/**
 * The request lines of a connection, in however many pieces they come. Node's parser takes GET, POST and OPTIONS of RTSP, and
 * SOURCE of ICE, for those of HTTP and does not tell its callers, so the bytes are looked at themselves: the first line of every
 * connection; of later ones those of version 1.0, which RTSP has and few clients of HTTP, those that come in pieces, and others
 * within a budget. What is not looked at goes up with a request line of HTTP/1.1, as everything does.
 */
export class RequestLines {
  readonly #socket: Socket
  readonly #budget: LookBudget
  #isFirst = true
  /** The request whose content is being read. */
  #withContent: IncomingMessage | undefined
  /** The end of the line, as far as it is known. */
  #end = ''
  #isWhole = false
  /** What had been read when `#end` was kept. */
  #keptAtBytes = 0
  /** What had been read when bytes were looked at that name no protocol but HTTP. */
  #plainAtBytes = -1

  constructor(socket: Socket, budget: LookBudget) {
    this.#socket = socket
    this.#budget = budget
  }

  /** To be called after every read. `used`: a request or content came in it. */
  read(used: boolean): void {
    if (this.#withContent !== undefined) {
      if (this.#withContent.complete) this.#withContent = undefined
      return
    }
    if (used || this.#isWhole) return
    const text = bytesAtHand(this.#socket)
    if (text !== undefined) this.#append(text)
  }

  /** Whether the protocol of a request is HTTP, of any version; to be asked as soon as Node hands it over. */
  isHttp(request: IncomingMessage): boolean {
    const { headers, httpVersionMinor, method } = request
    // Asked once: Node has it counted outside of JavaScript.
    const { bytesRead } = this.#socket
    const isFirst = this.#isFirst
    // What was kept in this read belongs to a request behind this one.
    const isOfThis = isFirst || this.#keptAtBytes !== bytesRead
    let kept = isOfThis ? this.#end : ''
    let isWhole = isOfThis && this.#isWhole
    const hasContent = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
    // What lies in this read was looked at for the request before: a read may hold a thousand.
    if (!isFirst && kept === '' && this.#plainAtBytes === bytesRead) {
      this.#withContent = hasContent ? request : undefined
      return true
    }
    const looks = isFirst || kept !== '' || httpVersionMinor === 0 || method === 'SOURCE' || this.#budget.take()
    // Where the parser has gone, or gives no bytes, there is nothing to say.
    const text = looks ? bytesAtHand(this.#socket) : undefined
    if (text !== undefined && !isWhole && (isFirst || kept !== '')) {
      this.#append(text)
      kept = this.#end
      isWhole = this.#isWhole
    }
    this.#isFirst = false
    this.#withContent = hasContent ? request : undefined
    this.#isWhole = false
    this.#end = ''
    // The head of another may have begun behind the last that is whole.
    if (text !== undefined && !hasContent) this.#append(text.slice(text.lastIndexOf('\r\n\r\n') + 4))
    if (isFirst) return !isWhole || /(?:^| )HTTP\/\d\.\d\r?$/.test(kept)
    if (isWhole && foreignEnd.test(kept)) return false
    if (text === undefined) return true
    if (text.search(foreignName) === -1) {
      this.#plainAtBytes = bytesRead
      return true
    }
    return !hasForeignLine(text, request)
  }

  #append(text: string): void {
    let start = 0
    // Empty lines before it are passed over, as RFC 9112 §2.2 asks for.
    if (this.#end === '') while (text[start] === '\r' || text[start] === '\n') start++
    const end = text.indexOf('\n', start)
    this.#isWhole = end !== -1
    this.#keep(this.#end + text.slice(start, end === -1 ? undefined : end))
  }

  #keep(piece: string): void {
    // A string of its own: a slice would hold the whole read.
    this.#end = piece === '' ? '' : Buffer.from(piece.slice(-keptCharacters), 'latin1').toString('latin1')
    this.#keptAtBytes = this.#socket.bytesRead
  }
}

/**
 * Whether the line of a request that stands in `text` names another protocol; other requests and content may stand there, too. The
 * work grows with the length of `text` alone: each character before a protocol's name belongs to one occurrence.
 */
function hasForeignLine(text: string, { method = '', url = '' }: IncomingMessage): boolean {
  // Of these Node's parser takes no other protocol.
  if (method === 'PUT' || method === 'HEAD' || method === 'DELETE') return false
  for (const { index } of text.matchAll(foreignName)) {
    const target = beforeSpaces(text, index) - url.length
    if (target < 0 || !text.startsWith(url, target) || text.charCodeAt(target - 1) !== space) continue
    const start = beforeSpaces(text, target - 1) - method.length
    if (start >= 0 && text.startsWith(method, start) && (start === 0 || text.charCodeAt(start - 1) === lineFeed))
      return true
  }
  return false
}

const space = 0x20
const lineFeed = 0x0a
/** At the last space before it. */
const foreignName = / (?:RTSP|ICE)\//g

/** Where the run of spaces that ends at `at` begins. */
function beforeSpaces(text: string, at: number): number {
  let begin = at
  while (begin > 0 && text.charCodeAt(begin - 1) === space) begin--
  return begin
}
