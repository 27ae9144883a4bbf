/** What a connection may bring from one look to the next without asking for anything, and how much of that may come at once. */
const idleBytes = 16 * 1024
const burstBytes = 128 * 1024
/** What a request may need beside its content: its head, and what follows it. */
const bytesPerRequest = 16 * 1024
/** Frames of content have heads, of nine bytes each. */
const contentShare = 1 / 8
/** What is sent to a client is answered by WINDOW_UPDATE, 26 bytes for two windows; clients send them for some KiB or more. */
const sentShare = 1 / 64

/** A connection, as far as its bytes are counted. */
export interface CountedSocket {
  readonly bytesRead: number
  readonly bytesWritten: number
}

/**
 * Finds connections that bring frames which are no part of a request: SETTINGS, PING, PRIORITY, WINDOW_UPDATE, empty DATA, heads that
 * are refused. nghttp2 handles them without a word to this program, and bounds few of their kinds
 * (https://www.rfc-editor.org/rfc/rfc9113#section-10.5). Fifty connections full of them hold the event loop
 * (`floods --kinds h2-window-updates`).
 */
export class IdleFrames {
  #read = 0
  #written = 0
  #idle = 0

  /** Looks again at what came: `begun` requests since the last look, and `contentBytes`. */
  isFlood(socket: CountedSocket, begun: number, contentBytes: number): boolean {
    const { bytesRead, bytesWritten } = socket
    const came = bytesRead - this.#read - contentBytes
    const fair =
      idleBytes + begun * bytesPerRequest + contentBytes * contentShare + (bytesWritten - this.#written) * sentShare
    this.#read = bytesRead
    this.#written = bytesWritten
    this.#idle = Math.max(0, this.#idle + came - fair)
    return this.#idle > burstBytes
  }
}
