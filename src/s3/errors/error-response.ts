import { escapeXmlText } from '../xml/xml-text.ts'
import { repeatedErrors, type S3Error } from './error-catalogue.ts'

/** The bodies of errors that come again and again, up to what is another in every answer: all ASCII. */
const knownBeginnings: ReadonlyMap<S3Error, string> = new Map(
  repeatedErrors.map(error => [error, beginningOf(error)] as const),
)

/**
 * The body of an error, elements in S3's order; it is to be sent as UTF-8. The ids are those of request-ids.ts, in
 * which nothing has to be escaped.
 */
export function renderError(error: S3Error, requestId: string, hostId: string): string {
  const beginning = knownBeginnings.get(error) ?? beginningOf(error)
  return `${beginning}<RequestId>${requestId}</RequestId><HostId>${hostId}</HostId></Error>`
}

/** Whether every character of its body is a byte, as is known of those that come again and again. */
export function isKnownAscii(error: S3Error): boolean {
  return knownBeginnings.has(error)
}

function beginningOf(error: S3Error): string {
  let body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${element('Code', error.code)}${element('Message', error.message)}`
  for (const [name, value] of error.fields ?? []) body += element(name, value)
  return body
}

function element(name: string, value: string): string {
  return `<${name}>${escapeXmlText(value)}</${name}>`
}
