import t from 'tap'
import { isSafelistedField } from '../../src/http/safelisted-field.ts'

const safe = [
  ['Accept', '*/*'],
  ['accept', 'text/html,application/xml;q=0.9'],
  ['Accept-Language', 'de-DE, en;q=0.5'],
  ['Content-Language', 'en'],
  ['Content-Type', 'text/plain'],
  ['content-type', 'TEXT/PLAIN;charset=UTF-8'],
  ['Content-Type', 'multipart/form-data; boundary=--x'],
  ['Content-Type', 'application/x-www-form-urlencoded'],
  ['Range', 'bytes=0-'],
  ['range', 'bytes=0-1023'],
] as const
const unsafe = [
  ['Accept', 'a"b'],
  ['Accept', 'x'.repeat(129)],
  ['Accept', ''],
  ['Accept-Language', 'de_DE'],
  ['Content-Language', 'en@x'],
  ['Content-Type', 'image/png'],
  ['Content-Type', 'text/plainer'],
  ['Content-Type', 'application/json'],
  ['Content-Type', 'text/plain; a="b"'],
  ['Range', 'bytes=-5'],
  ['Range', 'bytes=0-1,2-3'],
  ['Range', 'bytes = 0-'],
  ['Authorization', 'x'],
  ['If-None-Match', 'x'],
  ['x-amz-date', '1'],
] as const

t.test('a page sends these without asking, and no others', async t => {
  for (const [name, value] of safe) t.equal(isSafelistedField(name, value), true, `${name}: ${value}`)
  for (const [name, value] of unsafe) t.equal(isSafelistedField(name, value), false, `${name}: ${value.slice(0, 20)}`)
})
