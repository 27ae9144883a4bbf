// Every hostile request through the real process, in front of an endpoint whose own strict parser records what arrives: what
// is refused executes nothing, and nothing behind it is executed.

import t from 'tap'
import { type ClientResponse, readResponses } from '../fixtures/client-responses.ts'
import { type HostileRequest, hostileRequests } from '../fixtures/hostile-requests.ts'
import { lenientRequests } from '../fixtures/lenient-requests.ts'
import { type ProxyProcess, startProxy } from '../fixtures/proxy-process.ts'
import { openRaw } from '../fixtures/raw-client.ts'
import { type RecordingUpstream, startRecordingUpstream } from '../fixtures/recording-upstream.ts'

t.setTimeout(120_000)

const canary = 'GET /b/canary HTTP/1.1\r\nHost: s3.test\r\n\r\n'

/** What is wrong with the answer to a hostile request; empty when nothing is. */
async function faultsOf(request: HostileRequest, proxy: ProxyProcess, upstream: RecordingUpstream): Promise<string[]> {
  const before = upstream.requests.length
  const client = await openRaw(proxy.port)
  await client.write(request.bytes + canary)
  const silent = await client
    .until(({ ended }) => ended !== undefined, 5000)
    .then(
      () => false,
      () => true,
    )
  client.destroy()
  const faults: string[] = []
  if (silent) faults.push('the connection stays open')
  let responses: readonly ClientResponse[] = []
  try {
    responses = readResponses(client.text)
  } catch (error) {
    faults.push(`${error}`)
  }
  const [answer] = responses
  if (responses.length !== 1) faults.push(`${responses.length} answers`)
  if (answer !== undefined && answer.status !== request.statuses[0]) faults.push(`status ${answer.status}`)
  if (answer?.values('connection')[0] !== 'close') faults.push('the answer does not say close')
  // A chunk can be bad after its request has begun to go up: then it must arrive as aborted.
  for (const { complete, target } of upstream.requests.slice(before)) {
    if (complete || target !== '/b/k') faults.push(`${target} was executed`)
  }
  return faults
}

t.test('what breaks a rule of RFC 9112 is refused, and nothing behind it is executed', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startProxy(`upstream: { url: "${upstream.url}", credentials: none }`)
  t.teardown(() => proxy.stop('SIGKILL'))
  let refused = 0
  const names = new Set(hostileRequests.map(({ name }) => name))
  t.equal(names.size, hostileRequests.length, 'each has a name of its own')
  for (const request of hostileRequests) {
    const faults = await faultsOf(request, proxy, upstream)
    if (faults.length === 0) refused++
    t.strictSame(faults, [], `${request.name} (${request.rule})`)
  }
  t.comment(`${refused} of ${hostileRequests.length} hostile requests are refused`)
  t.strictSame(upstream.faults, [], 'nothing that arrived could be read in two ways')
  const client = await openRaw(proxy.port)
  await client.write(canary)
  await client.until(({ text }) => text.endsWith('ok'))
  t.equal(upstream.requests.at(-1)?.target, '/b/canary', 'a good request is served')
  client.destroy()
})

t.test('what it leaves us free to take arrives in one strict form', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startProxy(`upstream: { url: "${upstream.url}", credentials: none }`)
  t.teardown(() => proxy.stop('SIGKILL'))
  for (const { name, bytes, method, body, why } of lenientRequests) {
    const before = upstream.requests.length
    const client = await openRaw(proxy.port)
    await client.write(bytes + canary)
    await client.until(({ text, ended }) => ended !== undefined || readResponses(text, method).length === 2)
    client.destroy()
    t.strictSame(
      upstream.requests.slice(before).map(request => [request.method, request.target, request.body.toString('latin1')]),
      [
        [method, '/b/k', body],
        ['GET', '/b/canary', ''],
      ],
      `${name}: ${why}`,
    )
    t.match(upstream.requests[before]?.head, new RegExp(`^${method} /b/k HTTP/1\\.1\\r\\n`))
  }
  t.strictSame(upstream.faults, [])
})
