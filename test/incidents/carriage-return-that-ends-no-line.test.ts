// Found by fuzzing: a carriage return by itself ends a line in YAML 1.2 and in some editors, and did not for the reader. What a
// person saw in a line of its own belonged to the comment before it, and faults had columns that no line had.

import t from 'tap'
import { issueLines, parseText, upstreamLine } from '../fixtures/parsed-text.ts'

for (const [name, text, place] of [
  ['a bucket behind a comment', 'buckets:\n  web: { from: none } # the page\r  media: { from: none }\n', '3:33'],
  ['enforcement behind a comment', '# what is denied is refused\renforcement: block\n', '2:28'],
  ['every line', 'buckets:\r  web: { from: none }\r', '2:9'],
  ['hundreds of them', `buckets${'\r'.repeat(300)}: {}\n`, '2:8'],
] as const) {
  t.test(`${name}: a lone carriage return is a fault with its place`, async t => {
    const parsed = parseText(upstreamLine + text)
    t.equal(parsed.configuration, undefined)
    const allowed = 'a carriage return without a line feed stands here; allowed: lines that end with a line feed'
    t.strictSame(issueLines(parsed), [`config/proxy.yaml:${place}: ${allowed}`])
  })
}

t.test('a carriage return before a line feed is none by itself', async t => {
  const parsed = parseText(
    `${upstreamLine}hosts: [s3.example.com]\nbuckets:\n  web: { from: none }\n`.replaceAll('\n', '\r\n'),
  )
  t.strictSame(issueLines(parsed), [])
})
