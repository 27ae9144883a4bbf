// Found by fuzzing: files of a megabyte with a key, a fault or an unknown name in every line kept the reader busy for minutes
// to hours, because each of them was held against all the others, or had the schema written out anew.

import t from 'tap'
import { parseText, upstreamLine } from '../fixtures/parsed-text.ts'

t.setTimeout(300_000)

const lines = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join('')

// A tenth of the largest file, in far more time than a tenth of a busy machine needs: quadratic work does not come near.
const longestMs = 10_000

const cases: readonly { readonly name: string; readonly text: string }[] = [
  { name: 'flow maps as keys', text: lines(33_000, () => '{}\n') },
  { name: 'buckets', text: `buckets:\n${lines(5000, i => `  bucket-${i}: {from: none}\n`)}` },
  { name: 'unknown keys', text: lines(10_000, i => `key${i}: 1\n`) },
  { name: 'buckets with an unknown source', text: `buckets:\n${lines(5000, i => `  bucket-${i}: {from: nome}\n`)}` },
  { name: 'buckets with an unknown key', text: `buckets:\n${lines(5000, i => `  bucket-${i}: {form: none}\n`)}` },
  { name: 'one key', text: lines(10_000, () => 'hosts: [a]\n') },
]

for (const { name, text } of cases) {
  t.test(`a file of ${name} is read in bounded time`, async t => {
    const before = process.cpuUsage()
    parseText(upstreamLine + text)
    const { user } = process.cpuUsage(before)
    t.ok(user < longestMs * 1000, `${user} µs`)
  })
}
