import { IncomingMessage } from 'node:http'
import { headBytesOf } from '../client/client-request.ts'
import type { Holding } from '../shares/client-memory.ts'
import { memoryOf } from '../shares/client-memory.ts'
import { endWithinContent } from './client-parser.ts'

// The accessor that parses all of them; a property of every instance as far as the types go.
const allHeaders = Object.getOwnPropertyDescriptor(IncomingMessage.prototype, 'headers')?.get as (
  this: IncomingMessage,
) => IncomingMessage['headers']

/**
 * A request whose `headers` hold what Node itself looks at, until all are asked for.
 *
 * Node asks every request about its framing and Expect, which makes it parse all fields into an object (`bench --scenario preflight`).
 * Nothing is decided on here by that object, but by the field lines as they came.
 */
export class ProxyRequest extends IncomingMessage implements Holding {
  /** What handles it, and keeps bytes for that. */
  holder: Holding | undefined

  #headers: IncomingMessage['headers'] | undefined
  /** Small chunks of what is being parsed. */
  #pieces: Buffer[] | undefined
  #unreadPieces = 0

  static {
    Object.defineProperty(ProxyRequest.prototype, 'headers', {
      get(this: ProxyRequest) {
        this.#headers ??= framingFields(this.rawHeaders)
        return this.#headers
      },
    })
  }

  /** Makes `headers` what Node documents, for a library that reads them. */
  readAllHeaders(): void {
    this.#headers = allHeaders.call(this)
  }

  /** Bytes of its head. */
  get headBytes(): number {
    return headBytesOf(this.url ?? '', this.rawHeaders)
  }

  /** Bytes that are kept for it: its head, content that is not taken yet, and what its handler keeps. */
  get heldBytes(): number {
    const unread = this.readableLength
    const pieces = unread === 0 ? 0 : this.#unreadPieces * pieceBytes
    return this.headBytes + unread + pieces + (this.holder?.heldBytes ?? 0)
  }

  /**
   * Called by Node's parser with each piece of content, which would be kept each by itself: chunks of one byte each cost three
   * hundred. Those of one read are joined, and no more than `maxUnreadPieces` are taken before they are asked for.
   */
  override push(piece: Buffer | null): boolean {
    // The end of a message without content: most of them.
    if (piece === null && this.#pieces === undefined) return super.push(null)
    const memory = memoryOf(this.socket)
    memory?.used(piece === null ? 0 : piece.length)
    if (
      piece !== null &&
      memory !== undefined &&
      piece.length < smallPieceBytes &&
      this.headers['transfer-encoding'] !== undefined
    ) {
      this.#pieces ??= []
      if (!memory.takesChunk(this.#pieces.push(piece))) endWithinContent(this.socket)
      memory.parsing = this
      return true
    }
    this.onParsed()
    return this.#keep(piece)
  }

  /** The parser has gone through what was read. */
  onParsed(): void {
    const pieces = this.#pieces
    if (pieces === undefined) return
    this.#pieces = undefined
    if (!this.destroyed && !this.#keep(Buffer.concat(pieces))) this.socket.pause()
  }

  /** False: no more for now. */
  #keep(piece: Buffer | null): boolean {
    const more = super.push(piece)
    const unread = this.readableLength
    if (unread === 0 || piece === null) return more
    // The first of those that are not taken. Not counted at each read: most requests have none, and each is read.
    if (unread === piece.length) this.#unreadPieces = 0
    return ++this.#unreadPieces < maxUnreadPieces && more
  }
}

/** A buffer costs this beyond its bytes. */
const pieceBytes = 300
/** Joining larger ones would save nothing. */
const smallPieceBytes = 4096
const maxUnreadPieces = 64

/** Of a request without content, Expect and Upgrade: most of them. */
const noFields: IncomingMessage['headers'] = Object.freeze({})

function framingFields(rawHeaders: readonly string[]): IncomingMessage['headers'] {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (framingFieldOf(rawHeaders[i] as string) !== undefined) return readFramingFields(rawHeaders)
  }
  return noFields
}

function readFramingFields(rawHeaders: readonly string[]): IncomingMessage['headers'] {
  const headers: IncomingMessage['headers'] = {}
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const raw = rawHeaders[i] as string
    // Which upgrade it asks for hangs on the Host, too.
    const name = raw.length === 4 && raw.toLowerCase() === 'host' ? 'host' : framingFieldOf(raw)
    if (name !== undefined) headers[name] ??= rawHeaders[i + 1]
  }
  return headers
}

function framingFieldOf(name: string): 'expect' | 'upgrade' | 'content-length' | 'transfer-encoding' | undefined {
  // The first letter in lower case: Accept and Origin are as long as Expect, and come with every request of a browser.
  const first = name.charCodeAt(0) | 0x20
  switch (name.length) {
    case 6:
      return first === 0x65 && name.toLowerCase() === 'expect' ? 'expect' : undefined
    case 7:
      return first === 0x75 && name.toLowerCase() === 'upgrade' ? 'upgrade' : undefined
    case 14:
      return first === 0x63 && name.toLowerCase() === 'content-length' ? 'content-length' : undefined
    case 17:
      return first === 0x74 && name.toLowerCase() === 'transfer-encoding' ? 'transfer-encoding' : undefined
    default:
      return undefined
  }
}
