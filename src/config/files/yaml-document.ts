import { Composer, type CST, isCollection, Lexer, type Node, Parser, visit } from 'yaml'
import { holdsSecret } from './line-excerpt.ts'
import { describeErrors, describeUnclosed, type YamlFault } from './yaml-fault.ts'

const options = {
  version: '1.2',
  schema: 'core',
  stringKeys: true,
  // The library compares each key with all before it, which takes hours for a file of nothing but keys: see yaml-text.ts.
  uniqueKeys: false,
  strict: true,
  prettyErrors: false,
} as const

/** The configuration nests seven deep; 64 is far from both that and from any stack. */
const maxDepth = 64

/** More of the same kind do not help a reader. */
const maxFaults = 100

/** What one text holds. */
export interface YamlDocument {
  readonly root: Node | null
  /** Parts of YAML that a configuration does not use. They are left out of the tree, and an alias is the text that it is written as. */
  readonly refused: readonly YamlFault[]
  /** What is no YAML 1.2: the tree does not say what was meant. */
  readonly errors: readonly YamlFault[]
}

/** Parses the one document of a text, as `parseDocument` of the library does, but for the refused parts. */
export function parseYamlDocument(text: string): YamlDocument {
  const refused: YamlFault[] = []
  const unclosed: number[] = []
  const documents = new Composer(options).compose(tokensOf(text, refused, unclosed), true, text.length)
  const { value: document } = documents.next()
  // The end is composed to a document whatever stands before it.
  if (document === undefined) throw new Error('no document')
  const { contents: root } = document
  const tooDeep = findTooDeep(root)
  if (tooDeep !== undefined) return { root: null, refused, errors: [tooDeep] }
  const { value: second } = documents.next()
  // What comes after a bracket or quote that is not closed is read otherwise than it was meant.
  const end = unclosed.reduce((least, offset) => Math.min(least, offset), text.length + 1)
  const found = [...document.errors, ...document.warnings]
    .map(({ code, message, pos }) => ({ code, message, offset: pos[0] }))
    .concat(second === undefined ? [] : [{ code: 'MULTIPLE_DOCS', message: '', offset: second.range[0] }])
  if (found.length === 0) return { root, refused, errors: [] }
  const before = found.filter(({ offset }) => offset < end).slice(0, maxFaults)
  const open = unclosed.slice(0, maxFaults).map(offset => describeUnclosed(offset, text))
  return { root, refused, errors: [...describeErrors(before, text), ...open] }
}

/** The first collection that lies in too many others. */
function findTooDeep(root: Node | null): YamlFault | undefined {
  let found: YamlFault | undefined
  visit(root, {
    Collection(_, { range }, path) {
      if (path.filter(isCollection).length < maxDepth) return undefined
      const allowed = `at most ${maxDepth} mappings and lists inside one another`
      found = { offset: range?.[0] ?? 0, reason: 'too-deep', message: 'the values nest too deep', allowed }
      return visit.BREAK
    },
  })
  return found
}

const scalarMark = '\u001f'

/**
 * The library's tokens, made of its lexemes without those that are refused. They end early where more could not change what is
 * said of the text: within too many brackets, and after too many errors.
 */
function* tokensOf(text: string, refused: YamlFault[], unclosed: number[]): Generator<CST.Token, void> {
  const parser = new Parser()
  let isScalar = false
  const open: number[] = []
  let errors = 0
  for (const lexeme of new Lexer().lex(text)) {
    if (!isScalar) unclosed.push(...noteOpen(lexeme, parser.offset, open, text))
    if (open.length > maxDepth + 1 || errors > maxFaults) {
      open.length = 0
      break
    }
    const refusal = isScalar ? undefined : refusalOf(lexeme)
    if (refusal !== undefined && refused.length < maxFaults) {
      const { message, allowed } = holdsSecret(text, parser.offset) ? (refusalOf(`${lexeme[0]}…`) ?? refusal) : refusal
      refused.push({ offset: parser.offset, reason: refusal.reason, message, allowed })
    }
    for (const part of refusal?.instead ?? [lexeme]) {
      for (const token of parser.next(part)) {
        if (token.type === 'error') errors++
        yield token
      }
    }
    isScalar = lexeme === scalarMark
  }
  yield* parser.end()
  unclosed.push(...open)
}

/** Where the library gives up a bracket that is not closed. */
const flowEndMark = '\u0018'

/** Keeps the places of the brackets that are open; gives back those of brackets and quotes that are not closed. */
function noteOpen(lexeme: string, offset: number, open: number[], text: string): readonly number[] {
  switch (lexeme[0]) {
    case '[':
    case '{':
      open.push(offset)
      return []
    case ']':
    case '}': {
      const opened = open.pop()
      return opened === undefined || text[opened] === (lexeme === ']' ? '[' : '{') ? [] : [opened]
    }
    case flowEndMark:
      return open.splice(0)
    case '"':
    case "'":
      return lexeme.length > 1 && lexeme.endsWith(lexeme[0]) ? [] : [offset]
    default:
      return []
  }
}

/** `instead`: lexemes of the same length, so that what follows keeps its place. */
type Refusal = Omit<YamlFault, 'offset'> & { readonly instead: readonly string[] }

/** https://yaml.org/spec/1.2.2/#indicator-characters */
function refusalOf(lexeme: string): Refusal | undefined {
  switch (lexeme[0]) {
    case '*': {
      const isKey = lexeme.endsWith(':')
      const alias = isKey ? lexeme.slice(0, -1) : lexeme
      const quoted = JSON.stringify(alias)
      const allowed = `the same in quotes: ${quoted}${isKey ? ':' : ''}`
      const instead = isKey ? [scalarMark, alias, ':'] : [scalarMark, alias]
      return { reason: 'alias', message: `${quoted} is a YAML alias without its quotes`, allowed, instead }
    }
    case '&': {
      const allowed = 'every value written out, without anchors and aliases'
      return { reason: 'anchor', message: `${lexeme} is a YAML anchor`, allowed, instead: [spaces(lexeme)] }
    }
    case '!': {
      const [message, allowed] = cloudFormationTag.test(lexeme)
        ? [`${lexeme} is a function of CloudFormation, which is not known here`, 'the value written out']
        : [`${lexeme} is a YAML tag`, 'plain values without tags']
      return { reason: 'tag', message, allowed, instead: [spaces(lexeme)] }
    }
    case '%': {
      const message = `${lexeme.trim()} is a YAML directive`
      const allowed = 'lines that do not begin with "%"'
      return { reason: 'directive', message, allowed, instead: [`#${lexeme.slice(1)}`] }
    }
    default:
      return undefined
  }
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html */
const cloudFormationTag =
  /^!(?:Ref|Sub|GetAtt|Join|Split|Select|If|And|Or|Not|Equals|Condition|FindInMap|ImportValue|Base64|Cidr|GetAZs|Transform)$/

function spaces({ length }: string): string {
  return ' '.repeat(length)
}
