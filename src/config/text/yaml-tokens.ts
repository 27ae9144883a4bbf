import { Lexer } from 'yaml'
import { positionAt } from '../../s3/source-position.ts'
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

const scalarMark = '\u001f'
const zeroLength = new Set(['\u0002', '\u0018', scalarMark])

/** Reads the tokens of `text`: https://yaml.org/spec/1.2.2/#indicator-characters. */
export function checkTokens(text: string): TokenCheck {
  const faults: TextFault[] = []
  const masks: { readonly offset: number; readonly length: number; readonly by: string }[] = []
  let offset = 0
  let depth = 0
  let indent = 0
  let atLineStart = true
  let afterMark = false
  const add = (reason: string, message: string, allowed: string) => {
    if (faults.length < maxFaults) faults.push({ ...positionAt(text, offset), reason, message, allowed })
  }
  for (const token of new Lexer().lex(text)) {
    const isScalar = afterMark
    afterMark = token === scalarMark
    if (zeroLength.has(token)) {
      if (afterMark) atLineStart = false
      continue
    }
    if (!isScalar) {
      const first = token[0]
      if (token === '[' || token === '{') depth++
      else if ((token === ']' || token === '}') && depth > 0) depth--
      else if (first === '*') {
        masks.push({ offset, length: 1, by: 'x' })
        add('alias', `${JSON.stringify(token.replace(/:$/, ''))} is a YAML alias without its quotes`, quoted(token))
      } else if (first === '&') {
        masks.push({ offset, length: token.length, by: ' ' })
        add('anchor', `${token} is a YAML anchor`, 'every value written out, without anchors and aliases')
      } else if (first === '!') {
        masks.push({ offset, length: token.length, by: ' ' })
        add('tag', `${token} is a YAML tag`, 'plain values without tags')
      } else if (first === '%' && atLineStart) {
        masks.push({ offset, length: 1, by: '#' })
        add('directive', `${token.trim()} is a YAML directive`, 'none: the file is read as YAML 1.2')
      }
      if (depth === 0) {
        if (token === '\n' || token === '\r\n') {
          indent = 0
          atLineStart = true
        } else if (atLineStart && /^(?:[ \t]+|[-?:])$/.test(token)) indent += token.length
        else atLineStart = false
      }
      if (depth > maxFlowDepth || (atLineStart && indent > maxIndent)) {
        add(
          'too-deep',
          'the values nest too deep',
          `at most ${maxFlowDepth} brackets and ${maxIndent} columns of indentation`,
        )
        return { faults, unsafe: true, masked: '' }
      }
    }
    offset += token.length
  }
  return { faults, unsafe: false, masked: mask(text, masks) }
}

function quoted(alias: string): string {
  return `the same in quotes: ${JSON.stringify(alias.replace(/:$/, ''))}${alias.endsWith(':') ? ':' : ''}`
}

function mask(text: string, masks: readonly { offset: number; length: number; by: string }[]): string {
  if (masks.length === 0) return text
  const parts: string[] = []
  let from = 0
  for (const { offset, length, by } of masks) {
    parts.push(text.slice(from, offset), by.repeat(length))
    from = offset + length
  }
  return parts.join('') + text.slice(from)
}
