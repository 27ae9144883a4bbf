/** A line and a column of a text, both from 1; columns count UTF-16 code units, as editors do. */
export interface SourcePosition {
  readonly line: number
  readonly column: number
}

/** What is wrong with a text, where, and what is allowed instead. */
export interface SourceFault extends SourcePosition {
  readonly message: string
  readonly allowed: string
}

/** The position of an offset. A line ends at each line feed: other line ends are to be made line feeds before. */
export function positionAt(text: string, offset: number): SourcePosition {
  let line = 1
  let lineStart = 0
  for (let end = text.indexOf('\n'); end !== -1 && end < offset; end = text.indexOf('\n', lineStart)) {
    line++
    lineStart = end + 1
  }
  return { line, column: offset - lineStart + 1 }
}
