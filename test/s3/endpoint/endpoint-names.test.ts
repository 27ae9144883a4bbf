import t from 'tap'
import { probeNames } from '../../../src/s3/endpoint/endpoint-names.ts'
import type {
  TransportAnswer,
  TransportFailure,
  TransportRequest,
} from '../../../src/s3/endpoint/endpoint-transport.ts'

type Answer = TransportAnswer | TransportFailure

function error(status: number, bucket: string | undefined, code = 'NoSuchBucket'): Answer {
  const name = bucket === undefined ? '' : `<BucketName>${bucket}</BucketName>`
  return { status, headers: [], body: Buffer.from(`<Error><Code>${code}</Code>${name}</Error>`) }
}
const hostOf = ({ headers }: TransportRequest) => headers[headers.indexOf('host') + 1] ?? ''
const inPath = ({ target }: TransportRequest) => target.split('/')[1] ?? ''

/** As MinIO with `MINIO_DOMAIN: s3.local`. */
const minio = (request: TransportRequest) => {
  const host = hostOf(request)
  return error(403, host.endsWith('.s3.local') ? host.slice(0, -'.s3.local'.length) : inPath(request), 'AccessDenied')
}
/** As RGW with `rgw_dns_name = s3.local`: a name that is none of its own is a bucket. */
const rgw = (request: TransportRequest) => {
  const host = hostOf(request)
  const path = host === 's3.local'
  const under = host.endsWith('.s3.local')
  return error(404, path ? inPath(request) : under ? host.slice(0, -'.s3.local'.length) : host)
}

async function probe(answer: (request: TransportRequest) => Answer, foreign = true) {
  const asked: TransportRequest[] = []
  const found = await probeNames(
    async request => {
      asked.push(request)
      return answer(request)
    },
    { bases: ['s3.local', 'minio'], hosts: ['files.example.com'], foreign, token: 'a token' },
  )
  return { asked, found: { ...found, bases: Object.fromEntries(found.bases), hosts: Object.fromEntries(found.hosts) } }
}

const files = 'files.example.com'
const cases: { name: string; answer: (request: TransportRequest) => Answer; found: object }[] = [
  {
    name: 'MinIO takes the bucket from the Host under its own domain alone',
    answer: minio,
    found: {
      bases: { 's3.local': 'virtual', minio: 'path' },
      hosts: { [files]: 'path' },
      foreign: 'path',
      isWhole: true,
    },
  },
  {
    name: 'RGW takes every other name for a bucket as well',
    answer: rgw,
    found: {
      bases: { 's3.local': 'virtual', minio: 'other' },
      hosts: { [files]: 'virtual' },
      foreign: 'virtual',
      isWhole: true,
    },
  },
  {
    name: 'MinIO takes what stands before the first of its domains that fits',
    answer: request => {
      const host = hostOf(request)
      return error(403, host.endsWith('.local') ? host.slice(0, -'.local'.length) : inPath(request), 'AccessDenied')
    },
    found: {
      bases: { 's3.local': 'other', minio: 'path' },
      hosts: { [files]: 'path' },
      foreign: 'path',
      isWhole: true,
    },
  },
  {
    name: 'a listed name may be a bucket under a base that the configuration does not know',
    answer: request => error(404, hostOf(request).split('.')[0]),
    found: {
      bases: { 's3.local': 'virtual', minio: 'virtual' },
      hosts: { [files]: 'other' },
      foreign: 'virtual',
      isWhole: true,
    },
  },
  {
    name: 'an endpoint that looks at no Host',
    answer: request => error(404, inPath(request)),
    found: {
      bases: { 's3.local': 'path', minio: 'path' },
      hosts: { [files]: 'path' },
      foreign: 'path',
      isWhole: true,
    },
  },
  {
    name: "an endpoint's error that names no bucket says nothing of names that are listed",
    answer: () => error(403, undefined),
    found: { bases: {}, hosts: {}, foreign: 'silent', isWhole: true },
  },
  {
    name: 'a page of something in front of the endpoint says nothing at all',
    answer: () => ({ status: 403, headers: [], body: Buffer.from('<html><body>Forbidden</body></html>') }),
    found: { bases: {}, hosts: {}, foreign: undefined, isWhole: true },
  },
  {
    name: 'an endpoint that starts is asked again',
    answer: request => error(503, inPath(request), 'ServiceUnavailable'),
    found: { bases: {}, hosts: {}, foreign: undefined, isWhole: false },
  },
  {
    name: 'neither does one that names another bucket',
    answer: () => error(404, 'another'),
    found: { bases: {}, hosts: {}, foreign: undefined, isWhole: true },
  },
  {
    name: 'nor an object that looks like an error',
    answer: request => error(200, hostOf(request).split('.')[0]),
    found: { bases: {}, hosts: {}, foreign: undefined, isWhole: true },
  },
  {
    name: 'without an answer the rest is not asked',
    answer: () => ({ kind: 'failure', reason: 'timeout', detail: 'too late' }),
    found: { bases: {}, hosts: {}, foreign: undefined, isWhole: false },
  },
]
for (const { name, answer, found } of cases) {
  t.test(name, async t => t.strictSame((await probe(answer)).found, found))
}

t.test('another label is asked about where that is wanted', async t => {
  const { asked, found } = await probe(minio, false)
  t.equal(asked.length, 3)
  t.match(found, { foreign: undefined, isWhole: true })
})

t.test('the questions are anonymous, change nothing, and name buckets that do not exist', async t => {
  const { asked } = await probe(minio)
  t.equal(asked.length, 4)
  for (const { method, target, headers, body } of asked) {
    t.equal(method, 'GET')
    t.match(target, /^\/s3-cors-proxy-path-[0-9a-f]{16}\/name$/)
    t.equal(headers.includes('authorization'), false)
    t.equal(body, undefined)
  }
  t.match(asked.map(hostOf), [
    /^s3-cors-proxy-host-[0-9a-f]{16}\.s3\.local$/,
    /^s3-cors-proxy-host-[0-9a-f]{16}\.minio$/,
    /^files\.example\.com$/,
    /^s3-cors-proxy-label-[0-9a-f]{16}$/,
  ])
})

t.test('an endpoint that goes away between two questions', async t => {
  for (const answers of [1, 2, 3]) {
    let left = answers
    const { found } = await probe(request =>
      left-- > 0 ? minio(request) : { kind: 'failure', reason: 'network', detail: 'gone' },
    )
    t.match(found, { bases: { 's3.local': 'virtual' }, foreign: undefined, isWhole: false })
  }
})
