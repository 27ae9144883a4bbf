import type { IncomingHttpHeaders } from 'node:http'
import type { Holding } from '../shares/client-memory.ts'

/** What carries one request and its response: a connection of HTTP/1.1, or a stream of HTTP/2. */
export interface ClientSocket {
  readonly remoteAddress?: string | undefined
  readonly destroyed: boolean
  readonly writable: boolean
  /** Bytes that were written and have not left. */
  readonly writableLength: number
  destroy(error?: Error): unknown
  /** Ends it so that a response which only its end delimits is not taken for whole. */
  resetAndDestroy(): unknown
}

/** The content of a request as it comes. */
export interface ContentSource {
  /** Content comes in pieces far smaller than what is read from the client at once. */
  readonly comesInPieces?: boolean | undefined
  /** `end` is told of content that is whole, and of no other. */
  on(event: string, listener: (chunk: Buffer) => void): unknown
  off(event: string, listener: (chunk: Buffer) => void): unknown
  pause(): unknown
  resume(): unknown
  isPaused(): boolean
}

/** One request of a client, over either version of HTTP. */
export interface ClientRequest extends ContentSource, Holding {
  readonly method?: string | undefined
  /** The request-target, byte for byte. */
  readonly url?: string | undefined
  readonly httpVersion: string
  readonly httpVersionMajor: number
  readonly httpVersionMinor: number
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[]
  /** What is asked of framing and Expect; all fields after `readAllHeaders`. */
  readonly headers: IncomingHttpHeaders
  readonly socket: ClientSocket
  /** All of its content was read, or it has none. */
  readonly complete: boolean
  /** Bytes of its head. */
  readonly headBytes: number
  /** What handles it, and keeps bytes for that. */
  holder: Holding | undefined

  readAllHeaders(): void
}

/** A string costs this beyond its characters, and its place in a list. */
const stringBytes = 24

/** Bytes that the head of a request keeps. */
export function headBytesOf(target: string, rawHeaders: readonly string[]): number {
  let bytes = target.length
  for (let i = 0; i < rawHeaders.length; i++) bytes += (rawHeaders[i] as string).length + stringBytes
  return bytes
}
