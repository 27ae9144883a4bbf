// The lines of a response head that are of the message or the connection, and no field of the response.

import { STATUS_CODES } from 'node:http'

/** `reason`: undefined for the one that belongs to the status. */
export function statusLine(statusCode: number, reason: string | undefined): string {
  if (statusCode === 200 && (reason === undefined || reason === 'OK')) return 'HTTP/1.1 200 OK\r\n'
  if (reason !== undefined) return lineOf(statusCode, reason)
  const known = usualLines.get(statusCode)
  if (known !== undefined) return known
  const line = lineOf(statusCode, STATUS_CODES[statusCode] ?? '')
  usualLines.set(statusCode, line)
  return line
}

/** By status, with the reason that belongs to it. */
const usualLines = new Map<number, string>()

function lineOf(statusCode: number, reason: string): string {
  return `HTTP/1.1 ${statusCode} ${reason}\r\n`
}

let date: string | undefined

/** The field line Date of now, with its CRLF: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7. Made once a second. */
export function dateLine(): string {
  if (date === undefined) {
    const now = new Date()
    date = `Date: ${now.toUTCString()}\r\n`
    setTimeout(() => {
      date = undefined
    }, 1000 - now.getMilliseconds()).unref()
  }
  return date
}

let keptMs = -1
let keptLines = ''

/** The client is told how long an unused connection is kept, so that it does not use one that is just being closed. */
export function keepAliveLines(timeoutMs: number): string {
  if (timeoutMs !== keptMs) {
    keptMs = timeoutMs
    keptLines = `Connection: keep-alive\r\n${timeoutMs > 0 ? `Keep-Alive: timeout=${Math.floor(timeoutMs / 1000)}\r\n` : ''}`
  }
  return keptLines
}
