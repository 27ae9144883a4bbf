// As much of HCL as rules are written in: https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md
import { positionAt } from '../../text/source-position.ts'
import type { Located } from '../files/located.ts'
import { TextFault } from '../files/text-fault.ts'
import type { Path } from '../issue.ts'
import { HclScanner } from './hcl-scanner.ts'

/** Deeper than any resource, and shallow enough to recurse. */
const maxDepth = 32

/** Terraform knows blocks with two at most. */
const maxLabels = 8

/** What stands where a value was expected and is none by itself: a reference, a function, a text with `${…}`. */
export interface Expression {
  readonly path: Path
  readonly text: string
}

/** A block is a list of mappings under its type and its labels, as in Terraform's JSON. */
export interface HclDocument extends Located {
  /** Undefined in the value; what a rule needs of it cannot be known here. */
  readonly expressions: readonly Expression[]
}

/** Reads attributes and blocks; expressions are passed over, and told where they stand. */
export function readHcl(text: string): HclDocument {
  const reader = new HclReader(text)
  try {
    const value = reader.readBody([], undefined)
    return { value, faults: [], expressions: reader.expressions, locate: path => locate(text, reader.places, path) }
  } catch (error) {
    if (!(error instanceof TextFault)) throw error
    const { message, allowed, offset } = error
    const fault = { ...positionAt(text, offset), reason: 'hcl', message, allowed }
    return { value: undefined, faults: [fault], expressions: [], locate: () => undefined }
  }
}

function locate(text: string, places: ReadonlyMap<string, number>, path: Path) {
  for (let length = path.length; length >= 0; length--) {
    const offset = places.get(path.slice(0, length).join('\n'))
    if (offset !== undefined) return { ...positionAt(text, offset), exact: length === path.length }
  }
  return undefined
}

type Body = Record<string, unknown>

class HclReader {
  readonly places = new Map<string, number>([['', 0]])
  readonly expressions: Expression[] = []
  readonly #scanner: HclScanner
  #depth = 0

  constructor(text: string) {
    this.#scanner = new HclScanner(text)
  }

  /** Up to `end`, which is read as well; to the end of the text without it. */
  readBody(path: Path, end: '}' | undefined): Body {
    const body: Body = Object.create(null)
    this.#enter()
    for (;;) {
      this.#scanner.skip(true)
      if (this.#scanner.offset >= this.#scanner.text.length) {
        if (end !== undefined) throw this.#scanner.fault('the text ends within a block', '"}"')
        break
      }
      if (end !== undefined && this.#scanner.take(end)) break
      this.#readItem(body, path)
    }
    this.#depth--
    return body
  }

  #readItem(body: Body, path: Path): void {
    const start = this.#scanner.offset
    const name = this.#scanner.word()
    if (name === undefined)
      throw this.#scanner.fault(`${this.#scanner.shown()} stands here`, 'NAME = VALUE or NAME { … }')
    this.#scanner.skip(false)
    if (this.#scanner.text[this.#scanner.offset] === '=' && this.#scanner.text[this.#scanner.offset + 1] !== '=') {
      this.#scanner.offset++
      if (Object.hasOwn(body, name)) throw new TextFault(start, `${name} stands twice`, 'each name once')
      this.places.set([...path, name].join('\n'), start)
      body[name] = this.#readValue([...path, name], false)
      return
    }
    const labels = [name]
    while (!this.#scanner.take('{')) {
      const label = this.#scanner.text[this.#scanner.offset] === '"' ? this.#scanner.string() : this.#scanner.word()
      if (label === undefined) throw this.#scanner.fault(`${this.#scanner.shown()} stands here`, '"=", a label or "{"')
      if (labels.push(label) > maxLabels)
        throw this.#scanner.fault('the block has too many labels', `at most ${maxLabels}`)
      this.#scanner.skip(false)
    }
    let holder = body
    for (const label of labels.slice(0, -1)) {
      const inner = Object.hasOwn(holder, label) ? holder[label] : undefined
      const next: Body = isBody(inner) ? inner : Object.create(null)
      holder[label] = next
      holder = next
    }
    const last = labels.at(-1) ?? name
    const known = Object.hasOwn(holder, last) ? holder[last] : undefined
    const list: unknown[] = Array.isArray(known) ? known : []
    holder[last] = list
    const at = [...path, ...labels, list.length]
    this.places.set(at.join('\n'), start)
    list.push(undefined)
    list[list.length - 1] = this.readBody(at, '}')
  }

  #readValue(path: Path, isInside: boolean): unknown {
    this.#scanner.skip(isInside)
    const start = this.#scanner.offset
    if (!this.places.has(path.join('\n'))) this.places.set(path.join('\n'), start)
    const value = this.#tryLiteral(path)
    if (value !== notLiteral) {
      this.#scanner.skip(isInside)
      // What follows a literal and ends it; anything else makes an expression of it.
      if (
        this.#scanner.offset >= this.#scanner.text.length ||
        /[\n\r,\]}]/.test(this.#scanner.text[this.#scanner.offset] ?? '')
      )
        return value
    }
    this.#scanner.offset = start
    this.#scanner.passOver(isInside)
    this.expressions.push({ path, text: this.#scanner.text.slice(start, this.#scanner.offset).trim() })
    return undefined
  }

  /** What begins as a list or mapping may be an expression such as `{ for … }`. */
  #tryLiteral(path: Path): unknown {
    const depth = this.#depth
    try {
      return this.#literal(path)
    } catch (error) {
      if (!(error instanceof TextFault)) throw error
      this.#depth = depth
      return notLiteral
    }
  }

  #literal(path: Path): unknown {
    if (this.#scanner.text[this.#scanner.offset] === '"') return this.#scanner.string() ?? notLiteral
    if (this.#scanner.take('[')) return this.#list(path)
    if (this.#scanner.take('{')) return this.#object(path)
    const number = this.#scanner.match(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?![\w.])/y)
    if (number !== undefined) {
      this.#scanner.offset += number.length
      return Number(number)
    }
    const word = this.#scanner.word()
    if (word === 'true' || word === 'false') return word === 'true'
    return word === 'null' ? null : notLiteral
  }

  #list(path: Path): unknown[] {
    this.#enter()
    const items: unknown[] = []
    for (this.#scanner.skip(true); !this.#scanner.take(']'); this.#scanner.skip(true)) {
      items.push(this.#readValue([...path, items.length], true))
      this.#scanner.skip(true)
      if (!this.#scanner.take(',') && this.#scanner.text[this.#scanner.offset] !== ']') {
        throw this.#scanner.fault(`${this.#scanner.shown()} stands here`, '"," or "]"')
      }
    }
    this.#depth--
    return items
  }

  #object(path: Path): Body {
    this.#enter()
    const body: Body = Object.create(null)
    for (this.#scanner.skip(true); !this.#scanner.take('}'); this.#scanner.skip(true)) {
      const start = this.#scanner.offset
      const key = this.#scanner.text[this.#scanner.offset] === '"' ? this.#scanner.string() : this.#scanner.word()
      this.#scanner.skip(false)
      if (key === undefined || !(this.#scanner.take('=') || this.#scanner.take(':'))) {
        throw this.#scanner.fault(`${this.#scanner.shown()} stands here`, 'NAME = VALUE or "}"')
      }
      this.places.set([...path, key].join('\n'), start)
      body[key] = this.#readValue([...path, key], false)
      this.#scanner.skip(true)
      this.#scanner.take(',')
    }
    this.#depth--
    return body
  }

  #enter(): void {
    if (this.#depth++ >= maxDepth) throw this.#scanner.fault('the values nest too deep', `at most ${maxDepth} brackets`)
  }
}

const notLiteral = Symbol('not a literal')

function isBody(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
