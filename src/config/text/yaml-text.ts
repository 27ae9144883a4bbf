import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from 'yaml'
import type { Path } from '../issue.ts'
import type { TextFault } from './decode-text.ts'
import type { Located } from './located.ts'
import { checkTokens } from './yaml-tokens.ts'

/** Errors after which the tree still says what the text says. */
const harmless = new Set(['DUPLICATE_KEY'])

/** Reads one YAML 1.2 document with string keys; every fault of syntax comes back, nothing is thrown. */
export function readYaml(text: string): Located {
  const check = checkTokens(text)
  if (check.unsafe) return unreadable(check.faults)
  const lineCounter = countLines(text)
  const document = parseDocument(check.masked, {
    version: '1.2',
    schema: 'core',
    stringKeys: true,
    uniqueKeys: true,
    strict: true,
    prettyErrors: false,
  })
  const position = (offset: number) => {
    const { line, col } = lineCounter.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const problems = [...document.errors, ...document.warnings]
  const faults: TextFault[] = [...check.faults]
  for (const { code, message, pos } of problems) {
    faults.push({
      ...position(pos[0]),
      reason: 'yaml',
      message: message.replace(/;.*/, ''),
      allowed: advice[code] ?? 'YAML 1.2',
    })
  }
  if (problems.some(({ code }) => !harmless.has(code))) return unreadable(faults)
  const root = document.contents
  const value = root === null ? undefined : toPlain(root, text, faults, position)
  return {
    value,
    faults,
    locate(path, at) {
      const found = root === null ? undefined : find(root, path, at)
      return found && { ...position(found.offset), exact: found.exact }
    },
  }
}

/** By the text alone: the parser tells its counter nothing of the lines within a string that it passes over after an error. */
function countLines(text: string): LineCounter {
  const counter = new LineCounter()
  counter.addNewLine(0)
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', end + 1)) counter.addNewLine(end + 1)
  return counter
}

const advice: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'each key once',
  MULTIPLE_DOCS: 'one document in a file',
  TAB_AS_INDENT: 'spaces',
  NON_STRING_KEY: 'text as keys',
  BAD_SCALAR_START: 'values that start with "@" or "`" in quotes',
  RESOURCE_EXHAUSTION: 'a document that nests less',
}

function unreadable(faults: readonly TextFault[]): Located {
  return { value: undefined, faults, locate: () => undefined }
}

/** The tree as plain data. Not `toJS`: a masked token gives back its own text, and a key named `__proto__` is a fault. */
function toPlain(
  node: Node,
  text: string,
  faults: TextFault[],
  position: (offset: number) => { line: number; column: number },
): unknown {
  if (isMap(node)) {
    const object: Record<string, unknown> = Object.create(null)
    for (const pair of node.items as Pair<Node, Node | null>[]) {
      const key = String(scalarValue(pair.key, text))
      if (key === '__proto__') {
        const at = position(pair.key.range?.[0] ?? 0)
        faults.push({
          ...at,
          reason: 'unknown-key',
          message: 'unknown key "__proto__"',
          allowed: 'the documented keys',
        })
        continue
      }
      object[key] = pair.value === null ? null : toPlain(pair.value, text, faults, position)
    }
    return object
  }
  if (isSeq(node)) return node.items.map(item => toPlain(item as Node, text, faults, position))
  return scalarValue(node, text)
}

function scalarValue(node: Node, text: string): unknown {
  if (isAlias(node) || !isScalar(node)) return undefined
  const [start = 0, end = 0] = node.range ?? []
  // The one token that is masked by a letter: what stands in the text is what the person meant.
  return text[start] === '*' ? text.slice(start, end) : node.value
}

function find(root: Node, path: Path, at: 'key' | 'value'): { readonly offset: number; readonly exact: boolean } {
  let node: Node | null = root
  let offset = root.range?.[0] ?? 0
  for (const [index, step] of path.entries()) {
    if (isMap(node)) {
      const pairs: Pair<Node, Node | null>[] = node.items as Pair<Node, Node | null>[]
      const pair = pairs.find(candidate => isScalar(candidate.key) && String(candidate.key.value) === String(step))
      if (pair === undefined) return { offset, exact: false }
      const last = index === path.length - 1
      const keyOffset = pair.key.range?.[0] ?? offset
      offset = (last && at === 'key') || !isScalar(pair.value) ? keyOffset : (pair.value.range?.[0] ?? keyOffset)
      if (isScalar(pair.value) && pair.value.source === '') offset = keyOffset
      node = pair.value
    } else if (isSeq(node) && typeof step === 'number' && node.items[step] !== undefined) {
      node = node.items[step] as Node
      offset = node.range?.[0] ?? offset
    } else return { offset, exact: false }
  }
  return { offset, exact: true }
}
