// Just enough of HTTP/1.1 to tell where an answer ends, as cheap as can be.

/** The end of an answer, or of any hope for one. */
export type Answer =
  | { readonly kind: 'whole'; readonly status: number; readonly closes: boolean }
  | { readonly kind: 'malformed' }

export interface AnswerReader {
  /** Takes what came; says when an answer is whole. One request is under way at a time. */
  read(data: Buffer): Answer | undefined
}

const malformed: Answer = { kind: 'malformed' }

/** `onContinue` is called for a 100. Bodies need a Content-Length: no server here answers otherwise. */
export function createAnswerReader(method: string, onContinue: () => void): AnswerReader {
  let text = ''
  let remaining = 0
  let whole: Answer | undefined

  function readHead(data: Buffer): Answer | undefined {
    const before = text.length
    text += data.toString('latin1')
    const end = text.indexOf('\r\n\r\n')
    if (end === -1) return undefined
    const status = Number(text.slice(9, 12))
    const rest = data.subarray(end + 4 - before)
    const head = text.slice(0, end)
    text = ''
    if (!head.startsWith('HTTP/1.1 ') || !(status >= 100)) return malformed
    if (status < 200) {
      if (status === 100) onContinue()
      return rest.length > 0 ? readHead(rest) : undefined
    }
    const answer: Answer = { kind: 'whole', status, closes: /\r\nconnection: *close/i.test(head) }
    if (method !== 'HEAD' && status !== 204 && status !== 304) {
      const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
      if (length === undefined) return malformed
      remaining = Number(length)
    }
    whole = answer
    return readBody(rest.length)
  }

  function readBody(length: number): Answer | undefined {
    remaining -= length
    if (remaining < 0) return malformed
    if (remaining > 0) return undefined
    const answer = whole
    whole = undefined
    return answer
  }

  return { read: data => (whole === undefined ? readHead(data) : readBody(data.length)) }
}
