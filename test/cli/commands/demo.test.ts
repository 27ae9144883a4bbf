import t from 'tap'
import { runCli } from '../../fixtures/run-cli.ts'

t.setTimeout(300_000)

t.test('demo takes no arguments', async t => {
  t.match(await runCli(['demo', 'more']), { code: 64, out: '', err: /demo takes no arguments/ })
})

t.test('demo says what it is', async t => {
  t.match(await runCli(['demo', '--help']), { code: 0, out: /^Usage: s3-cors-proxy demo\n/, err: '' })
})
