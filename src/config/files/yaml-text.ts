import { isMap, isScalar, isSeq, LineCounter, type Node, type Pair, type YAMLMap } from 'yaml'
import { shortened } from '../../text/shortened.ts'
import { positionAt } from '../../text/source-position.ts'
import type { Path } from '../issue.ts'
import type { TextFault } from './decode-text.ts'
import type { Located } from './located.ts'
import { parseYamlDocument } from './yaml-document.ts'

/** More of the same kind do not help a reader. */
const maxFaults = 200

/** Reads one YAML 1.2 document with string keys; every fault of syntax comes back, nothing is thrown. */
export function readYaml(text: string): Located {
  const loneReturn = text.search(/\r(?!\n)/)
  if (loneReturn !== -1) return unreadable([{ ...positionAt(text, loneReturn), ...carriageReturn }])
  const { root, refused, errors } = parseYamlDocument(text)
  const lineCounter = countLines(text)
  const position = (offset: number) => {
    const { line, col } = lineCounter.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const faults = [...refused, ...errors].map(({ offset, ...fault }): TextFault => ({ ...position(offset), ...fault }))
  if (errors.length > 0) return unreadable(faults)
  const pairs = createPairIndex()
  const tell: TellFault = (node, fault) => {
    if (faults.length < maxFaults) faults.push({ ...position(node.range?.[0] ?? 0), ...fault })
  }
  const value = root === null ? undefined : toPlain(root, tell)
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

function unreadable(faults: readonly TextFault[]): Located {
  return { value: undefined, faults, locate: () => undefined }
}

type TellFault = (node: Node, fault: Omit<TextFault, 'line' | 'column'>) => void

/** The tree as plain data. Not `toJS`: a key that stands twice or is named `__proto__` is a fault, and so are some numbers. */
function toPlain(node: Node, tell: TellFault): unknown {
  if (isMap(node)) {
    const object: Record<string, unknown> = Object.create(null)
    for (const pair of node.items as Pair<Node, Node | null>[]) {
      const key = String(scalarValue(pair.key))
      if (key === '__proto__') {
        tell(pair.key, unknownKey)
        continue
      }
      if (key in object) tell(pair.key, duplicateKey(key))
      object[key] = pair.value === null ? null : toPlain(pair.value, tell)
    }
    return object
  }
  if (isSeq(node)) return node.items.map(item => toPlain(item as Node, tell))
  if (isScalar(node) && typeof node.value === 'number' && !plainNumber.test(node.source ?? '')) {
    const message = `${JSON.stringify(node.source)} is a number in a form that is read in more than one way`
    tell(node, { reason: 'number', message, allowed: numberAllowed })
  }
  return scalarValue(node)
}

/** YAML 1.1 reads `010` as 8 and YAML 1.2 as 10; no configuration needs `+5`, `0x10` or `1e3`. */
const plainNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/
const numberAllowed = 'decimal digits without "+", leading zeros or an exponent, or text in quotes'

const unknownKey = { reason: 'unknown-key', message: 'unknown key "__proto__"', allowed: 'the documented keys' }
function duplicateKey(key: string) {
  const shown = JSON.stringify(shortened(key, 80))
  return { reason: 'yaml', message: `the key ${shown} stands twice in one mapping`, allowed: 'each key once' }
}

function scalarValue(node: Node): unknown {
  return isScalar(node) ? node.value : undefined
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
