import t from 'tap'
import type { ConfigurationStatus } from '../../../src/admin/admin-sources.ts'
import { renderConfiguration, renderRefused } from '../../../src/admin/page/page-configuration.ts'
import { nowMs } from '../sources.ts'

const inForce: ConfigurationStatus = {
  file: 'config.yaml',
  sha256: `0123456789abcdef${'0'.repeat(48)}`,
  sinceMs: nowMs - 600_000,
  changes: [],
  restartRequired: [],
  refused: [],
}

t.test('a configuration that is in force says where and when it was read', async t => {
  t.equal(renderRefused(inForce, nowMs), undefined)
  const text = renderConfiguration(inForce, nowMs).toString()
  t.match(
    text,
    /in force: <code>config\.yaml<\/code>, read <time [^>]*>10 min ago<\/time>.*<code [^>]*>0123456789ab<\/code>/s,
  )
  t.notMatch(text, 'details')
  t.match(renderConfiguration({ ...inForce, file: undefined }, nowMs).toString(), 'from variables and flags')
})

t.test('what a reload changed is a list that stays open', async t => {
  const text = renderConfiguration({ ...inForce, changes: ['media: rule 1 AllowedOrigins + <b>'] }, nowMs).toString()
  t.match(text, '<details data-key="configuration changes">')
  t.match(text, '<code>media: rule 1 AllowedOrigins + &lt;b&gt;</code>')
})

t.test('what is refused says what, where and since when, and what stays in force', async t => {
  const refused = [
    { part: 'configuration', sinceMs: nowMs - 120_000, issues: ['config.yaml:3:5: <x>', 'second'] },
  ] as const
  const text = String(renderRefused({ ...inForce, refused }, nowMs))
  t.match(text, /The configuration on the disk is refused<\/strong>, first <time [^>]*>2 min ago<\/time>/)
  t.match(text, /What was read before it, <time [^>]*>10 min ago<\/time>, stays in force/)
  t.match(text, '<code>config.yaml:3:5: &lt;x&gt;</code>')
  t.match(text, '<code>second</code>')
  t.match(
    String(renderRefused({ ...inForce, refused: [{ ...refused[0], part: 'certificate' }] }, nowMs)),
    'The TLS files on the disk are refused',
  )
})

t.test('what waits for a restart is named', async t => {
  const text = String(renderRefused({ ...inForce, restartRequired: ['listen', 'workers'] }, nowMs))
  t.match(text, 'A restart is needed for: <code>listen, workers</code>')
  t.notMatch(text, 'refused')
})
