/** What a connection may bring in a second without asking for anything, and how much of that may come at once. */
const idleBytesPerSecond = 64 * 1024
const burstBytes = 128 * 1024
/** What a request may need beside its head and its content. */
const bytesPerRequest = 16 * 1024
/** Content may be padded. */
const contentShare = 1 / 8
/** How fast a connection may be forgiven content of requests that were answered before it had come, after a window of it at once. */
const lateBytesPerSecond = 128 * 1024
/** What is sent to a client is answered by WINDOW_UPDATE, 26 bytes for two windows; clients send them for some KiB or more. */
const sentShare = 1 / 64

/** A connection, as far as its bytes are counted. */
export interface CountedSocket {
  readonly bytesRead: number
  readonly bytesWritten: number
}

/** What a connection has brought since the look before. */
export interface Asked {
  /** Requests that began. */
  readonly requests: number
  /** Their content, with the heads of its frames. */
  readonly contentBytes: number
  /** The longest head that a request may have. */
  readonly headerBytes: number
}

/**
 * Finds connections that bring frames which are no part of a request: SETTINGS, PING, PRIORITY, WINDOW_UPDATE, empty DATA, heads that
 * are refused. nghttp2 handles them without a word to this program, and bounds few of their kinds
 * (https://www.rfc-editor.org/rfc/rfc9113#section-10.5). Fifty connections full of them hold the event loop
 * (`floods --kinds h2-window-updates`).
 */
export class IdleFrames {
  readonly #windowBytes: number
  #read = 0
  #written = 0
  #idle = 0
  /** Content that may still come for streams that are over, and how much more may be forgiven. */
  #late = 0
  #forgivable: number
  #lookedMs: number

  /** `windowBytes`: content that may be under way on the connection at once. */
  constructor(windowBytes: number, nowMs: number) {
    this.#windowBytes = windowBytes
    this.#forgivable = windowBytes
    this.#lookedMs = nowMs
  }

  /** A request was answered before its content had come: so many bytes of that may be under way, and nghttp2 drops them. */
  forgive(bytes: number): void {
    const forgiven = Math.min(this.#forgivable, bytes)
    this.#forgivable -= forgiven
    this.#late += forgiven
  }

  /** Looks again at what came. */
  isFlood(socket: CountedSocket, { requests, contentBytes, headerBytes }: Asked, nowMs: number): boolean {
    const { bytesRead, bytesWritten } = socket
    const came = bytesRead - this.#read - contentBytes
    const seconds = (nowMs - this.#lookedMs) / 1000
    const fair =
      seconds * idleBytesPerSecond +
      requests * (bytesPerRequest + headerBytes) +
      contentBytes * contentShare +
      (bytesWritten - this.#written) * sentShare
    this.#read = bytesRead
    this.#written = bytesWritten
    this.#lookedMs = nowMs
    this.#forgivable = Math.min(this.#windowBytes, this.#forgivable + seconds * lateBytesPerSecond)
    const late = Math.min(this.#late, Math.max(0, came - fair))
    this.#late -= late
    this.#idle = Math.max(0, this.#idle + came - fair - late)
    return this.#idle > burstBytes
  }
}
