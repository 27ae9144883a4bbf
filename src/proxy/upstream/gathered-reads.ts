import type { Socket } from 'node:net'

/** The connection whose reads are gathered. */
interface GatheringReader {
  /** How many bytes of content are still to come; 0 outside of content. */
  readonly remainingBytes: number
  /** What was read last is not sent yet: its buffer must stay as it is. */
  readonly paused: boolean
  nextBuffer(): Buffer
  read(bytesRead: number, buffer: Buffer): boolean
}

/**
 * What may come after a read was told to stop: Node decrypts what it has received, which is one read of 64 KiB from the
 * kernel and the rest of a record of 16 KiB.
 */
const leftoverBytes = 80 * 1024

/**
 * Gathers what a TLS socket reads, record by record, one behind another in the buffer of its connection, and passes it on once
 * in a turn of the event loop. So a long body costs one write for many records, and nothing is allocated for a record.
 *
 * What completes a response, and what is not content, is passed on at once.
 */
export class GatheredReads {
  readonly #socket: Socket
  readonly #reader: GatheringReader
  #buffer: Buffer | undefined
  #bytes = 0
  #due = false
  /** Reading was stopped for want of room, until what was gathered is passed on. */
  #stopped = false

  constructor(socket: Socket, reader: GatheringReader) {
    this.#socket = socket
    this.#reader = reader
  }

  /** Takes what was read into `record`, which may be overwritten afterwards. False stops the reading. */
  add(bytesRead: number, record: Buffer): boolean {
    const reader = this.#reader
    let buffer = this.#buffer
    if (buffer !== undefined && this.#bytes + bytesRead > buffer.length) {
      this.pass()
      buffer = undefined
    }
    if (reader.paused) return reader.read(bytesRead, Buffer.from(record.subarray(0, bytesRead)))
    if (buffer === undefined) {
      buffer = reader.nextBuffer()
      this.#buffer = buffer
    }
    record.copy(buffer, this.#bytes, 0, bytesRead)
    this.#bytes += bytesRead
    if (this.#bytes >= reader.remainingBytes) return this.pass()
    if (!this.#due) {
      this.#due = true
      setImmediate(this.#passInTurn)
    }
    if (buffer.length - this.#bytes >= leftoverBytes) return true
    this.#stopped = true
    return false
  }

  /** Passes on what was gathered. False: the client has not taken all of it, or the connection is done with. */
  pass(): boolean {
    const buffer = this.#buffer
    if (buffer === undefined) return !this.#reader.paused
    const bytes = this.#bytes
    this.#buffer = undefined
    this.#bytes = 0
    return this.#reader.read(bytes, buffer)
  }

  readonly #passInTurn = (): void => {
    this.#due = false
    const reads = this.pass()
    if (!reads) this.#socket.pause()
    else if (this.#stopped) this.#socket.resume()
    this.#stopped = false
  }
}
