import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { flatFields } from '../../http/flat-fields.ts'
import type { OutgoingFields } from '../client/outgoing-fields.ts'

const withContent = { endStream: false }
const withoutContent = { endStream: true }

/** Node before 24 takes no list; known from the first response on. */
let takesLists = true

/** Sends a head as {@link headOf} makes it. */
export function respond(stream: ServerHttp2Stream, head: readonly string[], endStream: boolean): void {
  if (takesLists) {
    try {
      stream.respond(head as unknown as OutgoingHttpHeaders, endStream ? withoutContent : withContent)
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_INVALID_ARG_TYPE') throw error
      takesLists = false
    }
  }
  stream.respond(joinedFields(head), { endStream })
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

/** The head of a response: flat; Node writes names in lower case, and adds a Date where there is none. */
export function headOf(statusCode: number, { lines, lengthLine }: OutgoingFields): string[] {
  return flatFields(lines + lengthLine, [':status', String(statusCode)])
}
