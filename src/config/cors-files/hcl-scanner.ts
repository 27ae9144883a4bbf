// The words of HCL: https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md

import { TextFault } from '../files/text-fault.ts'

/** Reads one word after another. */
export class HclScanner {
  readonly text: string
  offset = 0

  constructor(text: string) {
    this.text = text
  }

  /** What stands here and `sticky` matches. */
  match(sticky: RegExp): string | undefined {
    sticky.lastIndex = this.offset
    return sticky.exec(this.text)?.[0]
  }

  /** A text without `${…}` and `%{…}`; undefined, and nothing read, for one with them. */
  string(): string | undefined {
    const found = this.match(/"(?:[^"\\\n]|\\.)*"/y)
    if (found === undefined) throw this.fault('a text in double quotes does not end', '"')
    if (/[$%]\{/.test(found.replaceAll(/\$\$\{|%%\{/g, ''))) return undefined
    let value: string
    try {
      value = String(JSON.parse(found))
    } catch {
      throw this.fault(`${found.slice(0, 40)} has an escape that is not known`, '\\n, \\t, \\", \\\\ or \\uNNNN')
    }
    this.offset += found.length
    return value.replaceAll('$${', '${').replaceAll('%%{', '%{')
  }

  /** An expression, to the end of its line or, in a list, to its end or the next comma; brackets and texts are read whole. */
  passOver(isInside: boolean): void {
    const closers: string[] = []
    while (this.offset < this.text.length) {
      const character = this.text[this.offset] ?? ''
      if (closers.length === 0) {
        if (character === '\n' && !isInside) return
        if (isInside ? /[,\]}]/.test(character) : /[}\]]/.test(character)) return
      }
      if (this.text.startsWith('<<', this.offset)) {
        this.#heredoc()
        continue
      }
      if (character === '"') {
        this.#template()
        continue
      }
      const closer = character === '(' ? ')' : character === '[' ? ']' : character === '{' ? '}' : undefined
      if (closer !== undefined) closers.push(closer)
      else if (closers.length > 0 && character === closers.at(-1)) closers.pop()
      this.offset++
    }
    if (closers.length > 0) throw this.fault('the text ends within brackets', `"${closers.at(-1)}"`)
  }

  /** A text in which expressions may hold further texts. */
  #template(): void {
    let depth = 0
    for (this.offset++; this.offset < this.text.length; this.offset++) {
      const character = this.text[this.offset]
      if (character === '\\') this.offset++
      else if (depth === 0 && character === '"') {
        this.offset++
        return
      } else if (/[$%]/.test(character ?? '') && this.text[this.offset + 1] === '{') depth++
      else if (depth > 0 && character === '}') depth--
    }
    throw this.fault('a text in double quotes does not end', '"')
  }

  #heredoc(): void {
    const mark = /^<<-?([A-Za-z_][\w-]*)[^\n]*\n/.exec(this.text.slice(this.offset, this.offset + 200))
    if (mark === null) {
      this.offset += 2
      return
    }
    let line = this.offset + mark[0].length
    for (;;) {
      const end = this.text.indexOf('\n', line)
      if (this.text.slice(line, end === -1 ? undefined : end).trim() === mark[1]) {
        this.offset = end === -1 ? this.text.length : end
        return
      }
      if (end === -1) throw this.fault('a text after << does not end', String(mark[1]))
      line = end + 1
    }
  }

  word(): string | undefined {
    const word = this.match(/[A-Za-z_][\w-]*/y)
    if (word !== undefined) this.offset += word.length
    return word
  }

  /** Blanks and comments; with `lines`, line ends too. */
  skip(lines: boolean): void {
    for (;;) {
      const character = this.text[this.offset]
      const two = this.text.slice(this.offset, this.offset + 2)
      if (character === ' ' || character === '\t' || character === '\r' || (lines && character === '\n')) {
        this.offset++
      } else if (character === '#' || two === '//') {
        const end = this.text.indexOf('\n', this.offset)
        this.offset = end === -1 ? this.text.length : end
      } else if (two === '/*') {
        const end = this.text.indexOf('*/', this.offset + 2)
        if (end === -1) throw this.fault('a comment does not end', '"*/"')
        this.offset = end + 2
      } else return
    }
  }

  take(character: string): boolean {
    if (this.text[this.offset] !== character) return false
    this.offset++
    return true
  }

  shown(): string {
    if (this.offset >= this.text.length) return 'the end of the text'
    return JSON.stringify((this.match(/[\w-]+/y) ?? this.text.charAt(this.offset)).slice(0, 40))
  }

  fault(message: string, allowed: string): TextFault {
    return new TextFault(this.offset, message, allowed)
  }
}
