import t from 'tap'
import { checkManaged } from '../../../src/cli/connect/managed-safety.ts'
import type { TransportAnswer } from '../../../src/s3/endpoint-transport.ts'
import type { S3Call } from '../../../src/s3/s3-call.ts'
import { errorOf } from '../../fixtures/fake-bucket.ts'
import { documentOf } from '../../fixtures/wished-endpoint.ts'

const minio = (call: S3Call): TransportAnswer =>
  call.method === 'HEAD'
    ? documentOf(200, '')
    : call.spoilSignature
      ? errorOf(403, 'SignatureDoesNotMatch')
      : errorOf(501, 'NotImplemented')

const cases: readonly {
  name: string
  answer: (call: S3Call) => TransportAnswer
  severity: string
  what: RegExp
  todo?: RegExp
}[] = [
  { name: 'MinIO', answer: minio, severity: 'ok', what: /^managed is safe: / },
  {
    name: 'an endpoint that verifies nothing',
    answer: call => (call.method === 'HEAD' ? documentOf(200, '') : errorOf(501, 'NotImplemented')),
    severity: 'fault',
    what: /^managed is not safe with this endpoint: PUT \?cors with a wrong signature: 501 /,
    todo: /CORSRules/,
  },
  {
    name: 'an endpoint with rules of its own',
    answer: call => (call.method === 'HEAD' ? documentOf(200, '') : errorOf(400, 'MalformedXML')),
    severity: 'fault',
    what: /^managed is not safe with this endpoint: PUT \?cors: 400 MalformedXML/,
    todo: /^from: upstream/,
  },
  { name: 'no bucket', answer: () => documentOf(404, ''), severity: 'fault', what: /^the endpoint has no such bucket/ },
  {
    name: 'keys that are refused',
    answer: () => documentOf(403, ''),
    severity: 'fault',
    what: /is not known, so its \?cors requests get 503: HEAD of the bucket: 403$/,
    todo: /^keys/,
  },
]
for (const { name, answer, severity, what, todo = /^/ } of cases) {
  t.test(`${name}: ${severity}`, async t => {
    const findings = await checkManaged(async call => answer(call), ['media'], undefined)
    t.match(findings, [{ severity, about: 'buckets.media', what }])
    t.match(findings[0]?.todo ?? '', todo)
  })
}

const stores: readonly { status: number; severity: string; todo: RegExp }[] = [
  { status: 200, severity: 'ok', todo: /^$/ },
  { status: 404, severity: 'fault', todo: /^create it/ },
  { status: 403, severity: 'fault', todo: /^keys/ },
]
for (const { status, severity, todo } of stores) {
  t.test(`a store that is a bucket and answers ${status}: ${severity}`, async t => {
    const managed = { store: { bucket: 'private' } }
    const findings = await checkManaged(
      async call => (call.bucket === 'private' ? documentOf(status, '') : minio(call)),
      ['media'],
      managed,
    )
    t.match(findings, [{ severity: 'ok' }, { severity, about: 'managed.store.bucket', what: /^private/ }])
    t.match(findings[1]?.todo ?? '', todo)
  })
}

t.test('a store that is a directory is not asked for at the endpoint', async t => {
  const managed = { store: { directory: './rules' } }
  const asked: S3Call[] = []
  const findings = await checkManaged(
    async call => {
      asked.push(call)
      return documentOf(200, '')
    },
    [],
    managed,
  )
  t.strictSame([findings, asked], [[], []])
})
