import { createHash, createHmac } from 'node:crypto'
import t, { type Test } from 'tap'
import type { CredentialProvider } from '../../../src/s3/endpoint/credentials.ts'
import { createTransport } from '../../../src/s3/endpoint/endpoint-transport.ts'
import { createS3Caller } from '../../../src/s3/endpoint/s3-call.ts'
import { httpAnswer, type Script, type SeenRequest, startScriptedEndpoint } from '../../fixtures/scripted-endpoint.ts'

const canary = { accessKeyId: 'AKIACANARY', secretAccessKey: 'canary-secret', sessionToken: 'canary/token+==' }
const at = Date.UTC(2026, 10, 23, 12, 30, 45)

async function setUp(
  t: Test,
  scripts: readonly Script[],
  options: { credentials?: CredentialProvider; addressing?: 'path' | 'virtual'; hostname?: string } = {},
) {
  const endpoint = await startScriptedEndpoint(scripts)
  const transport = createTransport({
    url: { protocol: 'http:', hostname: options.hostname ?? '127.0.0.1', port: endpoint.port },
    timeoutMs: 2000,
  })
  t.teardown(async () => {
    await transport.close()
    await endpoint.close()
  })
  const call = createS3Caller({
    transport,
    protocol: 'http:',
    region: 'gra',
    addressing: options.addressing ?? 'path',
    credentials: options.credentials ?? (async () => canary),
    now: () => at,
  })
  return { endpoint, call }
}

/** The signature as SigV4 defines it, worked out from what was sent ("Create a signed AWS API request"). */
function expectedSignature(request: SeenRequest, secret: string): string {
  const authorization = request.header('authorization') ?? ''
  const signed = /SignedHeaders=([^,]+)/.exec(authorization)?.[1] ?? ''
  const scope = /Credential=[^/]+\/([^,]+)/.exec(authorization)?.[1] ?? ''
  const [path = '', query = ''] = request.target.split('?')
  const canonicalQuery =
    query === ''
      ? ''
      : query
          .split('&')
          .map(pair => (pair.includes('=') ? pair : `${pair}=`))
          .sort()
          .join('&')
  const fields = signed
    .split(';')
    .map(name => `${name}:${request.header(name)}\n`)
    .join('')
  const canonical = [request.method, path, canonicalQuery, fields, signed, request.header('x-amz-content-sha256')].join(
    '\n',
  )
  const text = [
    'AWS4-HMAC-SHA256',
    request.header('x-amz-date'),
    scope,
    createHash('sha256').update(canonical).digest('hex'),
  ].join('\n')
  let key: Buffer | string = `AWS4${secret}`
  for (const part of scope.split('/')) key = createHmac('sha256', key).update(part).digest()
  return createHmac('sha256', key).update(text).digest('hex')
}

const signed: readonly { name: string; call: Parameters<ReturnType<typeof createS3Caller>>[0]; target: string }[] = [
  {
    name: 'GetBucketCors',
    call: { method: 'GET', bucket: 'media', query: 'cors', maxBodyBytes: 99 },
    target: '/media?cors',
  },
  { name: 'ListBuckets', call: { method: 'GET', maxBodyBytes: 99 }, target: '/' },
  {
    name: 'a further page',
    call: { method: 'GET', query: 'continuation-token=a%2Fb%3D', maxBodyBytes: 99 },
    target: '/?continuation-token=a%2Fb%3D',
  },
  {
    name: 'an object',
    call: { method: 'GET', bucket: 'store', key: 'cors/my media.xml', maxBodyBytes: 99 },
    target: '/store/cors/my%20media.xml',
  },
  {
    name: 'a conditional write',
    call: {
      method: 'PUT',
      bucket: 'store',
      key: 'cors/media.xml',
      headers: { 'if-none-match': '*' },
      body: Buffer.from('<x/>'),
      maxBodyBytes: 99,
    },
    target: '/store/cors/media.xml',
  },
]
for (const { name, call, target } of signed) {
  t.test(`${name} is signed as SigV4 says`, async t => {
    const { endpoint, call: send } = await setUp(t, [httpAnswer(200, 'x')])
    t.match(await send(call), { status: 200 })
    const [request] = endpoint.seen
    if (request === undefined) throw new Error('nothing was sent')
    t.equal(request.target, target)
    t.match(
      request.header('authorization'),
      /^AWS4-HMAC-SHA256 Credential=AKIACANARY\/20261123\/gra\/s3\/aws4_request, SignedHeaders=/,
    )
    t.match(
      request.header('authorization'),
      new RegExp(`Signature=${expectedSignature(request, canary.secretAccessKey)}$`),
    )
    t.equal(
      request.header('x-amz-content-sha256'),
      createHash('sha256')
        .update(call.body ?? '')
        .digest('hex'),
    )
    t.equal(request.header('x-amz-security-token'), canary.sessionToken)
    t.equal(request.header('x-amz-date'), '20261123T123045Z')
    t.equal(request.header('host'), `127.0.0.1:${endpoint.port}`)
    t.equal(request.header('accept-encoding'), 'identity')
  })
}

t.test('virtual addressing names the bucket in Host, and signs that', async t => {
  const { endpoint, call } = await setUp(t, [httpAnswer(200, 'x')], { addressing: 'virtual', hostname: 'localhost' })
  await call({ method: 'GET', bucket: 'media', query: 'cors', maxBodyBytes: 99 })
  const [request] = endpoint.seen
  if (request === undefined) throw new Error('nothing was sent')
  t.equal(request.target, '/?cors')
  t.equal(request.header('host'), `media.localhost:${endpoint.port}`)
  t.match(
    request.header('authorization'),
    new RegExp(`Signature=${expectedSignature(request, canary.secretAccessKey)}$`),
  )
})

t.test('without credentials a call is anonymous', async t => {
  const { endpoint, call } = await setUp(t, [httpAnswer(200, 'x')], { credentials: async () => undefined })
  await call({ method: 'GET', bucket: 'media', query: 'cors', maxBodyBytes: 99 })
  t.notMatch(endpoint.seen[0]?.head, /authorization|x-amz-/i)
})

t.test('a spoiled signature is wrong in its last digit alone', async t => {
  const { endpoint, call } = await setUp(t, [httpAnswer(403, '')])
  await call({ method: 'PUT', bucket: 'media', query: 'cors', maxBodyBytes: 99, spoilSignature: true })
  const [request] = endpoint.seen
  if (request === undefined) throw new Error('nothing was sent')
  const right = expectedSignature(request, canary.secretAccessKey)
  const sent = /Signature=(\w+)$/.exec(request.header('authorization') ?? '')?.[1] ?? ''
  t.equal(sent.slice(0, -1), right.slice(0, -1))
  t.not(sent, right)
})

t.test('credentials are read at each call, so a rotation needs no restart', async t => {
  let accessKeyId = 'AKIAOLD'
  const { endpoint, call } = await setUp(t, [httpAnswer(200, 'x')], {
    credentials: async () => ({ accessKeyId, secretAccessKey: 's' }),
  })
  await call({ method: 'GET', maxBodyBytes: 99 })
  accessKeyId = 'AKIANEW'
  await call({ method: 'GET', maxBodyBytes: 99 })
  t.strictSame(
    endpoint.seen.map(request => /Credential=(\w+)/.exec(request.head)?.[1]),
    ['AKIAOLD', 'AKIANEW'],
  )
})

t.test('credentials do not follow a redirect to another host', async t => {
  const elsewhere = await startScriptedEndpoint([httpAnswer(200, 'x')])
  t.teardown(() => elsewhere.close())
  const { call } = await setUp(t, [httpAnswer(307, '', { Location: `http://127.0.0.1:${elsewhere.port}/media?cors` })])
  t.match(await call({ method: 'GET', bucket: 'media', query: 'cors', maxBodyBytes: 99 }), { status: 307 })
  t.equal(elsewhere.seen.length, 0)
})

t.test('credentials that cannot be read are a failure that says so, and nothing is sent', async t => {
  const { endpoint, call } = await setUp(t, [httpAnswer(200, 'x')], {
    credentials: () => Promise.reject(new Error('the file is gone')),
  })
  t.strictSame(await call({ method: 'GET', maxBodyBytes: 99 }), {
    kind: 'failure',
    reason: 'auth',
    detail: 'the file is gone',
  })
  t.equal(endpoint.seen.length, 0)
})

t.test('virtual addressing of an IP address is a failure', async t => {
  const { endpoint, call } = await setUp(t, [httpAnswer(200, 'x')], { addressing: 'virtual' })
  const answer = await call({ method: 'GET', bucket: 'media', query: 'cors', maxBodyBytes: 99 })
  t.match(answer, { kind: 'failure', reason: 'dns', detail: /cannot be a host name/ })
  t.equal(endpoint.seen.length, 0)
})
