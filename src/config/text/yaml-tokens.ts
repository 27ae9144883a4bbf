import { Lexer } from 'yaml'
import { positionAt } from '../../text/source-position.ts'
import { type Pace, unpaced } from '../pace.ts'
import type { TextFault } from './decode-text.ts'

/**
 * What a look at the tokens of a YAML text finds, before any parser builds anything from it: nesting too deep for a parser
 * that recurses, and the parts of YAML that a configuration does not use.
 */
export interface TokenCheck {
  readonly faults: readonly TextFault[]
  /** Too deep: the text must not be parsed. */
  readonly unsafe: boolean
  /**
   * The text with every refused token made harmless at the same offsets, so that one parse finds the other faults too and
   * their positions hold.
   */
  readonly masked: string
}

/** The configuration nests seven deep; 64 is far from both that and from any parser's stack. */
const maxFlowDepth = 64

/** Columns of indentation and `- ` before a value: every block level costs at least one of them. */
const maxIndent = 128

/** More of the same tell nobody anything. */
const maxFaults = 100

/** What replaces a token: as many characters, so that no offset moves. */
interface Mask {
  readonly offset: number
  readonly length: number
  readonly by: string
}

const scalarMark = '\u001f'
const zeroLength = new Set(['\u0002', '\u0018', scalarMark])

/** Reads the tokens of `text`: https://yaml.org/spec/1.2.2/#indicator-characters. */
export function checkTokens(text: string, pace: Pace = unpaced): TokenCheck {
  const faults: TextFault[] = []
  const masks: Mask[] = []
  const nesting = createNesting()
  let offset = 0
  let isScalar = false
  for (const token of new Lexer().lex(text)) {
    pace()
    if (nesting.isTooDeep(token, isScalar)) {
      const allowed = `at most ${maxFlowDepth} brackets and ${maxIndent} columns of indentation`
      faults.push({ ...positionAt(text, offset), reason: 'too-deep', message: 'the values nest too deep', allowed })
      return { faults, unsafe: true, masked: '' }
    }
    const refusal = isScalar ? undefined : refusalOf(token)
    if (refusal !== undefined) {
      const { length, by, ...words } = refusal
      masks.push({ offset, length, by })
      if (faults.length < maxFaults) faults.push({ ...positionAt(text, offset), ...words })
    }
    isScalar = token === scalarMark
    if (!zeroLength.has(token)) offset += token.length
  }
  return { faults, unsafe: false, masked: mask(text, masks) }
}

/** Follows brackets exactly, and block levels by what every one of them costs: a column before its value. */
function createNesting() {
  let depth = 0
  let indent = 0
  let atLineStart = true
  return {
    isTooDeep(token: string, isScalar: boolean): boolean {
      if (zeroLength.has(token)) return false
      if (!isScalar && (token === '[' || token === '{')) depth++
      if (!isScalar && (token === ']' || token === '}')) depth = Math.max(0, depth - 1)
      if (depth > 0) return depth > maxFlowDepth
      if (!isScalar && (token === '\n' || token === '\r\n')) {
        indent = 0
        atLineStart = true
        return false
      }
      if (!atLineStart) return false
      const isBlank = !isScalar && /^[ \t]+$/.test(token)
      const isIndicator = !isScalar && /^[-?:]$/.test(token)
      if (isBlank || isIndicator) indent += token.length
      atLineStart = isBlank || isIndicator
      // Blanks before a comment or at the end of a line are no level.
      return !isBlank && token[0] !== '#' && indent > maxIndent
    },
  }
}

type Refusal = Pick<TextFault, 'reason' | 'message' | 'allowed'> & Pick<Mask, 'length' | 'by'>

function refusalOf(token: string): Refusal | undefined {
  const whole = { length: token.length, by: ' ' }
  switch (token[0]) {
    case '*': {
      const [alias = '', colon = ''] = token.endsWith(':') ? [token.slice(0, -1), ':'] : [token]
      const message = `${JSON.stringify(alias)} is a YAML alias without its quotes`
      return {
        length: 1,
        by: 'x',
        reason: 'alias',
        message,
        allowed: `the same in quotes: ${JSON.stringify(alias)}${colon}`,
      }
    }
    case '&': {
      const allowed = 'every value written out, without anchors and aliases'
      return { ...whole, reason: 'anchor', message: `${token} is a YAML anchor`, allowed }
    }
    case '!':
      return { ...whole, reason: 'tag', message: `${token} is a YAML tag`, allowed: 'plain values without tags' }
    case '%': {
      const message = `${token.trim()} is a YAML directive`
      return { length: 1, by: '#', reason: 'directive', message, allowed: 'none: the file is read as YAML 1.2' }
    }
    default:
      return undefined
  }
}

function mask(text: string, masks: readonly Mask[]): string {
  if (masks.length === 0) return text
  const parts: string[] = []
  let from = 0
  for (const { offset, length, by } of masks) {
    parts.push(text.slice(from, offset), by.repeat(length))
    from = offset + length
  }
  return parts.join('') + text.slice(from)
}
