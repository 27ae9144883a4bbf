import t, { type Test } from 'tap'
import { checkEndpoint, hasFault } from '../../../src/cli/connect/check-endpoint.ts'
import { loadConfiguration } from '../../../src/config/loading/load-configuration.ts'
import { until } from '../../fixtures/patience.ts'
import { errorAnswer, httpAnswer, type SeenRequest, startScriptedEndpoint } from '../../fixtures/scripted-endpoint.ts'

const keys = { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' }
const buckets = ['One', 'media', 'other', 'uploads'].map(name => `<Bucket><Name>${name}</Name></Bucket>`).join('')
const list = httpAnswer(200, `<ListAllMyBucketsResult><Buckets>${buckets}</Buckets></ListAllMyBucketsResult>`)

/** As MinIO answers, with whatever Host. */
function minio({ method, target, header }: SeenRequest): string {
  if (header('authorization') === undefined) return errorAnswer(403, 'AccessDenied')
  if (target === '/') return list
  if (method === 'HEAD') return 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'
  if (target.endsWith('?location')) return httpAnswer(200, '<LocationConstraint/>')
  if (method === 'GET') return errorAnswer(404, 'NoSuchCORSConfiguration')
  return errorAnswer(501, 'NotImplemented')
}

async function check(t: Test, yaml: string, environment = keys as Readonly<Record<string, string>>) {
  const server = await startScriptedEndpoint([(request, socket) => socket.write(minio(request))])
  t.teardown(() => server.close())
  const file = `${t.testdir({ 'a.yaml': `upstream: { url: "http://127.0.0.1:${server.port}" }\n${yaml}` })}/a.yaml`
  const { parsed } = await loadConfiguration({ file, environment: {}, flags: {} })
  if (parsed.configuration === undefined) throw new Error('no configuration')
  const findings = await checkEndpoint(parsed.configuration, {}, environment)
  return { findings: findings.map(({ severity, about }) => `${severity}: ${about}`), server }
}

const host = ['ok', 'ok', 'note', 'ok', 'ok'].map(severity => `${severity}: upstream.host`)

t.test('everything is asked, in the order in which one thing rests on another', async t => {
  const yaml =
    'hosts: [files.example]\nbuckets: { media: { from: upstream }, uploads: { from: managed }, "*": { from: none } }\n'
  const { findings, server } = await check(t, yaml)
  t.strictSame(findings, [
    'ok: upstream.url',
    'ok: upstream.url',
    'ok: upstream.credentials',
    // It takes every signature.
    'warning: upstream',
    ...host,
    'ok: hosts',
    'warning: buckets.media',
    // It answers GET ?cors to the spoiled signature too: no PUT is tried.
    'fault: buckets.uploads',
  ])
  const puts = server.seen.filter(({ method }) => method !== 'GET' && method !== 'HEAD')
  t.strictSame(
    puts.map(({ method, target }) => [method, target]),
    [],
    'nothing is written',
  )
  // The server sees an end a moment after the client made it.
  await until(() => server.open() === 0, 'no connection stays')
})

t.test('under "*" one bucket that has no entry stands for all in managed', async t => {
  const { findings } = await check(t, 'buckets: { media: { from: none }, "*": { from: managed } }\n')
  t.strictSame(findings.slice(9), ['fault: buckets.other'])
})

t.test('with rules in YAML alone, nothing is written, and keys are no need', async t => {
  const { findings, server } = await check(t, 'buckets: { media: { from: none } }\n', {})
  t.strictSame(findings.slice(2, 5), ['ok: upstream.credentials', 'warning: upstream', 'ok: upstream.host'])
  t.equal(
    findings.some(finding => finding.startsWith('fault')),
    false,
  )
  t.ok(server.seen.every(({ method }) => method === 'GET'))
})

t.test('an endpoint that takes connections and says nothing ends the questions', async t => {
  const server = await startScriptedEndpoint(['SSH-2.0-OpenSSH_9.2\r\n\r\n'])
  t.teardown(() => server.close())
  const flags = { 'upstream-url': `http://127.0.0.1:${server.port}` }
  const { configuration } = (await loadConfiguration({ environment: {}, flags })).parsed
  if (configuration === undefined) throw new Error('no configuration')
  const findings = await checkEndpoint(configuration, {}, keys)
  t.match(findings, [{ severity: 'ok' }, { severity: 'fault', what: /^no answer: / }])
  t.equal(findings.length, 2)
  t.equal(hasFault(findings), true)
  t.equal(hasFault(findings.slice(0, 1)), false)
})

t.test('an endpoint that cannot be reached is all there is to say', async t => {
  const server = await startScriptedEndpoint([''])
  await server.close()
  const flags = { 'upstream-url': `http://127.0.0.1:${server.port}` }
  const { configuration } = (await loadConfiguration({ environment: {}, flags })).parsed
  if (configuration === undefined) throw new Error('no configuration')
  t.match(await checkEndpoint(configuration, {}, keys), [{ severity: 'fault', what: /ECONNREFUSED/ }])
})
