// What S3 sends and gets passes unchanged.

import t from 'tap'
import { readResponse } from '../fixtures/client-responses.ts'
import { type PassedAnswer, passedAnswers } from '../fixtures/passed-answers.ts'
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

t.test('requests and responses pass as they are', async t => {
  const byTarget = new Map<string, PassedAnswer>()
  const upstream = await startRecordingUpstream(t, {
    answer: goodOr(({ target }) => {
      const { status, fields, body = '' } = byTarget.get(target) as PassedAnswer
      return `HTTP/1.1 ${status}\r\n${fields.map(line => `${line}\r\n`).join('')}\r\n${body}`
    }),
  })
  const proxy = await startTestProxy(t, upstream.url, { vary: 'matched' })
  for (const [index, row] of passedAnswers.entries()) {
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
