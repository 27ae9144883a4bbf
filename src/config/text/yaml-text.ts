import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, type YAMLMap } from 'yaml'
import { positionAt } from '../../text/source-position.ts'
import type { Path } from '../issue.ts'
import { type Pace, unpaced } from '../pace.ts'
import type { TextFault } from './decode-text.ts'
import type { Located } from './located.ts'
import { parseYamlDocument } from './yaml-document.ts'
import { checkTokens } from './yaml-tokens.ts'

/** More of the same tell nobody anything. */
const maxProblems = 100

/** Reads one YAML 1.2 document with string keys; every fault of syntax comes back, nothing is thrown. */
export function readYaml(text: string, pace: Pace = unpaced): Located {
  const loneReturn = text.search(/\r(?!\n)/)
  if (loneReturn !== -1) return unreadable([{ ...positionAt(text, loneReturn), ...carriageReturn }])
  const check = checkTokens(text, pace)
  if (check.unsafe) return unreadable(check.faults)
  const lineCounter = countLines(text)
  const { contents: root, problems } = parseYamlDocument(check.masked, pace)
  const position = (offset: number) => {
    const { line, col } = lineCounter.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const faults: TextFault[] = [...check.faults]
  for (const { code, message, offset } of problems.slice(0, maxProblems)) {
    faults.push({
      ...position(offset),
      reason: 'yaml',
      message: message.replace(/;.*/, ''),
      allowed: advice[code] ?? 'YAML 1.2',
    })
  }
  if (problems.length > 0) return unreadable(faults)
  const pairs = createPairIndex()
  const value = root === null ? undefined : toPlain(root, text, faults, position)
  return {
    value,
    faults,
    locate(path, at) {
      const found = root === null ? undefined : find(root, path, at, pairs)
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

// It ends a line in YAML 1.2 (§5.4) and in some editors, and does not for this parser: what follows a comment would be lost.
const carriageReturn = {
  reason: 'carriage-return',
  message: 'a carriage return without a line feed stands here',
  allowed: 'lines that end with a line feed',
}

const advice: Readonly<Record<string, string>> = {
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
      const fault = key === '__proto__' ? unknownKey : key in object ? duplicateKey : undefined
      if (fault !== undefined) faults.push({ ...position(pair.key.range?.[0] ?? 0), ...fault })
      if (key === '__proto__') continue
      object[key] = pair.value === null ? null : toPlain(pair.value, text, faults, position)
    }
    return object
  }
  if (isSeq(node)) return node.items.map(item => toPlain(item as Node, text, faults, position))
  if (isScalar(node) && typeof node.value === 'number' && !plainNumber.test(node.source ?? '')) {
    const message = `${JSON.stringify(node.source)} is a number in a form that is read in more than one way`
    faults.push({ ...position(node.range?.[0] ?? 0), reason: 'number', message, allowed: numberAllowed })
  }
  return scalarValue(node, text)
}

/** YAML 1.1 reads `010` as 8 and YAML 1.2 as 10; nobody needs `+5`, `0x10` or `1e3`. */
const plainNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/
const numberAllowed = 'decimal digits without "+", leading zeros or an exponent, or text in quotes'

const unknownKey = { reason: 'unknown-key', message: 'unknown key "__proto__"', allowed: 'the documented keys' }
const duplicateKey = { reason: 'yaml', message: 'Map keys must be unique', allowed: 'each key once' }

function scalarValue(node: Node, text: string): unknown {
  if (isAlias(node) || !isScalar(node)) return undefined
  const [start = 0, end = 0] = node.range ?? []
  // The one token that is masked by a letter: what stands in the text is what the person meant.
  return text[start] === '*' ? text.slice(start, end) : node.value
}

type PairIndex = (map: YAMLMap, key: string) => Pair<Node, Node | null> | undefined

/** Finds pairs by their key without a walk over the map for each: a file with a fault in every line has to be told of too. */
function createPairIndex(): PairIndex {
  const indexes = new WeakMap<YAMLMap, Map<string, Pair<Node, Node | null>>>()
  return (map, key) => {
    let index = indexes.get(map)
    if (index === undefined) {
      index = new Map()
      for (const pair of map.items as Pair<Node, Node | null>[]) {
        const name = isScalar(pair.key) ? String(pair.key.value) : undefined
        if (name !== undefined && !index.has(name)) index.set(name, pair)
      }
      indexes.set(map, index)
    }
    return index.get(key)
  }
}

function find(
  root: Node,
  path: Path,
  at: 'key' | 'value',
  pairs: PairIndex,
): { readonly offset: number; readonly exact: boolean } {
  let node: Node | null = root
  let offset = root.range?.[0] ?? 0
  for (const [index, step] of path.entries()) {
    if (isMap(node)) {
      const pair: Pair<Node, Node | null> | undefined = pairs(node, String(step))
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
