import t from 'tap'
import type { Configuration } from '../../../src/config/configuration.ts'
import { createUpstream, upstreamIdentity } from '../../../src/daemon/upstream/upstream.ts'
import { parseText } from '../../fixtures/parsed-text.ts'

function configure(text: string): Configuration {
  const { configuration } = parseText(text)
  if (configuration === undefined) throw new Error('the configuration has faults')
  return configuration
}

const base = configure('upstream: { url: "https://s3.example" }\n')
const files = { ca: Buffer.from('a') }

t.test('the same settings and files reach the same upstream', async t => {
  const again = configure('upstream: { url: "https://s3.example" }\nvary: matched\n')
  t.equal(upstreamIdentity(again, { ca: Buffer.from('a') }), upstreamIdentity(base, files))
})

const others = [
  { name: 'another endpoint', text: 'upstream: { url: "https://s4.example" }\n', files },
  { name: 'another limit', text: 'upstream: { url: "https://s3.example", connections: 7 }\n', files },
  { name: 'another region', text: 'upstream: { url: "https://s3.example", region: gra }\n', files },
  { name: 'another deadline', text: 'upstream: { url: "https://s3.example" }\nrules: { timeoutSeconds: 1 }\n', files },
  { name: 'renewed authorities', text: 'upstream: { url: "https://s3.example" }\n', files: { ca: Buffer.from('b') } },
]
for (const other of others) {
  t.test(`${other.name} makes it another upstream`, async t => {
    t.not(upstreamIdentity(configure(other.text), other.files), upstreamIdentity(base, files))
  })
}

t.test('an upstream connects to nothing until it is used, and can be closed at once', async t => {
  const upstream = createUpstream(base, {}, {})
  t.strictSame(upstream.pool.size, { connections: 0, idle: 0, queued: 0 })
  t.equal(upstream.identity, upstreamIdentity(base, {}))
  t.equal(upstream.transport.authority, 's3.example')
  upstream.close()
})
