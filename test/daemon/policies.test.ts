import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Configuration } from '../../src/config/configuration.ts'
import { createPolicies, type RuleEvents } from '../../src/daemon/policies.ts'
import { createUpstream } from '../../src/daemon/upstream/upstream.ts'
import { parseText } from '../fixtures/parsed-text.ts'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'

const silent: RuleEvents = { onFetch() {}, onChange() {}, onDisabled() {}, onUnusable() {} }
const xml =
  '<CORSConfiguration><CORSRule><AllowedOrigin>https://a.example</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>'

function configure(text: string): Configuration {
  const { configuration } = parseText(text)
  if (configuration === undefined) throw new Error('the configuration has faults')
  return configuration
}

t.test('rules that were fetched go on into the next configuration', async t => {
  const endpoint = await startRecordingUpstream(t, {
    answer: () => `HTTP/1.1 200 OK\r\nContent-Length: ${xml.length}\r\n\r\n${xml}`,
  })
  const text = `upstream: { url: "${endpoint.url}", credentials: none }\nbuckets: { media: { from: upstream } }\n`
  const configuration = configure(text)
  const upstream = createUpstream(configuration, {}, {})
  t.teardown(() => upstream.close())
  const results: string[] = []
  const first = createPolicies(configuration, upstream, undefined, {
    ...silent,
    onFetch: ({ bucket, result }) => results.push(`${bucket} ${result}`),
  })
  t.equal((await first.lookup.load('media')).state.kind, 'rules')
  t.strictSame(results, ['media rules'])
  t.equal(first.managed, undefined)
  first.lookup.stop()

  const second = createPolicies(configuration, upstream, first.cached(), silent)
  t.teardown(() => second.lookup.stop())
  t.equal(second.lookup.peek('media')?.state.kind, 'rules', 'known at once')
  t.equal(endpoint.requests.length, 1)
})

t.test('managed rules in a directory have no guard, those in a bucket do', async t => {
  const endpoint = await startRecordingUpstream(t)
  const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-rules-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const common = `upstream: { url: "${endpoint.url}" }\nbuckets: { media: { from: managed } }\n`
  const inDirectory = configure(`${common}managed: { store: { directory: "${folder}" } }\n`)
  const inBucket = configure(`${common}managed: { store: { bucket: proxy-rules } }\n`)
  for (const [configuration, guarded] of [
    [inDirectory, false],
    [inBucket, true],
  ] as const) {
    const upstream = createUpstream(configuration, {}, {})
    const policies = createPolicies(configuration, upstream, undefined, silent)
    t.equal(policies.managed?.storeGuard !== undefined, guarded)
    policies.lookup.stop()
    upstream.close()
  }
  t.strictSame(readdirSync(folder), [], 'nothing is written before a rule is')
})
