import t from 'tap'
import { watchRefusedTokens } from '../../../src/daemon/operator/refused-tokens.ts'

t.test('each wrong token is counted, and one line in ten seconds says so', async t => {
  let nowMs = 5
  let [refused, suppressed] = [0, 0]
  const lines: unknown[] = []
  const told = watchRefusedTokens(
    { countRefusedToken: () => refused++, countSuppressedLog: () => suppressed++ },
    { warn: (event, fields) => lines.push([event, fields]) },
    () => nowMs,
  )
  for (let i = 0; i < 1000; i++) told('192.0.2.1')
  t.strictSame(lines, [['admin_token_refused', { peer: '192.0.2.1', suppressed: undefined }]])
  t.strictSame([refused, suppressed], [1000, 999])
  nowMs += 10_000
  told('192.0.2.2')
  t.strictSame(lines.slice(1), [['admin_token_refused', { peer: '192.0.2.2', suppressed: 999 }]])
  nowMs += 10_000
  told(undefined)
  t.strictSame(lines.slice(2), [['admin_token_refused', { peer: undefined, suppressed: undefined }]])
})
