import { parseDecimal } from '../../http/decimal.ts'

/**
 * The fields of one response to a client, in the form in which they are sent. Every name and value is valid, each character a
 * byte: nothing is tested again.
 */
export class OutgoingFields {
  /** Each line with its CRLF; all but those of framing and {@link idLine}. */
  lines = ''
  /** The x-amz-request-id of a reply of the proxy's own, else empty: apart, because it alone differs from one such reply to the next. */
  requestId = ''
  /** The line of Content-Length; empty when the length is not known. */
  lengthLine = ''
  /** `lines` hold a Date. */
  isDated = false
  /** The connection ends after the response. */
  closes = false

  /** The line of `requestId`, which stands before all others. */
  get idLine(): string {
    return this.requestId === '' ? '' : `x-amz-request-id: ${this.requestId}\r\n`
  }

  /** Adds a field that says nothing of framing and is no Date. */
  add(name: string, value: string): void {
    this.lines += `${name}: ${value}\r\n`
  }

  /** Adds Content-Length, in canonical form; `name` in other letters. */
  setLength(bytes: number, name = 'Content-Length'): void {
    if (bytes >= 0) this.lengthLine = `${name}: ${bytes}\r\n`
  }

  /** Adds any field, a Content-Length of digits in canonical form; of Connection only whether it closes, and no Transfer-Encoding: both are written anew. */
  addAny(name: string, value: string): void {
    const line = `${name}: ${value}\r\n`
    switch (name.toLowerCase()) {
      case 'content-length':
        this.setLength(parseDecimal(value), name)
        break
      case 'connection':
        if (value.toLowerCase().includes('close')) this.closes = true
        break
      case 'transfer-encoding':
        break
      case 'date':
        this.isDated = true
        this.lines += line
        break
      default:
        this.lines += line
    }
  }
}
