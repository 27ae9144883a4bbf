import type { Duplex } from 'node:stream'
import { dateLine, statusLine } from './head-lines.ts'
import type { OutgoingFields } from './outgoing-fields.ts'

/** A response on a connection for which Node has none, or none any more: it ends with the response. */
export class ClosingResponse {
  readonly #socket: Duplex
  #head = ''

  constructor(socket: Duplex) {
    this.#socket = socket
  }

  writeHead(statusCode: number, reason: string | undefined, fields: OutgoingFields): void {
    const { idLine, lines, lengthLine } = fields
    this.#head = `${statusLine(statusCode, reason)}${idLine}${lines}${lengthLine}${dateLine()}Connection: close\r\n\r\n`
  }

  /** As a string, each character is a byte. */
  end(content: string | Buffer): void {
    if (typeof content === 'string') this.#socket.end(this.#head + content, 'latin1')
    else {
      this.#socket.write(this.#head, 'latin1')
      this.#socket.end(content)
    }
  }
}
