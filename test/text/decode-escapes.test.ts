import t from 'tap'
import { decodeEscapes } from '../../src/text/decode-escapes.ts'

const cases: readonly (readonly [text: string, decoded: string])[] = [
  ['my-media', 'my-media'],
  ['a%2Fb%20c', 'a/b c'],
  ['%C3%A9', 'é'],
  ['%zz', '%zz'],
  ['a%2Fb%C3', 'a%2Fb%C3'],
]
for (const [text, decoded] of cases) {
  t.test(`${text} is ${decoded}`, async t => t.equal(decodeEscapes(text), decoded))
}
