import t from 'tap'
import { describeFinding, type Finding } from '../../../src/cli/connect/finding.ts'

const cases: readonly { name: string; finding: Finding; line: string }[] = [
  {
    name: 'what is well',
    finding: { severity: 'ok', about: 'upstream.url', what: 'it is reached' },
    line: 'ok: upstream.url: it is reached',
  },
  {
    name: 'a fault with what to do',
    finding: { severity: 'fault', about: 'buckets.media', what: 'no such bucket', todo: 'create it' },
    line: 'fault: buckets.media: no such bucket; to do: create it',
  },
  {
    name: 'what would drive a terminal',
    finding: { severity: 'note', about: 'a', what: '\u001b[2J\n\u009b\u202e€' },
    line: 'note: a: \\u001b[2J\\u000a\\u009b\\u202e\\u20ac',
  },
]
for (const { name, finding, line } of cases) {
  t.test(`${name} is one printable line`, async t => {
    t.equal(describeFinding(finding), line)
  })
}
