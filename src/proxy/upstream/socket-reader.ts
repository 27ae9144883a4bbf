import type { Socket } from 'node:net'

/** Takes what a socket reads. */
export interface SocketReader {
  /** Where the next read goes. Asked before the first one and after every one, when a socket can read into more than one. */
  nextBuffer(): Uint8Array
  /** What was read is in the first bytes of `buffer`. False stops the reading until `resume()`. */
  read(bytesRead: number, buffer: Uint8Array): boolean
  /** The same of a TLS socket: what `record` holds is overwritten as soon as this returns. */
  readRecord(bytesRead: number, record: Uint8Array): boolean
}

/** Opens a socket whose reads go to `reader`. */
export type OpenSocket = (servername: string, reader: SocketReader) => Socket
