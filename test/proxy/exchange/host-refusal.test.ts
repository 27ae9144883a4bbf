import t from 'tap'
import { findHostRefusal } from '../../../src/proxy/exchange/host-refusal.ts'
import { startRecordingUpstream } from '../../fixtures/recording-upstream.ts'
import { startTestProxy, webBucket } from '../../fixtures/test-proxy.ts'

const error = (code: string, rest = '') =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>no bucket</Message>${rest}</Error>`
const missing = (name: string) => error('NoSuchBucket', `<BucketName>${name}</BucketName>`)

const rewrite = 'set upstream.host: rewrite, or name this Host at the endpoint too (check --connect tells which)'
const asOnes = `the endpoint takes this Host for the bucket: ${rewrite}`
const cases: {
  name: string
  status?: number
  content: string
  host?: string
  bucket?: string | undefined
  isNamed?: boolean
  found: Record<string, string> | undefined
}[] = [
  {
    name: 'the whole Host was taken for the bucket',
    content: missing('files.example.com'),
    found: { sentHost: 'Files.example.com:8080', lookedFor: 'files.example.com', todo: asOnes },
  },
  {
    name: 'its first label was',
    content: missing('files'),
    found: { sentHost: 'Files.example.com:8080', lookedFor: 'files', todo: asOnes },
  },
  {
    name: 'the Host was taken for the bucket of a request that names none',
    content: missing('files.example.com'),
    bucket: undefined,
    isNamed: false,
    found: { sentHost: 'Files.example.com:8080', lookedFor: 'files.example.com', todo: asOnes },
  },
  {
    name: 'a bucket before it was taken as part of it',
    content: missing('web.files.example.com'),
    host: 'web.files.example.com',
    found: { sentHost: 'web.files.example.com', lookedFor: 'web.files.example.com', todo: asOnes },
  },
  {
    name: 'a configured bucket, of an endpoint that names none',
    content: error('NoSuchBucket'),
    found: {
      sentHost: 'Files.example.com:8080',
      bucket: 'web',
      todo: `if the endpoint has this bucket, it takes its own Host only: ${rewrite}`,
    },
  },
  {
    name: 'a misdirected request',
    status: 421,
    content: 'anything',
    found: {
      sentHost: 'Files.example.com:8080',
      todo: `the endpoint does not answer under this Host: ${rewrite}`,
    },
  },
  {
    name: 'the Host is no possible name of a bucket',
    status: 400,
    content: error('InvalidBucketName', '<BucketName>s3_x</BucketName>'),
    host: 's3_x:8080',
    found: { sentHost: 's3_x:8080', lookedFor: 's3_x', todo: asOnes },
  },
  {
    name: 'a bucket that is called like the Host is elsewhere',
    status: 301,
    content: error('PermanentRedirect', '<Endpoint>eu.example</Endpoint><Bucket>files.example.com</Bucket>'),
    found: { sentHost: 'Files.example.com:8080', lookedFor: 'files.example.com', todo: asOnes },
  },
  {
    name: 'a page in HTML stands for a configured bucket',
    content: '\n<!DOCTYPE HTML><html><title>404 Not Found</title>',
    found: {
      sentHost: 'Files.example.com:8080',
      bucket: 'web',
      todo: `S3 answers in XML, this is a page of a server that may choose by Host and not know this one: ${rewrite}`,
    },
  },
  { name: 'a page in HTML stands for another bucket', content: '<html>', isNamed: false, found: undefined },
  { name: 'a page in HTML says that something is forbidden', status: 403, content: '<html>', found: undefined },
  {
    name: 'the bucket itself is elsewhere',
    status: 301,
    content: error('PermanentRedirect', '<Bucket>web</Bucket>'),
    found: undefined,
  },
  { name: 'the bucket is elsewhere, unnamed', status: 307, content: error('TemporaryRedirect'), found: undefined },
  { name: 'a name of the request is invalid', status: 400, content: error('InvalidBucketName'), found: undefined },
  { name: 'a signature is wrong', status: 403, content: error('SignatureDoesNotMatch'), found: undefined },
  {
    name: 'an endpoint under its own name has no such bucket',
    content: error('NoSuchBucket'),
    host: '127.0.0.1:8080',
    found: undefined,
  },
  { name: 'an endpoint refuses its own name', status: 421, content: '', host: '127.0.0.1', found: undefined },
  { name: 'the bucket itself is missing', content: missing('web'), found: undefined },
  { name: 'another bucket is missing, such as the source of a copy', content: missing('source'), found: undefined },
  { name: 'a bucket that is not configured', content: error('NoSuchBucket'), isNamed: false, found: undefined },
  { name: 'no object of this key', content: error('NoSuchKey'), found: undefined },
  { name: 'no document', content: '', found: undefined },
  { name: 'an object that speaks of it', content: `${'x'.repeat(1100)}${missing('files')}`, found: undefined },
]
for (const { name, status = 404, content, host = 'Files.example.com:8080', isNamed = true, found, ...rest } of cases) {
  t.test(`${name}: ${found === undefined ? 'nothing to say' : 'what to set'}`, async t => {
    const bucket = 'bucket' in rest ? rest.bucket : 'web'
    t.strictSame(
      findHostRefusal(status, Buffer.from(content), { host, endpointName: '127.0.0.1', bucket, isNamed }),
      found,
    )
  })
}

t.test('an endpoint that takes its own Host only is told of; what it answers passes as it is', async t => {
  const upstream = await startRecordingUpstream(t, {
    answer: ({ fields }) => {
      const host = fields.find(([name]) => name.toLowerCase() === 'host')?.[1] ?? ''
      const isOwn = host.startsWith('127.0.0.1')
      const body = isOwn ? 'object' : missing(host)
      return `HTTP/1.1 ${isOwn ? 200 : 404} Answer\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    },
  })
  const get = (host: string) => `GET /web/key HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`
  for (const how of ['preserve', 'rewrite']) {
    const settings = { upstream: { host: how }, hosts: ['files.example.com'], buckets: webBucket }
    const proxy = await startTestProxy(t, upstream.url, settings)
    const text = await proxy.send(t, get('files.example.com'))
    t.equal(text.endsWith(missing('files.example.com')), how === 'preserve')
    t.match(
      proxy.warnings.filter(({ event }) => event === 'host_not_taken'),
      how === 'rewrite' ? [] : [{ detail: { sentHost: 'files.example.com', lookedFor: 'files.example.com' } }],
      how,
    )
  }
})
