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

/** Of a request without content, Expect and Upgrade: most of them. */
const noFields: IncomingMessage['headers'] = Object.freeze({})

function framingFields(rawHeaders: readonly string[]): IncomingMessage['headers'] {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (framingFieldOf(rawHeaders[i] as string) !== undefined) return readFramingFields(rawHeaders)
  }
  return noFields
}

function readFramingFields(rawHeaders: readonly string[]): IncomingMessage['headers'] {
  const headers: IncomingMessage['headers'] = {}
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const raw = rawHeaders[i] as string
    // Which upgrade it asks for hangs on the Host, too.
    const name = raw.length === 4 && raw.toLowerCase() === 'host' ? 'host' : framingFieldOf(raw)
    if (name !== undefined) headers[name] ??= rawHeaders[i + 1]
  }
  return headers
}

function framingFieldOf(name: string): 'expect' | 'upgrade' | 'content-length' | 'transfer-encoding' | undefined {
  // The first letter in lower case: Accept and Origin are as long as Expect, and come with every request of a browser.
  const first = name.charCodeAt(0) | 0x20
  switch (name.length) {
    case 6:
      return first === 0x65 && name.toLowerCase() === 'expect' ? 'expect' : undefined
    case 7:
      return first === 0x75 && name.toLowerCase() === 'upgrade' ? 'upgrade' : undefined
    case 14:
      return first === 0x63 && name.toLowerCase() === 'content-length' ? 'content-length' : undefined
    case 17:
      return first === 0x74 && name.toLowerCase() === 'transfer-encoding' ? 'transfer-encoding' : undefined
    default:
      return undefined
  }
}
