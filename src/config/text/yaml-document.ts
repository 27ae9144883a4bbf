import { Composer, type CST, type Document, Lexer, Parser } from 'yaml'
import type { Pace } from '../pace.ts'

const options = {
  version: '1.2',
  schema: 'core',
  stringKeys: true,
  // The parser compares each key with all before it, which takes hours for a file of nothing but keys: see yaml-text.ts.
  uniqueKeys: false,
  strict: true,
  prettyErrors: false,
} as const

/** What the parser found wrong or doubtful; `offset` counts UTF-16 units from the start of the text. */
export interface YamlProblem {
  readonly code: string
  readonly message: string
  readonly offset: number
}

/** Parses the one document of a text, as `parseDocument` of the same library does, `pace` at every token. */
export function parseYamlDocument(
  text: string,
  pace: Pace,
): { readonly contents: Document.Parsed['contents']; readonly problems: readonly YamlProblem[] } {
  const documents = new Composer(options).compose(paced(text, pace), true, text.length)
  const { value: document } = documents.next()
  // The end is composed to a document whatever stands before it.
  if (document === undefined) throw new Error('no document')
  const problems = [...document.errors, ...document.warnings].map(({ code, message, pos }) => {
    return { code, message, offset: pos[0] }
  })
  const { value: second } = documents.next()
  if (second !== undefined) {
    problems.push({ code: 'MULTIPLE_DOCS', message: 'Source contains multiple documents', offset: second.range[0] })
  }
  return { contents: document.contents, problems }
}

function* paced(text: string, pace: Pace): Generator<CST.Token, void> {
  const parser = new Parser()
  for (const lexeme of new Lexer().lex(text)) {
    pace()
    yield* parser.next(lexeme)
  }
  yield* parser.end()
}
