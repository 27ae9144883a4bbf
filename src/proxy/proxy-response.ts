import { ServerResponse } from 'node:http'
import type { ProxyRequest } from './proxy-request.ts'

type StoreHeader = (this: ServerResponse, firstLine: string, fields: readonly string[]) => void
const storeHeader = (ServerResponse.prototype as unknown as { _storeHeader: StoreHeader })._storeHeader

/**
 * A response whose field lines are written as they are.
 *
 * Node's `writeHead` tests every name and value with two regular expressions and looks at each for what it means to the
 * framing: a tenth of the cost of a small object. All that is sent here was tested before: by the parser of the endpoint's
 * responses, by the configuration, or by llhttp. Framing, keep-alive and Date stay Node's.
 */
export class ProxyResponse extends ServerResponse<ProxyRequest> {
  #lines = ''

  /** Writes the head. `fields`: flat [name, value, …], valid, each a byte a character; Content-Length comes last of them. */
  writeFields(statusCode: number, reason: string | undefined, fields: readonly string[]): void {
    const framing: string[] = []
    let lines = ''
    for (let i = 0; i < fields.length; i += 2) {
      const name = fields[i] as string
      const value = fields[i + 1] as string
      if (isFraming(name)) framing.push(name, value)
      else {
        if (name.length === 4 && name.toLowerCase() === 'date') this.sendDate = false
        lines += `${name}: ${value}\r\n`
      }
    }
    this.#lines = lines
    if (reason === undefined) this.writeHead(statusCode, framing)
    else this.writeHead(statusCode, reason, framing)
  }

  /** Node's own step from the fields to the text of the head; the status line is what it begins with. */
  _storeHeader(firstLine: string, fields: readonly string[]): void {
    storeHeader.call(this, firstLine + this.#lines, fields)
  }
}

/** What Node has to know of. */
function isFraming(name: string): boolean {
  switch (name.length) {
    case 10:
      return name.toLowerCase() === 'connection'
    case 14:
      return name.toLowerCase() === 'content-length'
    default:
      return false
  }
}
