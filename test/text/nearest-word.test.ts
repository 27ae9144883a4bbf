import t from 'tap'
import { nearest } from '../../src/text/nearest-word.ts'

const keys = ['listen', 'admin', 'upstream', 'virtualHosts', 'hosts', 'tls', 'url', 'host', 'CORSRules', 'CORSFile']
const cases: readonly { word: string; expected: string | undefined }[] = [
  { word: 'Listen', expected: 'listen' },
  { word: 'virtual-hosts', expected: 'virtualHosts' },
  { word: 'corsRules', expected: 'CORSRules' },
  { word: 'CORSRule', expected: 'CORSRules' },
  { word: 'upstreams', expected: 'upstream' },
  { word: 'hots', expected: 'hosts' },
  { word: 'uri', expected: 'url' },
  { word: 'credentials', expected: undefined },
  { word: 'x', expected: undefined },
  { word: 'y'.repeat(100_000), expected: undefined },
]
for (const { word, expected } of cases) {
  t.test(`${word.slice(0, 20)} is nearest to ${expected ?? 'nothing'}`, async t =>
    t.equal(nearest(word, keys), expected),
  )
}
