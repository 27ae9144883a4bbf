import t from 'tap'
import { keepRunning, restartRequired } from '../../../src/config/loading/restart-required.ts'
import { parseText, upstreamLine } from '../../fixtures/parsed-text.ts'

const read = (text: string) => {
  const { configuration } = parseText(upstreamLine + text)
  if (configuration === undefined) throw new Error('the case has faults')
  return configuration
}
const tls = (name: string) => `tls: { certFile: ${name}.crt, keyFile: ${name}.key }\n`

const cases: readonly { name: string; before: string; after: string; expected: readonly string[] }[] = [
  { name: 'nothing', before: '', after: '', expected: [] },
  { name: 'rules alone', before: '', after: 'vary: matched\nbuckets: { abc: { from: none } }\n', expected: [] },
  { name: 'the port of listen', before: '', after: 'listen: 0.0.0.0:81\n', expected: ['listen'] },
  { name: 'the host of admin', before: '', after: 'admin: 127.0.0.2:9464\n', expected: ['admin'] },
  { name: 'TLS turned on', before: '', after: tls('a'), expected: ['tls'] },
  { name: 'TLS turned off', before: tls('a'), after: '', expected: ['tls'] },
  { name: 'the class of responses', before: '', after: 'nodeResponses: true\n', expected: ['nodeResponses'] },
  { name: 'the certificate', before: tls('a'), after: tls('b'), expected: [] },
]
for (const { name, before, after, expected } of cases) {
  t.test(`${name} changed: ${expected.join() || 'no restart'}`, async t => {
    const [running, next] = [read(before), read(after)]
    t.strictSame(restartRequired(running, next), expected)
    const kept = keepRunning(running, next)
    t.strictSame(restartRequired(running, kept), [], 'what cannot change is kept')
    t.equal(kept.vary, next.vary, 'what can change has changed')
    if (expected.length === 0) t.strictSame(kept, { ...next, tls: next.tls })
  })
}

t.test('the number of workers needs a restart', async t => {
  t.strictSame(restartRequired(read(''), { ...read(''), workers: 2 }), ['workers'])
})
