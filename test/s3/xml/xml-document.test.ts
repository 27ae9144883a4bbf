import t from 'tap'
import { childElements, localName, readXml } from '../../../src/s3/xml/xml-document.ts'
import { growthOf } from '../../fixtures/growth.ts'

t.setTimeout(300_000)

const limit = 256 * 1024

t.test('a document is read with prefixes, comments, CDATA and references', async t => {
  const reading = readXml(
    '\ufeff<?xml version="1.0"?><!-- c --><p:a xmlns:p="x"><p:b>&lt;<![CDATA[&]]></p:b><c/>t</p:a>',
    limit,
  )
  if (reading.root === undefined) throw new Error(reading.fault.message)
  t.equal(localName(reading.root), 'a')
  t.strictSame(
    childElements(reading.root).map(element => [localName(element), element.text]),
    [
      ['b', '<&'],
      ['c', ''],
    ],
  )
})

const faults: { name: string; source: string; line?: number; column?: number; message: RegExp }[] = [
  { name: 'an empty document', source: '', message: /Root element is missing/ },
  { name: 'text that is no XML', source: 'hello', message: /Root element is missing/ },
  { name: 'JSON', source: '{"CORSRules": []}', message: /Root element is missing/ },
  {
    name: 'a truncated document',
    source: '<a>\n<b>',
    line: 2,
    column: 4,
    message: /Missing end tag for element b/,
  },
  { name: 'a document cut within a tag', source: '<a><b', message: /Unclosed start tag/ },
  { name: 'elements that cross', source: '<a><b></a></b>', column: 7, message: /Missing end tag for element b/ },
  { name: 'a second root', source: '<a/><b/>', column: 5, message: /Extra content/ },
  { name: 'an entity that XML does not have', source: '<a>&nbsp;</a>', message: /isn't defined: &nbsp;/ },
  { name: 'a character that XML cannot hold', source: '<a>\0</a>', message: /Invalid character/ },
  {
    name: 'a reference to a character that XML cannot hold',
    source: '<a>&#0;</a>',
    message: /invalid character/,
  },
  {
    name: 'an external entity',
    source: '<?xml version="1.0"?>\n<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n<a>&x;</a>',
    line: 2,
    message: /DOCTYPE/,
  },
  {
    name: 'entities that grow',
    source: '<!DOCTYPE a [<!ENTITY a "xx"><!ENTITY b "&a;&a;">]><a>&b;</a>',
    message: /DOCTYPE/,
  },
  { name: 'an HTML page', source: '<!doctype html><html></html>', message: /DOCTYPE/ },
  { name: 'elements that nest without end', source: '<a>'.repeat(80_000), message: /nest too deep/ },
  { name: 'a document over the limit', source: `<a>${'x'.repeat(limit)}</a>`, message: /too long/ },
  {
    name: 'a document over the limit in bytes only',
    source: `<a>${'€'.repeat(limit / 2)}</a>`,
    message: /too long/,
  },
]
for (const { name, source, line = 1, column, message } of faults) {
  t.test(`${name} is a fault`, async t => {
    const reading = readXml(source, limit)
    if (reading.root !== undefined) throw new Error('it was read')
    t.match(reading.fault.message, message)
    t.notMatch(reading.fault.message, /\n/, 'one line, without an excerpt of the document')
    t.equal(reading.fault.line, line)
    if (column !== undefined) t.equal(reading.fault.column, column)
    t.not(reading.fault.allowed, '')
  })
}

t.test('carriage returns are line ends, as XML asks, unless they are references', async t => {
  const reading = readXml('<a>\r\n<b>x\ry&#13;</b></a>', limit)
  if (reading.root === undefined) throw new Error(reading.fault.message)
  t.equal(reading.root.text, '\nx\ny\r')
})

t.test('a document costs what its length is', async t => {
  const fill = (unit: string, size: number) =>
    `<a>${unit.repeat(Math.floor(((limit - 16) * size) / 4 / Buffer.byteLength(unit)))}</a>`
  for (const unit of ['\r', '\r\n', '&#65;', '<b/>', '<!---->', '<![CDATA[]]>', '<?p?>', '😀', ']', '<b>\r</b>']) {
    t.not(readXml(fill(unit, 4), limit).root, undefined, JSON.stringify(unit))
    const growth = growthOf(size => readXml(fill(unit, size), limit))
    t.ok(growth < 13, `${JSON.stringify(unit)}: four times as much costs ${growth.toFixed(1)} times as much`)
  }
})
