import t from 'tap'
import { findUnavailable } from '../../src/config/unavailable.ts'
import { issueLines, parseText, upstreamLine } from '../fixtures/parsed-text.ts'

t.test('what this version does not have is refused where it stands', async t => {
  const parsed = parseText(`${upstreamLine}workers: 2\n`)
  t.equal(parsed.configuration, undefined)
  t.strictSame(issueLines(parsed), [
    'config/proxy.yaml:2:10: workers: more than one worker is not available in this version; allowed: 1',
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
