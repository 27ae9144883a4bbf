import t, { type Test } from 'tap'
import type { ManagedAnswer, ManagedRequest } from '../../../src/policies/managed/caller-permission.ts'
import { ungovernedCors } from '../../../src/proxy/exchange/relayed-fields.ts'
import { answerManaged } from '../../../src/proxy/handling/managed-operation.ts'
import { guardRequest, isRejection } from '../../../src/proxy/request/request-guard.ts'
import { newRecord, type RequestRecord } from '../../../src/proxy/request/request-record.ts'
import { s3Errors } from '../../../src/s3/errors/error-catalogue.ts'
import { renderError } from '../../../src/s3/errors/error-response.ts'
import { readResponse } from '../../fixtures/client-responses.ts'
import { createContext, serveRequests } from '../../fixtures/client-side.ts'
import { openRaw, raw } from '../../fixtures/raw-client.ts'

interface Rig {
  readonly port: number
  readonly asked: ManagedRequest[]
  readonly ended: RequestRecord[]
}

const stored: ManagedAnswer = {
  status: 200,
  headers: ['Content-Length', '0', 'Vary', 'Origin, Accept'],
  body: Buffer.alloc(0),
}

/** A server that hands every request to `answerManaged`. */
async function start(t: Test, answer: ManagedAnswer = stored): Promise<Rig> {
  const asked: ManagedRequest[] = []
  const { context, heard } = createContext({ varyAlways: true })
  const port = await serveRequests(t, (request, response, expectsContinue) => {
    const guarded = guardRequest(request, { targetBytes: 8192, fields: 100 })
    if (isRejection(guarded)) throw new Error('the guard refused it')
    const record = newRecord(request.method, request.url, '127.0.0.1', 0)
    const cors = { ...ungovernedCors, governed: true, varyAlways: true }
    const exchange = {
      request,
      response,
      guarded,
      record,
      expectsContinue,
      bucket: 'media',
      host: 'signed.example',
      forwardedLines: 'X-Forwarded-For: 192.0.2.1\r\n',
      cors,
    }
    const operations = {
      handle: async (question: ManagedRequest) => {
        asked.push(question)
        return answer
      },
      storeGuard: undefined,
      copySourceGuard: undefined,
    }
    void answerManaged(context, operations, exchange)
  })
  return { port, asked, ended: heard.ended }
}

const head = (lines: string) => `PUT /media?cors HTTP/1.1\r\nHost: signed.example\r\nX-Amz-Date: now\r\n${lines}\r\n`

t.test(
  'the operation gets the content, the fields as they would be forwarded, and the Host that was signed',
  async t => {
    const { port, asked, ended } = await start(t)
    const { text } = await raw(port, `${head('Content-Length: 4\r\nConnection: close\r\n')}<a/>`)
    t.equal(asked[0]?.body?.toString(), '<a/>')
    t.strictSame(asked[0]?.headers, ['Host', 'signed.example', 'X-Amz-Date', 'now', 'X-Forwarded-For', '192.0.2.1'])
    t.match(asked[0], { bucket: 'media', method: 'PUT', target: '/media?cors', tls: false })
    t.match(text, /^HTTP\/1\.1 200 OK\r\n/)
    t.match(text, /\r\nx-amz-request-id: 0123456789ABCDEF\r\n/)
    t.match(text, /\r\nVary: Accept, Origin, Access-Control-Request-Headers, Access-Control-Request-Method\r\n/)
    t.equal(text.match(/\r\nVary:/g)?.length, 1)
    t.match(text, /\r\nCache-Control: no-store\r\n/, 'the rules of another moment are no answer')
    t.match(ended, [
      { kind: 'managed', decision: undefined, status: 200, requestBodyBytes: 4, requestId: '0123456789ABCDEF' },
    ])
  },
)

t.test('content in chunks is read as well', async t => {
  const { port, asked } = await start(t)
  await raw(port, `${head('Transfer-Encoding: chunked\r\nConnection: close\r\n')}4\r\n<a/>\r\n0\r\n\r\n`)
  t.equal(asked[0]?.body?.toString(), '<a/>')
})

t.test('Expect is answered before the content is sent', async t => {
  const { port, asked } = await start(t)
  const connection = await openRaw(port)
  await connection.write(head('Content-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n'))
  await connection.until(({ text }) => text === 'HTTP/1.1 100 Continue\r\n\r\n')
  await connection.write('<a/>')
  await connection.collect(1000)
  t.equal(asked[0]?.body?.toString(), '<a/>')
})

t.test('a client that asks whether it may send too much is answered at once', async t => {
  const { port, asked } = await start(t)
  const connection = await openRaw(port)
  await connection.write(head('Content-Length: 65537\r\nExpect: 100-continue\r\n'))
  await connection.until(({ text }) => text.includes('\r\n\r\n'))
  connection.destroy()
  t.match(connection.text, /^HTTP\/1\.1 200 OK\r\n/)
  t.equal(asked[0]?.body, undefined, 'the operation is told that there is too much')
})

t.test('more content than S3 takes is not held', async t => {
  const { port, asked, ended } = await start(t)
  const { text } = await raw(port, head('Content-Length: 70000\r\n') + 'a'.repeat(70000), 3000)
  t.equal(asked[0]?.body, undefined)
  t.match(text, /\r\nConnection: close\r\n/)
  t.equal(ended.length, 1)
})

t.test('a client that leaves within its content changes nothing', async t => {
  const { port, asked, ended } = await start(t)
  const connection = await openRaw(port)
  await connection.write(`${head('Content-Length: 10\r\n')}half`)
  connection.reset()
  while (ended.length === 0) await new Promise(resolve => setTimeout(resolve, 10))
  t.strictSame(asked, [])
  t.match(ended, [{ clientAborted: true, status: 0 }])
})

t.test('an error of the operation is answered as every other of the proxy, with the CORS fields beside it', async t => {
  const { port, ended } = await start(t, { error: s3Errors.serviceUnavailable })
  const { text } = await raw(port, head('Connection: close\r\n'))
  const response = readResponse(text)
  const body = renderError(s3Errors.serviceUnavailable, '0123456789ABCDEF', 'host')
  t.strictSame(
    response.fields.filter(([name]) => name !== 'Date'),
    [
      ['x-amz-request-id', '0123456789ABCDEF'],
      ['x-amz-id-2', 'host'],
      ['Content-Type', 'application/xml'],
      ['X-Content-Type-Options', 'nosniff'],
      ['Vary', 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'],
      ['Cache-Control', 'no-store'],
      ['Retry-After', '1'],
      ['Content-Length', String(body.length)],
      ['Connection', 'close'],
    ],
  )
  t.equal(response.body, body)
  t.match(ended, [{ kind: 'managed', status: 503, errorCode: 'ServiceUnavailable', requestId: '0123456789ABCDEF' }])
})
