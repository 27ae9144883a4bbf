import { EventEmitter } from 'node:events'
import type { ServerHttp2Stream } from 'node:http2'

/** What is told of the end of a stream. */
export interface StreamListener {
  /** All of the response has gone into the connection. */
  onFinish(): void
  /** The stream was reset, or its connection ended. */
  onAborted(): void
  /** The stream is over. */
  onStreamClose(): void
}

const listenerOf = Symbol('what is told of the end of a stream')

type HeardStream = ServerHttp2Stream & { [listenerOf]?: StreamListener | undefined }

const emit = EventEmitter.prototype.emit

/**
 * Stands in for the listeners that every stream would need: Node tells of each listener that comes, and four of them are a twentieth of
 * what a preflight costs (`bench --scenario h2-preflight`).
 */
function emitHeard(this: HeardStream, event: string | symbol, first?: unknown, second?: unknown): boolean {
  switch (event) {
    case 'finish':
      this[listenerOf]?.onFinish()
      break
    case 'aborted':
      this[listenerOf]?.onAborted()
      break
    case 'close':
      this[listenerOf]?.onStreamClose()
      break
    case 'error':
      // A stream that its client resets would end the process.
      if (this.listenerCount('error') === 0) return true
  }
  return emit.call(this, event, first, second)
}

/** From now on errors of the stream end nothing but itself. */
export function hearEvents(stream: ServerHttp2Stream): void {
  stream.emit = emitHeard as ServerHttp2Stream['emit']
}

/** Tells `listener` of the end of a stream of {@link hearEvents}. */
export function tellOfEnd(stream: ServerHttp2Stream, listener: StreamListener | undefined): void {
  const heard: HeardStream = stream
  heard[listenerOf] = listener
}
