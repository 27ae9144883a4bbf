// What S3 sends and gets passes unchanged.

import { gzipSync } from 'node:zlib'
import t from 'tap'
import { readResponse } from '../fixtures/client-responses.ts'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { fieldValues } from '../fixtures/request-reader.ts'
import { writeEndlessly } from '../fixtures/streams.ts'
import { goodOrigin, startTestProxy } from '../fixtures/test-proxy.ts'
import { upload } from '../fixtures/uploads.ts'
import { assertWell, goodOr } from '../fixtures/well-being.ts'

const closing = 'Connection: close\r\n'
const request = (method: string, fields = '', target = '/web/k') =>
  `${method} ${target} HTTP/1.1\r\nHost: a\r\nOrigin: ${goodOrigin}\r\n${fields}\r\n`

t.test('lengths beyond 2^32 are counted right, both ways', async t => {
  // The whole 5 GiB are for the long run; here it is their arithmetic.
  const length = 5_368_709_120
  const upstream = await startRecordingUpstream(t, {
    answer: goodOr(async (_request, connection) => {
      connection.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`)
      await writeEndlessly(connection)
      return undefined
    }),
    keepBytes: false,
  })
  const proxy = await startTestProxy(t, upstream.url)
  const reader = await proxy.open(t)
  await reader.write(request('GET'))
  await reader.until(({ receivedBytes }) => receivedBytes > 2_000_000)
  t.match(reader.text.slice(0, reader.text.indexOf('\r\n\r\n') + 2), `Content-Length: ${length}\r\n`)
  reader.reset()
  const writer = await proxy.open(t)
  await writer.write(request('PUT', `Content-Length: ${length}\r\n`, '/web/put'))
  t.equal(await upload(writer, 20_000_000), 20_000_000)
  await upstream.until(({ requests }) => requests.some(({ bodyBytes }) => bodyBytes === 20_000_000))
  const put = upstream.requests.find(({ target }) => target === '/web/put')
  t.strictSame(fieldValues(put ?? { fields: [] }, 'content-length'), [String(length)])
  writer.reset()
  await proxy.until(({ inFlight }) => inFlight === 0)
  t.equal(put?.complete, false)
  t.ok(proxy.records.every(({ clientAborted }) => clientAborted))
  await assertWell(t, proxy, upstream)
})

t.test('a request without content keeps what it said of it, and gets nothing added', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url)
  for (const method of ['GET', 'HEAD', 'PUT', 'POST', 'DELETE']) {
    for (const fields of ['', 'Content-Length: 0\r\n']) {
      t.equal(readResponse(await proxy.send(t, request(method, fields + closing)), method).status, 200)
      const sent = upstream.requests.at(-1)
      t.strictSame(
        fieldValues(sent ?? { fields: [] }, 'content-length'),
        fields === '' ? [] : ['0'],
        `${method} ${fields}`,
      )
      t.strictSame(fieldValues(sent ?? { fields: [] }, 'transfer-encoding'), [])
    }
  }
  await assertWell(t, proxy, upstream)
})

interface Passed {
  readonly name: string
  readonly method?: string
  readonly target?: string
  /** Lines of the request that must arrive. */
  readonly sent?: readonly string[]
  readonly status: string
  readonly fields: readonly string[]
  readonly body?: string
}

const xml =
  '<?xml version="1.0"?><ListBucketResult><EncodingType>url</EncodingType><Prefix>a%0A+b</Prefix></ListBucketResult>'
const gzip = gzipSync('compressed').toString('latin1')
const passed: Passed[] = [
  {
    name: 'a range',
    sent: ['Range: bytes=0-0'],
    status: '206 Partial Content',
    fields: ['Content-Range: bytes 0-0/2', 'Accept-Ranges: bytes', 'Content-Length: 1'],
    body: 'o',
  },
  {
    name: 'a suffix range',
    sent: ['Range: bytes=-1'],
    status: '206 Partial Content',
    fields: ['Content-Range: bytes 1-1/2', 'Content-Length: 1'],
    body: 'k',
  },
  {
    name: 'several ranges',
    sent: ['Range: bytes=0-0,1-1'],
    status: '206 Partial Content',
    fields: ['Content-Type: multipart/byteranges; boundary=b', 'Content-Length: 9'],
    body: '--b\r\n\r\no\r',
  },
  {
    name: 'a range that is none',
    sent: ['Range: bytes=9-'],
    status: '416 Requested Range Not Satisfiable',
    fields: ['Content-Range: bytes */2', 'Content-Length: 0'],
  },
  {
    name: 'a condition that holds nothing new',
    sent: ['If-None-Match: "e"', 'If-Modified-Since: Mon, 23 Nov 2026 00:00:00 GMT'],
    status: '304 Not Modified',
    fields: ['ETag: "e"'],
  },
  {
    name: 'a condition that fails',
    sent: ['If-Match: "x"', 'If-Unmodified-Since: Mon, 23 Nov 2026 00:00:00 GMT'],
    status: '412 Precondition Failed',
    fields: ['Content-Length: 3'],
    body: '<E>',
  },
  {
    name: 'compressed content, though it was not asked for',
    status: '200 OK',
    fields: ['Content-Encoding: gzip', `Content-Length: ${gzip.length}`],
    body: gzip,
  },
  {
    name: 'compressed content that is none',
    sent: ['Accept-Encoding: gzip, br'],
    status: '200 OK',
    fields: ['Content-Encoding: gzip', 'Content-Length: 3'],
    body: 'bad',
  },
  {
    name: 'a permanent redirect',
    status: '301 Moved Permanently',
    fields: ['Location: http://other.example/web/k', 'x-amz-bucket-region: eu-1', 'Content-Length: 0'],
  },
  {
    name: 'a temporary redirect',
    method: 'PUT',
    status: '307 Temporary Redirect',
    fields: ['Location: http://other.example/web/k?a=b', 'Content-Length: 0'],
  },
  {
    name: 'a list with names that no XML can hold',
    target: '/web?list-type=2&encoding-type=url&prefix=%0A&delimiter=%01&marker=%00',
    status: '200 OK',
    fields: ['Content-Type: application/xml', `Content-Length: ${xml.length}`],
    body: xml,
  },
  {
    name: 'fields of an object',
    status: '200 OK',
    fields: [
      'ETag: "d41d8cd98f00b204e9800998ecf8427e-2"',
      'x-amz-meta-name: \xe4\xf6\xfc \xe2\x82\xac',
      'Content-Disposition: attachment; filename="a \\"b\\".txt"; filename*=UTF-8\'\'%e2%82%ac',
      'Last-Modified: Mon, 23 Nov 2026 00:00:00 GMT',
      'Cache-Control: no-cache',
      'x-amz-version-id: null',
      'Set-Cookie: a=1',
      'Set-Cookie: b=2',
      'X-Empty: ',
      'Timing-Allow-Origin: *',
      'Cross-Origin-Resource-Policy: same-site',
      'Content-Length: 0',
    ],
  },
]

t.test('requests and responses pass as they are', async t => {
  const byTarget = new Map<string, Passed>()
  const upstream = await startRecordingUpstream(t, {
    answer: goodOr(({ target }) => {
      const { status, fields, body = '' } = byTarget.get(target) as Passed
      return `HTTP/1.1 ${status}\r\n${fields.map(line => `${line}\r\n`).join('')}\r\n${body}`
    }),
  })
  const proxy = await startTestProxy(t, upstream.url, { vary: 'matched' })
  for (const [index, row] of passed.entries()) {
    t.test(row.name, async t => {
      const { method = 'GET', target = `/web/${index}`, sent = [], status, fields, body = '' } = row
      byTarget.set(target, row)
      // Of another origin: what CORS adds is not the matter here.
      const asked = `${method} ${target} HTTP/1.1\r\nHost: a\r\n${sent.map(line => `${line}\r\n`).join('')}${closing}\r\n`
      const response = readResponse(await proxy.send(t, asked), method)
      t.equal(response.status, Number(status.slice(0, 3)))
      const added = ['date', 'connection']
      t.strictSame(
        response.fields
          .filter(([name]) => !added.includes(name.toLowerCase()))
          .map(([name, value]) => `${name}: ${value}`),
        fields,
      )
      t.equal(response.body, body)
      const arrived = upstream.requests.at(-1)
      t.equal(arrived?.target, target)
      t.strictSame(arrived?.head.split('\r\n').slice(2, -3), sent, 'nothing is added')
      const allowed = readResponse(await proxy.send(t, request(method, closing, target)), method)
      t.strictSame(allowed.values('access-control-allow-origin'), [goodOrigin], 'CORS on every status')
      t.equal(allowed.body, body)
      await assertWell(t, proxy, upstream)
    })
  }
})
