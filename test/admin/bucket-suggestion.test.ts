import t from 'tap'
import { parse } from 'yaml'
import type { OriginLine } from '../../src/admin/admin-sources.ts'
import { describeSuggestion, seenBuckets } from '../../src/admin/bucket-suggestion.ts'

import { makeSources } from './sources.ts'

const [line] = makeSources().origins().lines as [OriginLine]
const [put] = line.requests as [OriginLine['requests'][number]]
const allowed: OriginLine = {
  ...line,
  origin: 'https://app.example',
  decision: 'allowed',
  reason: 'matched',
  requests: [{ ...put, method: 'GET', headers: [], preflights: 0, actual: 7 }],
  otherRequests: 0,
}
const seen = { lines: [line, allowed], rest: [] }

function originsOf(yaml: string | undefined): readonly string[] {
  const { buckets } = parse(yaml ?? '') as {
    buckets: { media?: { CORSRules: { AllowedOrigins: string[] }[] } }
  }
  return buckets.media?.CORSRules.flatMap(rule => rule.AllowedOrigins) ?? []
}

t.test('the suggestion of a bucket is what the command suggests of it', async t => {
  const yaml = describeSuggestion(seen, 'media')
  t.strictSame(originsOf(yaml), ['https://app.example', 'https://dev.example'])
  t.match(
    yaml,
    /^# Suggested from what was seen: .* Nothing of this is in force\.\n.*\n# {3}1\. put it under buckets in a copy.*\n.* check .*\n.* compare /,
  )
  t.match(yaml, '# Further requests that are left out, because their origins are not known: 1.')
})

t.test('it can be of what was denied, or allowed, alone', async t => {
  t.strictSame(originsOf(describeSuggestion(seen, 'media', 'denied')), ['https://dev.example'])
  t.strictSame(originsOf(describeSuggestion(seen, 'media', 'allowed')), ['https://app.example'])
})

t.test('what came to another bucket is not in it, although the origin has one line', async t => {
  const both = { ...allowed, requests: [...allowed.requests, { ...put, bucket: 'docs' }] }
  t.strictSame(originsOf(describeSuggestion({ lines: [both], rest: [] }, 'media')), ['https://app.example'])
  t.equal(describeSuggestion(seen, 'docs'), undefined)
})

t.test('the buckets that were seen, that with the most requests first', async t => {
  const other = {
    ...allowed,
    requests: [
      { ...put, bucket: 'docs', preflights: 50 },
      { ...put, bucket: 'Nope' },
      { ...put, bucket: undefined },
    ],
  }
  t.strictSame(seenBuckets([...seen.lines, other]), [
    { bucket: 'docs', origins: 1, requests: 50 },
    { bucket: 'media', origins: 2, requests: 9 },
  ])
})

t.test('of very many kinds of requests those that came most are taken, in bounded work', async t => {
  const lines = Array.from({ length: 5000 }, (_, at) => ({
    ...allowed,
    origin: `https://site-${at}.example`,
    requests: [{ ...put, headers: [`x-${at}`], preflights: at }],
  }))
  const yaml = describeSuggestion({ lines, rest: [] }, 'media') ?? ''
  t.match(yaml, '# 4000 further kinds of requests, which came least, are left out')
  t.match(yaml, '"https://site-4999.example"')
  t.notMatch(yaml, '"https://site-3999.example"')
})
