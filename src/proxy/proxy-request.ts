import { IncomingMessage } from 'node:http'

// The accessor that parses all of them; a property of every instance as far as the types go.
const allHeaders = Object.getOwnPropertyDescriptor(IncomingMessage.prototype, 'headers')?.get as (
  this: IncomingMessage,
) => IncomingMessage['headers']

/**
 * A request whose `headers` hold what Node itself looks at, until all are asked for.
 *
 * Node asks every request about its framing and Expect, which makes it parse all fields into an object: 10 % of a preflight.
 * Nothing is decided on here by that object, but by the field lines as they came.
 */
export class ProxyRequest extends IncomingMessage {
  #headers: IncomingMessage['headers'] | undefined

  static {
    Object.defineProperty(ProxyRequest.prototype, 'headers', {
      get(this: ProxyRequest) {
        this.#headers ??= framingFields(this.rawHeaders)
        return this.#headers
      },
    })
  }

  /** Makes `headers` what Node documents, for a library that reads them. */
  readAllHeaders(): void {
    this.#headers = allHeaders.call(this)
  }
}

function framingFields(rawHeaders: readonly string[]): IncomingMessage['headers'] {
  const headers: IncomingMessage['headers'] = {}
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    switch (name.length) {
      case 4: // Host
      case 6: // Expect
      case 7: // Upgrade
      case 14: // Content-Length
      case 17: {
        const lowerCase = name.toLowerCase()
        switch (lowerCase) {
          case 'host':
          case 'expect':
          case 'upgrade':
          case 'content-length':
          case 'transfer-encoding':
            headers[lowerCase] ??= rawHeaders[i + 1]
        }
      }
    }
  }
  return headers
}
