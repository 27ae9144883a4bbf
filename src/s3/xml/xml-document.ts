import { parseXml, XmlElement, XmlError } from '@rgrove/parse-xml'
import { positionAt, type SourceFault } from '../../text/source-position.ts'

/** An XML document that was read whole, or the first thing that is wrong with it. */
export type XmlReading =
  | { readonly root: XmlElement; readonly text: string }
  | { readonly root: undefined; readonly fault: SourceFault }

/**
 * Reads an XML document from a stranger: strict, at most `maxBytes` of UTF-8, and without a document type, so that there are no
 * entities but XML's own five and nothing outside the document is ever asked for. `text` is what the elements' offsets count in.
 */
export function readXml(source: string, maxBytes: number): XmlReading {
  if (source.length > maxBytes || Buffer.byteLength(source) > maxBytes) {
    return {
      root: undefined,
      fault: { line: 1, column: 1, message: 'the document is too long', allowed: `at most ${maxBytes} bytes` },
    }
  }
  // As https://www.w3.org/TR/xml/#sec-line-ends asks. The parser does the same later, but in quadratic time: 256 KiB of
  // carriage returns would keep it busy for more than a minute.
  const text = source.replace(/\r\n?/g, '\n')
  const doctype = text.search(/<!DOCTYPE/i)
  if (doctype !== -1) {
    const fault = { message: 'the document has a DOCTYPE', allowed: 'XML without a document type declaration' }
    return { root: undefined, fault: { ...positionAt(text, doctype), ...fault } }
  }
  try {
    const { root } = parseXml(text, { includeOffsets: true })
    return root === null
      ? { root: undefined, fault: { line: 1, column: 1, ...notWellFormed('no element') } }
      : { root, text }
  } catch (error) {
    return { root: undefined, fault: faultOf(error) }
  }
}

/** The name of an element without its prefix: endpoints differ in which namespaces they declare, and how. */
export function localName(element: XmlElement): string {
  return element.name.slice(element.name.indexOf(':') + 1)
}

/** The elements right inside `parent`, in order. */
export function childElements(parent: XmlElement): readonly XmlElement[] {
  return parent.children.filter(node => node instanceof XmlElement)
}

function faultOf(error: unknown): SourceFault {
  if (error instanceof XmlError) {
    // The message goes on with the position and an excerpt, which may hold anything.
    const message = error.message.replace(/ \(line \d+, column \d+\)\n[\s\S]*$/, '')
    return { line: error.line, column: error.column, ...notWellFormed(message) }
  }
  if (error instanceof RangeError) return { line: 1, column: 1, ...notWellFormed('the elements nest too deep') }
  throw error
}

function notWellFormed(message: string): { readonly message: string; readonly allowed: string } {
  return { message, allowed: 'a complete, well-formed XML document' }
}
