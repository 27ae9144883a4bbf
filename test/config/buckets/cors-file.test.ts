import t from 'tap'
import { readCorsFile } from '../../../src/config/buckets/cors-file.ts'
import { contentOf } from '../../fixtures/parsed-text.ts'

const plain = (value: unknown) => JSON.parse(JSON.stringify(value) ?? 'null')
const rules = [{ AllowedOrigins: ['https://a.example'], AllowedMethods: ['GET'] }]
const xml =
  '<CORSConfiguration>\n <CORSRule><AllowedOrigin>https://a.example</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>\n</CORSConfiguration>'

const forms: readonly { name: string; text: string; second: string }[] = [
  { name: 'AWS CLI JSON', text: JSON.stringify({ CORSRules: rules }, null, 1), second: '8:5' },
  { name: 'the JSON list of the S3 console', text: JSON.stringify(rules, null, 1), second: '7:4' },
  { name: 'S3 XML', text: xml, second: '2:60' },
]
for (const { name, text, second } of forms) {
  t.test(`${name} gives the rules, and where they stand`, async t => {
    const read = readCorsFile(contentOf(text))
    t.strictSame(read.faults, [])
    t.strictSame(plain(read.value), rules)
    const place = read.locate([0, 'AllowedMethods', 0], 'value')
    t.equal(`${place?.line}:${place?.column}`, second)
  })
}

const faulty: readonly { name: string; text: string; fault: string }[] = [
  { name: 'an empty file', text: ' \n', fault: '1:1 the file is empty' },
  { name: 'YAML', text: 'CORSRules:\n', fault: '1:1 the file is neither JSON nor XML' },
  { name: 'an unknown key', text: '{\n "corsRules": []}', fault: '2:2 unknown key "corsRules"' },
  { name: 'another key beside', text: '{"CORSRules": [], "Bucket": "b"}', fault: '1:19 unknown key "Bucket"' },
  { name: 'no rules at all', text: '{}', fault: '1:1 "CORSRules" is missing' },
  {
    name: "the user guide's first example",
    text: '{"CORSRules": [{\n "AllowedHeaders": ["header1", etc.]}]}',
    fault: '2:32 "etc." is a placeholder, not JSON',
  },
  { name: 'truncated XML', text: '<CORSConfiguration>\n<CORSRule>', fault: '2:11 ' },
  { name: 'another XML document', text: '<html/>', fault: '1:1 the document is <html>' },
  { name: 'a byte order mark', text: '\ufeff{}', fault: '1:1 the file starts with a byte order mark' },
]
for (const { name, text, fault } of faulty) {
  t.test(`${name} is a fault with its place`, async t => {
    const read = readCorsFile(contentOf(text))
    t.equal(read.value, undefined)
    t.equal(read.faults.length, 1)
    const [found] = read.faults
    t.ok(
      `${found?.line}:${found?.column} ${found?.message}`.startsWith(fault),
      `${found?.line}:${found?.column} ${found?.message}`,
    )
    t.not(found?.allowed, '')
  })
}

t.test('a near key is named', async t => {
  t.match(readCorsFile(contentOf('{"CORSRule": []}')).faults[0]?.allowed, /did you mean "CORSRules"/)
})
