import { type OutgoingHttpHeaders, type ServerHttp2Stream, sensitiveHeaders } from 'node:http2'
import { lowerCaseNameWithin } from '../../http/field-name.ts'
import { BoundedMap } from '../../text/bounded-map.ts'
import type { OutgoingFields } from '../client/outgoing-fields.ts'

const withContent = { endStream: false }
const withoutContent = { endStream: true }

/** Node before 24 takes no list; known from the first response on. */
let takesLists = true

/**
 * These differ in each response: in the table of the connection they would take the place of fields that come again, and each search
 * would go through them (`bench --scenario h2-preflight`). https://www.rfc-editor.org/rfc/rfc7541#section-6.2.3
 */
const requestIdName = 'x-amz-request-id'
const neverIndexed = [requestIdName]

/** Sends a head as {@link headOf} makes it. */
export function respond(stream: ServerHttp2Stream, head: string[], endStream: boolean): void {
  // Node takes this of lists, too, which its type does not say.
  ;(head as unknown as Record<symbol, readonly string[]>)[sensitiveHeaders] = neverIndexed
  if (takesLists) {
    try {
      stream.respond(head as unknown as OutgoingHttpHeaders, endStream ? withoutContent : withContent)
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_INVALID_ARG_TYPE') throw error
      takesLists = false
    }
  }
  stream.respond({ ...joinedFields(head), [sensitiveHeaders]: neverIndexed }, { endStream })
}

/**
 * For such a Node: the lines of a field are joined, as https://www.rfc-editor.org/rfc/rfc9110#section-5.3 allows, except those of
 * Set-Cookie; of a field that may stand once the first line is sent.
 */
export function joinedFields(head: readonly string[]): OutgoingHttpHeaders {
  const fields: OutgoingHttpHeaders = Object.create(null)
  for (let i = 0; i < head.length; i += 2) {
    const name = (head[i] as string).toLowerCase()
    const value = head[i + 1] as string
    const before = fields[name]
    if (before === undefined) fields[name] = value
    else if (name === 'set-cookie') fields[name] = [before, value].flat().map(String)
    else if (!isSingle(name)) fields[name] = `${before}, ${value}`
  }
  return fields
}

function isSingle(name: string): boolean {
  if (name.startsWith('content-')) return true
  return ['age', 'date', 'etag', 'expires', 'last-modified', 'location', 'retry-after'].includes(name)
}

/** The head of a response: flat, with names in lower case; Node adds a Date where there is none. */
export function headOf(statusCode: number, { requestId, lines, lengthLine }: OutgoingFields): string[] {
  const text = lines + lengthLine
  if (requestId === '') return split(text, [':status', String(statusCode)])
  const known = knownReplies.get(text)
  if (known?.statusCode === statusCode) return withId(known.head, requestId)
  const head = split(text, [':status', String(statusCode), requestIdName, ''])
  if (text.length <= maxKnownLength) knownReplies.set(text, { statusCode, head })
  return withId(head, requestId)
}

interface KnownReply {
  readonly statusCode: number
  /** With an empty id. */
  readonly head: readonly string[]
}

const maxKnownLength = 2048

/**
 * Replies of the proxy's own, which come again and again but for their ids: to cut one into its fields costs a twentieth of a preflight
 * (`bench --scenario h2-preflight`).
 */
const knownReplies = new BoundedMap<KnownReply>(256, 'restart')

function withId(head: readonly string[], requestId: string): string[] {
  const own = head.slice()
  own[3] = requestId
  return own
}

/**
 * Cuts `text` into fields after `head`. Names are those that are remembered: Node looks each one up, and has to hash a new string
 * first (`bench --scenario h2-preflight`).
 */
function split(text: string, head: string[]): string[] {
  for (let start = 0; start < text.length; ) {
    const colon = text.indexOf(':', start)
    const end = text.indexOf('\r\n', colon)
    head.push(lowerCaseNameWithin(text, start, colon) ?? text.slice(start, colon), text.slice(colon + 2, end))
    start = end + 2
  }
  return head
}
