import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { ClientResponse } from '../../client/client-response.ts'
import type { OutgoingFields } from '../../client/outgoing-fields.ts'
import { memoryOf } from '../../shares/client-memory.ts'
import type { ProxyRequest } from '../proxy-request.ts'

/** What Node's server sets in its own class, and the types do not tell. */
type ServedResponse = ServerResponse<ProxyRequest> & { _onPendingData?: (bytes: number) => void }

/**
 * A response that Node's own class writes: what `nodeResponses: true` puts in the place of `ProxyResponse`, should a version of
 * Node ask something of a response that that class does not have. Slower, for every field is taken apart and tested again.
 */
export class NodeBackedResponse implements ClientResponse {
  readonly own: ServedResponse
  writableFinished = false
  ownBytes = 0

  constructor(own: ServerResponse<ProxyRequest>) {
    this.own = own
    // Before the server's own listener, which gives the turn to the next response.
    own.prependListener('finish', () => {
      this.writableFinished = true
    })
  }

  get req(): ProxyRequest {
    return this.own.req
  }

  get socket(): Socket | null {
    return this.own.socket
  }

  get statusCode(): number {
    return this.own.headersSent ? this.own.statusCode : 0
  }

  get headersSent(): boolean {
    return this.own.headersSent
  }

  get writableEnded(): boolean {
    return this.own.writableEnded
  }

  get destroyed(): boolean {
    return this.own.destroyed
  }

  get shouldKeepAlive(): boolean {
    return this.own.shouldKeepAlive
  }

  set shouldKeepAlive(value: boolean) {
    this.own.shouldKeepAlive = value
  }

  writeHead(statusCode: number, reason: string | undefined, fields: OutgoingFields, untilClose = false): void {
    const lines = fieldList(fields.idLine + fields.lines + fields.lengthLine)
    if (untilClose) this.own.useChunkedEncodingByDefault = false
    if (untilClose || fields.closes) lines.push('Connection', 'close')
    this.own.writeHead(statusCode, reason ?? STATUS_CODES[statusCode] ?? '', lines)
    this.#keeps(fields.lines.length)
  }

  flushHead(): void {
    this.own.flushHeaders()
  }

  write(content: Buffer, onTaken: () => void): void {
    const { socket } = this.own
    if (socket === null || this.own.destroyed) return
    this.own.write(content, onTaken)
    // Node holds chunks back until the next tick: a response that is broken off in this one would lose them.
    if (socket.writableCorked > 0) socket.uncork()
  }

  end(content: string | Buffer = ''): void {
    if (this.own.writableEnded) return
    this.#keeps(content.length)
    this.own.end(content, 'latin1')
  }

  writeContinue(): void {
    this.own.writeContinue()
  }

  once(event: 'socket' | 'close', listener: () => void): void {
    this.own.once(event, listener)
  }

  pendingBytes(bytes: number): void {
    this.own._onPendingData?.(bytes)
  }

  destroy(error?: Error): void {
    this.own.destroy(error)
  }

  #keeps(bytes: number): void {
    this.ownBytes += bytes
    if (this.own.socket !== null) memoryOf(this.own.socket)?.wrote(bytes)
  }
}

/** Names and values by turns. */
function fieldList(lines: string): string[] {
  const list: string[] = []
  for (const line of lines.split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) list.push(line.slice(0, colon), line.slice(colon + 1).trimStart())
  }
  return list
}
