import t from 'tap'
import { isBucketItself, lenientSegments } from '../../../src/s3/address/lenient-path.ts'

const paths: readonly { path: string; segments: readonly string[] }[] = [
  { path: '', segments: [] },
  { path: 'a/b', segments: ['a', 'b'] },
  { path: '/a//./b\\c/..', segments: ['a', 'b', 'c', '..'] },
  { path: 'a;x=1/;y/b', segments: ['a', 'b'] },
  { path: 'a/..;x/b', segments: ['a', '..', 'b'] },
  { path: 'a::$DATA/b:c', segments: ['a', 'b'] },
  { path: ' a /b. ./... /.. ', segments: ['a', 'b', '..'] },
  { path: 'a\n/\0b/c\x7f', segments: ['a', 'b', 'c'] },
  { path: '\uFF41/b\u00AD\u200Bc/\u017F/\uFEFFd', segments: ['a', 'bc', 's', 'd'] },
  { path: 'a\uFF0Fb', segments: ['a', 'b'] },
  { path: '.a/b.c/..d', segments: ['.a', 'b.c', '..d'] },
]
for (const { path, segments } of paths) {
  t.test(`${JSON.stringify(path)} is read as ${segments.join(' / ')}`, async t => {
    t.strictSame(lenientSegments(path), segments)
  })
}

const keys: readonly { key: string; is: boolean }[] = [
  { key: '', is: true },
  { key: './/\\.', is: true },
  { key: 'a/..', is: true },
  { key: 'a/%2e%2e', is: true },
  { key: 'a%2f..', is: true },
  { key: 'a%252f%252e%252e%255c', is: true },
  { key: 'a/b/../../', is: true },
  { key: 'a/..;x', is: true },
  { key: ';x=1', is: true },
  { key: '%3b', is: true },
  { key: '%20', is: true },
  { key: '%00', is: true },
  { key: '%2525252525252e', is: true },
  { key: 'a', is: false },
  { key: 'a/../b', is: false },
  { key: 'a..b', is: false },
  { key: '.a', is: false },
  { key: '100%', is: false },
  { key: '%C3%A4', is: false },
]
for (const { key, is } of keys) {
  t.test(`the key "${key}" ${is ? 'leads' : 'does not lead'} back to its bucket`, async t =>
    t.equal(isBucketItself(key), is),
  )
}
