import type { XmlElement } from '@rgrove/parse-xml'
import { childElements, localName, readXml } from '../../s3/xml/xml-document.ts'
import { positionAt } from '../../text/source-position.ts'
import { maxFileBytes } from '../files/decode-text.ts'
import type { Located } from '../files/located.ts'
import type { Path } from '../issue.ts'

/** The elements that hold the rules of Azure and of Google Cloud Storage, and what each rule is called. */
const roots: Readonly<Record<string, { readonly list: string; readonly rule: string }>> = {
  StorageServiceProperties: { list: 'Cors', rule: 'CorsRule' },
  Cors: { list: '', rule: 'CorsRule' },
  CorsConfig: { list: '', rule: 'Cors' },
}

/** Google's elements that hold a list, and what its JSON calls them. */
const lists: Readonly<Record<string, string>> = {
  Origins: 'origin',
  Methods: 'method',
  ResponseHeaders: 'responseHeader',
  MaxAgeSec: 'maxAgeSeconds',
}

/** Reads the XML of another storage as the list of its rules, by the keys that its JSON has. Undefined for what is S3's to read. */
export function readOtherXml(source: string): Located | undefined {
  const reading = readXml(source, maxFileBytes)
  if (reading.root === undefined) return undefined
  const { root, text } = reading
  const form = Object.hasOwn(roots, localName(root)) ? roots[localName(root)] : undefined
  if (form === undefined) return undefined
  const holders = form.list === '' ? [root] : childElements(root).filter(child => localName(child) === form.list)
  const places = new Map<string, XmlElement>()
  const place = (path: Path, element: XmlElement) => places.set(path.join('/'), element)
  place([], root)
  const rules = holders.flatMap(holder => childElements(holder)).filter(child => localName(child) === form.rule)
  const value = rules.map((rule, index) => {
    place([index], rule)
    return Object.assign(
      Object.create(null),
      Object.fromEntries(
        childElements(rule).map(element => {
          const name = localName(element)
          const key = form.rule === 'Cors' && Object.hasOwn(lists, name) ? String(lists[name]) : name
          place([index, key], element)
          if (form.rule !== 'Cors' || key === 'maxAgeSeconds') return [key, element.text.trim()]
          const items = childElements(element)
          for (const [position, item] of items.entries()) place([index, key, position], item)
          return [key, items.map(item => item.text.trim())]
        }),
      ),
    ) as unknown
  })
  return {
    value,
    faults: [],
    locate(path) {
      for (let length = path.length; length >= 0; length--) {
        const element = places.get(path.slice(0, length).join('/'))
        if (element !== undefined) return { ...positionAt(text, element.start), exact: length === path.length }
      }
      return undefined
    },
  }
}
