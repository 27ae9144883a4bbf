import t from 'tap'
import { comparisonText } from '../../../src/cli/learning/comparison-text.ts'

const nothing = { refused: [], allowed: [], same: 1, unusedRules: [], unknownBuckets: [] }
const request = {
  bucket: 'media',
  origin: 'https://app.example.com',
  method: 'PUT',
  headers: ['x-a', 'x-b'],
  count: 2,
  lastSeenMs: 1_767_326_400_000,
  reason: 'header',
} as const

t.test('no change is said in words', async t => {
  t.equal(
    comparisonText(nothing),
    'Newly refused: nothing.\nNewly allowed: nothing.\nSame as today: 1 kind of requests.\nEvery rule matches something that was seen.\n',
  )
})

t.test('what cannot be compared is named', async t => {
  t.match(comparisonText({ ...nothing, unknownBuckets: ['a', 'b'] }), /are in no configuration: a, b\n$/)
})

t.test('hostile and long values stay in their cell', async t => {
  const origin = `https://a\n\u001b[31m${'x'.repeat(500)}`
  const text = comparisonText({ ...nothing, refused: [{ ...request, origin, headers: undefined }] })
  t.match(text, /^[\n -~]*$/)
  t.match(text, 'https://a\\x0a\\x1b[31mxxx')
  t.match(text, '(no list of names)')
  t.equal(text.split('\n').length, 8)
  t.ok(text.split('\n').every(line => line.length < 250))
})
