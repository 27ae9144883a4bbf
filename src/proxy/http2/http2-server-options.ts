import type { ServerOptions } from 'node:http2'
import { streamWindowBytes } from './http2-session.ts'

/** Bounds of HTTP/2; times in milliseconds. Those of a session hold for sessions that begin after a change. */
export interface Http2Limits {
  readonly headerBytes: number
  readonly fields: number
  /** Of one connection. */
  readonly streams: number
  /** Until the first head of a connection is whole. */
  readonly headersMs: number
  readonly idleMs: number
  readonly keepAliveMs: number
}

/**
 * As many streams a client may reset at once, and as many a second from then on: a map that is moved resets those of a whole view.
 * With nghttp2's own 1,000 fifty connections keep the event loop busy for seconds (`floods --kinds h2-rapid-reset`).
 */
const streamResetBurst = 300
const streamResetRate = 100

/** What came after the types of Node. */
interface OptionsBesideTypes {
  readonly strictSingleValueFields: boolean
  readonly strictFieldWhitespaceValidation: boolean
  readonly streamResetBurst: number
  readonly streamResetRate: number
}

/** What Node's server of HTTP/2 is told, for sessions that begin from then on. */
export function http2ServerOptions(limits: Http2Limits): ServerOptions & OptionsBesideTypes {
  return {
    settings: {
      enablePush: false,
      initialWindowSize: streamWindowBytes,
      maxConcurrentStreams: limits.streams,
      maxHeaderListSize: limits.headerBytes,
    },
    // Pseudo-fields besides.
    maxHeaderListPairs: limits.fields + 5,
    maxSessionInvalidFrames: 100,
    streamResetBurst,
    streamResetRate,
    maxSessionRejectedStreams: 200,
    // In megabytes: field tables, and what waits in streams, of which each may have a read or two of the endpoint's. Beyond it
    // Node refuses streams; what all clients hold together is the business of the memory ledger.
    maxSessionMemory: Math.max(10, limits.streams / 4),
    // What the endpoint sent twice goes on twice, as over HTTP/1.1.
    strictSingleValueFields: false,
    // Else such a line is dropped without a word: `readRequestFields` refuses the request.
    strictFieldWhitespaceValidation: false,
  }
}
