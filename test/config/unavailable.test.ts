import t from 'tap'
import { findUnavailable } from '../../src/config/unavailable.ts'
import { issueLines, parseText, upstreamLine } from '../fixtures/parsed-text.ts'

t.test('what this version does not have is refused where it stands', async t => {
  const parsed = parseText(`${upstreamLine}workers: 2\nbuckets:\n  abc: { from: upstream }\n  abd: { from: managed }\n`)
  t.equal(parsed.configuration, undefined)
  t.strictSame(issueLines(parsed), [
    'config/proxy.yaml:2:10: workers: more than one worker is not available in this version; allowed: 1',
    'config/proxy.yaml:4:16: buckets.abc.from: "from: upstream" is not available in this version; allowed: CORSRules, CORSFile or "from: none"',
    'config/proxy.yaml:5:16: buckets.abd.from: "from: managed" is not available in this version; allowed: CORSRules, CORSFile or "from: none"',
  ])
})

t.test('anything else is none of its business', async t => {
  for (const raw of [
    undefined,
    null,
    1,
    [],
    {},
    { buckets: null },
    { buckets: [] },
    { buckets: { a: 1, b: { from: 1 } }, workers: 'x' },
  ]) {
    t.strictSame(findUnavailable(raw), [])
  }
})
