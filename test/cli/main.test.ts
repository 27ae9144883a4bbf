import t from 'tap'
import { main } from '../../src/cli/main.ts'
import { recordTerminal } from '../fixtures/terminal.ts'

const cases: readonly { given: readonly string[]; code: number; out?: RegExp; err?: RegExp }[] = [
  { given: ['--help'], code: 0, out: /^Usage: s3-cors-proxy \[COMMAND\]/ },
  { given: ['-h'], code: 0, out: /^Usage: s3-cors-proxy \[COMMAND\]/ },
  { given: ['help'], code: 0, out: /^Usage: s3-cors-proxy \[COMMAND\]/ },
  { given: ['help', 'check'], code: 0, out: /^Usage: s3-cors-proxy check/ },
  {
    given: ['help', 'nothing'],
    code: 64,
    err: /^"nothing": unknown command\nallowed: serve, check, explain, suggest, compare, import, schema, probe, demo\n$/,
  },
  { given: ['check', '--help'], code: 0, out: /^Usage: s3-cors-proxy check/ },
  { given: ['--version'], code: 0, out: /^\d+\.\d+\.\d+\n$/ },
  { given: ['check', '-V'], code: 0, out: /^\d+\.\d+\.\d+\n$/ },
  { given: [], code: 64, err: /^no configuration; allowed: --config FILE/ },
  { given: ['chek'], code: 64, err: /^"chek": unknown command, did you mean check\?\n/ },
  {
    given: ['--confg=a'],
    code: 64,
    err: /^--confg: unknown option, did you mean --config\?\nallowed: what s3-cors-proxy serve --help lists\n$/,
  },
  { given: ['schema', 'more'], code: 64, err: /^unexpected argument "more"\n/ },
]
for (const { given, code, out, err } of cases) {
  t.test(`"${given.join(' ')}" ends with ${code}`, async t => {
    const terminal = recordTerminal()
    t.equal(await main(given, terminal), code)
    t.match(terminal.written.out, out ?? /^$/)
    t.match(terminal.written.err, err ?? /^$/)
  })
}
