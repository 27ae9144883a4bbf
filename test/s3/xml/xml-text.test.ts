import { parseXml } from '@rgrove/parse-xml'
import t from 'tap'
import { escapeXmlText } from '../../../src/s3/xml/xml-text.ts'

const cases: { name: string; text: string; expected: string }[] = [
  {
    name: 'text without special characters stays as it is',
    text: 'a "quoted" \'word\'\t\n',
    expected: 'a "quoted" \'word\'\t\n',
  },
  { name: 'empty text stays empty', text: '', expected: '' },
  { name: 'markup is escaped', text: '<script>&</script>', expected: '&lt;script&gt;&amp;&lt;/script&gt;' },
  { name: 'the end of a CDATA section is escaped', text: 'a]]>b', expected: 'a]]&gt;b' },
  { name: 'a carriage return survives as a reference', text: 'a\r\nb', expected: 'a&#13;\nb' },
  { name: 'control characters become U+FFFD', text: '\0a\x01\x1f\x0b', expected: '\ufffda\ufffd\ufffd\ufffd' },
  { name: 'C1 controls and DEL are XML characters', text: '\x7f\x85', expected: '\x7f\x85' },
  { name: 'non-characters become U+FFFD', text: '\ufffe\uffff\ufffd', expected: '\ufffd\ufffd\ufffd' },
  { name: 'a surrogate pair stays whole', text: 'a😀<', expected: 'a😀&lt;' },
  { name: 'lone surrogates become U+FFFD', text: '\ud800a\udc00\ud83d', expected: '\ufffda\ufffd\ufffd' },
]
for (const { name, text, expected } of cases) {
  t.test(name, async t => {
    t.equal(escapeXmlText(text), expected)
    const read = parseXml(`<a>${expected}</a>`).text
    t.equal(read, expected.includes('\ufffd') ? expected : text, 'an XML parser reads it back')
  })
}
