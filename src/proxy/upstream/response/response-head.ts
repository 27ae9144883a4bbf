import { parseDecimal } from '../../../http/decimal.ts'
import { FieldLine, type FieldLines, hasControl } from '../../../http/field-line.ts'
import { withoutWhitespace } from '../../../http/whitespace.ts'

/** The head of a response: what its status line and field lines said. */
export interface ResponseHead {
  readonly statusCode: number
  /** As sent, latin1, never with controls; empty when missing. */
  readonly reason: string
  readonly minorVersion: 0 | 1
  /** All of them, the framing ones too. */
  readonly fields: FieldLines
  /** -1 when absent. */
  readonly contentLength: number
  readonly chunked: boolean
  /**
   * The endpoint will not take another request on this connection: `Connection: close`, or HTTP/1.0 without keep-alive, or a
   * 204 that announces content, after which something may still come.
   */
  readonly closes: boolean
  /** From `Keep-Alive: timeout=N`, the smallest if several; -1 when absent. */
  readonly keepAliveTimeoutSeconds: number
}

/** What is wrong with a head. */
export type HeadFault =
  | 'status-line'
  | 'switching-protocols'
  | 'line-end'
  | 'field-name'
  | 'field-value'
  | 'too-many-fields'
  | 'content-length'
  | 'transfer-encoding'
  | 'transfer-encoding-and-content-length'
  | 'informational-content'
  | 'too-many-connection-options'

/** The first characters of every response we read; no other major version, no other protocol. */
export const headPrefix = 'HTTP/1.'

/** Each nominates a field, and is compared with each that there is. */
const maxConnectionOptions = 16
/** `timeout` and `max` are those that are known. */
const maxKeepAliveParameters = 8

const noNames: string[] = []
const noEnds: number[] = []
const space = 0x20
const lf = 0x0a
const zero = 0x30

/** Builds a ResponseHead from its lines; reused for head after head. */
export class ResponseHeadReader {
  readonly #maxFields: number
  readonly #line = new FieldLine()
  #statusCode = 0
  #reason = ''
  #minorVersion: 0 | 1 = 1
  /** The field lines that were taken over; behind them stand those of the text under way from `#takenTo` on. */
  #lines = ''
  #takenTo = 0
  #names: string[] = []
  #ends: number[] = []
  #contentLength = -1
  #chunked = false
  #close = false
  #connectionOptions = 0
  #keepAlive = false
  #keepAliveTimeoutSeconds = -1

  constructor(maxFields: number) {
    this.#maxFields = maxFields
  }

  /** Reads the lines of a whole head, the empty line included; says what is wrong, else undefined. */
  readAll(text: string): HeadFault | undefined {
    if (!text.startsWith(headPrefix)) return 'status-line'
    let from = 0
    for (;;) {
      const to = text.indexOf('\r', from)
      if (text.charCodeAt(to + 1) !== lf) return 'line-end'
      if (to === from) {
        this.#takeOver(text, from)
        return undefined
      }
      const fault = from === 0 ? this.readStatusLine(text, from, to) : this.#readFieldLine(text, from, to)
      // Any LF in a line is a control, hence a fault; named for what it is, as when the head comes in pieces.
      if (fault !== undefined) return text.slice(from, to).includes('\n') ? 'line-end' : fault
      if (from === 0) this.#takenTo = to + 2
      from = to + 2
    }
  }

  /**
   * Reads the status line, `text[from, to)`, and forgets what was read before it.
   *
   * https://www.rfc-editor.org/rfc/rfc9112#section-4. The SP before an absent reason may be missing, as many servers send it.
   * Codes over 599 are no valid status: https://www.rfc-editor.org/rfc/rfc9110#section-15.
   */
  readStatusLine(text: string, from: number, to: number): HeadFault | undefined {
    const minorVersion = text.charCodeAt(from + 7) - zero
    if (to - from < 12 || !text.startsWith(headPrefix, from)) return 'status-line'
    if (minorVersion !== 0 && minorVersion !== 1) return 'status-line'
    if (text.charCodeAt(from + 8) !== space) return 'status-line'
    const statusCode = parseDecimal(text, from + 9, from + 12)
    if (statusCode < 100 || statusCode > 599) return 'status-line'
    if (to - from > 12 && text.charCodeAt(from + 12) !== space) return 'status-line'
    if (hasControl(text, from + 12, to)) return 'status-line'
    // We never ask for an upgrade: https://www.rfc-editor.org/rfc/rfc9110#section-15.2.2.
    if (statusCode === 101) return 'switching-protocols'

    this.#minorVersion = minorVersion
    this.#statusCode = statusCode
    this.#reason = text.slice(from + 13, to)
    this.#lines = ''
    this.#takenTo = 0
    this.#names = []
    this.#ends = []
    this.#contentLength = -1
    this.#chunked = false
    this.#close = false
    this.#connectionOptions = 0
    this.#keepAlive = false
    this.#keepAliveTimeoutSeconds = -1
    return undefined
  }

  /** Reads a field line that stands alone, without its CRLF. */
  readLine(text: string): HeadFault | undefined {
    const fault = this.#readFieldLine(text, 0, text.length)
    this.#takenTo = 0
    return fault
  }

  /** Reads a field line, `text[from, to)`. */
  #readFieldLine(text: string, from: number, to: number): HeadFault | undefined {
    if (this.#names.length >= this.#maxFields) return 'too-many-fields'
    const line = this.#line
    const fault = line.read(text, from, to)
    if (fault !== undefined) return fault
    if (!line.isAsSent) {
      this.#takeOver(text, from)
      this.#lines += line.text
      this.#takenTo = to + 2
    }
    this.#names.push(line.lowerCaseName)
    this.#ends.push(this.#lines.length + to + 2 - this.#takenTo)
    switch (line.lowerCaseName) {
      case 'content-length':
        return this.#readContentLength(line.value)
      case 'transfer-encoding':
        return this.#readTransferEncoding(line.value)
      case 'connection':
        return this.#readConnection(line.value)
      case 'keep-alive':
        this.#readKeepAlive(line.value)
        return undefined
      default:
        return undefined
    }
  }

  /** The head, after its empty line; or why its fields cannot stand together. */
  end(): ResponseHead | HeadFault {
    const statusCode = this.#statusCode
    const announcesContent = this.#chunked || this.#contentLength > 0
    // https://www.rfc-editor.org/rfc/rfc9112#section-6.3: "ought to be handled as an error". In any response, even one
    // that has no content: an endpoint that sends both was made to by an attacker.
    if (this.#chunked && this.#contentLength !== -1) return 'transfer-encoding-and-content-length'
    // Neither field may be in a 1xx (https://www.rfc-editor.org/rfc/rfc9112#section-6.1,
    // https://www.rfc-editor.org/rfc/rfc9110#section-8.6), and it ends with its head whatever they say. One that announces
    // content would have that content read as the next response, so it is refused; `Content-Length: 0` misleads no reader.
    if (statusCode < 200 && announcesContent) return 'informational-content'
    const head: ResponseHead = {
      statusCode,
      reason: this.#reason,
      minorVersion: this.#minorVersion,
      fields: { text: this.#lines, names: this.#names, ends: this.#ends },
      contentLength: this.#contentLength,
      chunked: this.#chunked,
      closes: this.#close || (this.#minorVersion === 0 && !this.#keepAlive) || (statusCode === 204 && announcesContent),
      keepAliveTimeoutSeconds: this.#keepAliveTimeoutSeconds,
    }
    this.#forget()
    return head
  }

  /** Takes the lines of `text` over that end at `to`: nearly always all lines of a head, in one piece. */
  #takeOver(text: string, to: number): void {
    if (to > this.#takenTo) this.#lines += text.slice(this.#takenTo, to)
  }

  /** A connection that is idle keeps its reader: each part of a head keeps all of it, up to 64 KB. */
  #forget(): void {
    this.#lines = ''
    this.#names = noNames
    this.#ends = noEnds
    this.#reason = ''
    this.#line.forget()
  }

  /**
   * One field, decimal digits, a safe integer. Lists and repetitions of one number may be accepted
   * (https://www.rfc-editor.org/rfc/rfc9110#section-8.6); we never do, as no endpoint sends them without being confused.
   */
  #readContentLength(value: string): HeadFault | undefined {
    if (this.#contentLength !== -1) return 'content-length'
    this.#contentLength = parseDecimal(value)
    return this.#contentLength === -1 ? 'content-length' : undefined
  }

  /**
   * One field that says `chunked`, in HTTP/1.1. Other codings, or chunked not last, would make the body end with the connection
   * (https://www.rfc-editor.org/rfc/rfc9112#section-6.3), and in HTTP/1.0 the framing is faulty
   * (https://www.rfc-editor.org/rfc/rfc9112#section-6.1).
   */
  #readTransferEncoding(value: string): HeadFault | undefined {
    if (this.#chunked || this.#minorVersion === 0) return 'transfer-encoding'
    if (value.length !== 7 || value.toLowerCase() !== 'chunked') return 'transfer-encoding'
    this.#chunked = true
    return undefined
  }

  /** https://www.rfc-editor.org/rfc/rfc9112#section-9.3: `close` wins over `keep-alive`. */
  #readConnection(value: string): HeadFault | undefined {
    // What most endpoints say, and all that they say.
    if (this.#connectionOptions === 0 && value.length === 10 && value.toLowerCase() === 'keep-alive') {
      this.#connectionOptions = 1
      this.#keepAlive = true
      return undefined
    }
    for (const element of value.toLowerCase().split(',', maxConnectionOptions + 1)) {
      if (++this.#connectionOptions > maxConnectionOptions) return 'too-many-connection-options'
      const option = withoutWhitespace(element)
      if (option === 'close') this.#close = true
      else if (option === 'keep-alive') this.#keepAlive = true
    }
    return undefined
  }

  #readKeepAlive(value: string): void {
    for (const element of value.toLowerCase().split(',', maxKeepAliveParameters)) {
      const parameter = withoutWhitespace(element)
      if (!parameter.startsWith('timeout=')) continue
      const seconds = parseDecimal(parameter, 8)
      if (seconds === -1) continue
      if (this.#keepAliveTimeoutSeconds === -1 || seconds < this.#keepAliveTimeoutSeconds) {
        this.#keepAliveTimeoutSeconds = seconds
      }
    }
  }
}
