import t from 'tap'
import { checkManaged } from '../../../../src/cli/connect/buckets/managed-safety.ts'
import { missingIn } from '../../../../src/cli/connect/buckets/missing-buckets.ts'
import type { TransportAnswer } from '../../../../src/s3/endpoint/endpoint-transport.ts'
import type { S3Call } from '../../../../src/s3/endpoint/s3-call.ts'
import { errorOf } from '../../../fixtures/fake-bucket.ts'
import { documentOf } from '../../../fixtures/wished-endpoint.ts'

const endpointUrl = 'http://minio:9000'
const missing = missingIn([], [], endpointUrl)

function minio(call: S3Call): TransportAnswer {
  if (call.spoilSignature) return errorOf(403, 'SignatureDoesNotMatch')
  if (call.method === 'GET') return errorOf(404, call.key === undefined ? 'NoSuchCORSConfiguration' : 'NoSuchKey')
  return call.method === 'HEAD' ? documentOf(200, '') : errorOf(501, 'NotImplemented')
}

const cases: readonly {
  name: string
  answer: (call: S3Call) => TransportAnswer
  severity: string
  what: RegExp
  todo?: RegExp
  about?: string
}[] = [
  { name: 'MinIO', answer: minio, severity: 'ok', what: /^managed is safe: / },
  {
    name: 'an endpoint that verifies nothing',
    answer: call => (call.method === 'HEAD' ? documentOf(200, '') : errorOf(501, 'NotImplemented')),
    severity: 'fault',
    about: 'buckets',
    what: /^this endpoint keeps no rules, and managed is not safe with it: GET \?cors with a wrong signature: 501 /,
    todo: /^CORSRules or CORSFile/,
  },
  {
    name: 'an endpoint that lists the bucket for GET ?cors',
    answer: call => (call.method === 'GET' ? documentOf(200, '<ListBucketResult/>') : minio(call)),
    severity: 'fault',
    about: 'buckets',
    what: /^this endpoint keeps no rules, and managed is not safe with it: GET \?cors: 200, where only/,
    todo: /^CORSRules or CORSFile instead of from: managed$/,
  },
  {
    name: 'an endpoint with rules of its own',
    answer: call => (call.method === 'PUT' ? errorOf(400, 'MalformedXML') : minio(call)),
    severity: 'fault',
    what: /^managed is not safe with this endpoint: PUT \?cors: 400 MalformedXML/,
    todo: /^from: upstream/,
  },
  {
    name: 'no bucket',
    answer: call => (call.method === 'HEAD' ? documentOf(404, '') : errorOf(404, 'NoSuchBucket')),
    severity: 'fault',
    what: /^the endpoint has no bucket of this name: its \?cors requests get 404/,
  },
  {
    name: 'keys that may not see the bucket',
    answer: call => (call.method === 'HEAD' ? documentOf(404, '') : errorOf(403, 'AccessDenied')),
    severity: 'fault',
    what: /^its \?cors requests get 503: the proxy's own key is not allowed s3:ListBucket on media: 403 AccessDenied$/,
    todo: /^keys that are allowed s3:ListBucket, s3:PutBucketCORS and s3:GetBucketCORS/,
  },
  {
    name: 'keys that may not put rules',
    answer: call => (call.method === 'PUT' ? errorOf(403, 'AccessDenied') : minio(call)),
    severity: 'fault',
    what: /the proxy's own key is not allowed s3:PutBucketCORS on media/,
    todo: /^keys that are allowed/,
  },
  {
    name: 'keys that are refused',
    answer: call => (call.method === 'HEAD' ? documentOf(403, '') : errorOf(403, 'InvalidAccessKeyId')),
    severity: 'fault',
    what: /is not known, so its \?cors requests get 503: the endpoint refuses the proxy's own key: 403 InvalidAccessKeyId$/,
    todo: /keys that it knows/,
  },
]
for (const { name, answer, severity, what, todo = /^/, about = 'buckets.media' } of cases) {
  t.test(`${name}: ${severity}`, async t => {
    const findings = await checkManaged(async call => answer(call), ['media'], undefined, missing, endpointUrl)
    t.match(findings, [{ severity, about, what }])
    t.match(findings[0]?.todo ?? '', todo)
  })
}

const stores: readonly { name: string; answer?: (call: S3Call) => TransportAnswer; what: RegExp; todo?: RegExp }[] = [
  { name: 'is there', what: /^private is there$/ },
  {
    name: 'is not there',
    answer: call => (call.method === 'HEAD' ? documentOf(404, '') : errorOf(404, 'NoSuchBucket')),
    what: /^the endpoint has no bucket private: preflights of managed buckets and \?cors requests get 503$/,
    todo: /^create it, private \(aws s3api create-bucket --endpoint-url http:\/\/minio:9000 --bucket private\)/,
  },
  {
    name: 'may not be seen',
    answer: call => (call.method === 'HEAD' ? documentOf(403, '') : errorOf(403, 'AccessDenied')),
    what: /^private: the proxy's own key is not allowed s3:ListBucket on private: 403 AccessDenied$/,
    todo: /^keys that are allowed s3:ListBucket, and s3:GetObject/,
  },
  {
    name: 'may not be read',
    answer: call => (call.method === 'HEAD' ? documentOf(200, '') : errorOf(403, 'AccessDenied')),
    what: /^private: the proxy's own key is not allowed s3:GetObject on private\/rules\/\*, or not s3:ListBucket: 403 AccessDenied$/,
    todo: /^keys/,
  },
  {
    name: 'does not answer as a store would',
    answer: call => (call.method === 'HEAD' ? documentOf(200, '') : documentOf(500, '')),
    what: /^private: GET of a document that is not there: 500$/,
    todo: /^keys/,
  },
]
for (const { name, answer = minio, what, todo } of stores) {
  t.test(`a store that is a bucket and ${name}: ${todo === undefined ? 'ok' : 'fault'}`, async t => {
    const managed = { store: { bucket: 'private', prefix: 'rules/' } }
    const findings = await checkManaged(
      async call => (call.bucket === 'private' ? answer(call) : minio(call)),
      ['media'],
      managed,
      missing,
      endpointUrl,
    )
    const severity = todo === undefined ? 'ok' : 'fault'
    t.match(findings, [{ severity: 'ok' }, { severity, about: 'managed.store.bucket', what }])
    if (todo !== undefined) t.match(findings[1]?.todo, todo)
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
    missing,
    endpointUrl,
  )
  t.strictSame([findings, asked], [[], []])
})
