import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { sendError } from '../../../src/proxy/exchange/local-reply.ts'
import { newRecord } from '../../../src/proxy/request/request-record.ts'
import { type S3Error, s3Errors } from '../../../src/s3/errors/error-catalogue.ts'
import { renderError } from '../../../src/s3/errors/error-response.ts'
import { readResponses } from '../../fixtures/client-responses.ts'
import { createContext, serveRequests } from '../../fixtures/client-side.ts'
import { outgoingFields } from '../../fixtures/outgoing-fields.ts'
import { openRaw } from '../../fixtures/raw-client.ts'

const get = 'GET /k HTTP/1.1\r\nHost: a\r\n\r\n'
const put = (length: number, content: string) =>
  `PUT /k HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n${content}`

interface Case {
  readonly name: string
  readonly request?: string
  readonly error?: S3Error
  readonly fields?: readonly string[]
  readonly close?: boolean
  /** Of the fields that each answer has. */
  readonly also?: readonly (readonly [string, string])[]
  readonly closes?: boolean
  readonly varyAlways?: boolean
}

const noStore = ['Cache-Control', 'no-store'] as const

const cases: Case[] = [
  { name: 'an answer leaves the connection open' },
  { name: 'an answer carries further fields', fields: ['Vary', 'Origin'], also: [['Vary', 'Origin'], noStore] },
  { name: 'an answer that asks for patience', error: s3Errors.slowDown, also: [noStore, ['Retry-After', '1']] },
  { name: 'no cache keeps a refusal', error: s3Errors.accessForbidden },
  {
    name: 'with matched a refusal is S3’s, byte for byte',
    error: s3Errors.accessForbidden,
    varyAlways: false,
    also: [],
  },
  { name: 'with matched no cache keeps a failure', varyAlways: false },
  { name: 'an answer that closes', close: true, closes: true },
  { name: 'an error that closes', error: s3Errors.invalidUri, closes: true },
  { name: 'a request without content', request: put(0, ''), closes: false },
  { name: 'content that has not come', request: put(9, ''), closes: true },
  {
    name: 'chunks that have not come',
    request: 'PUT /k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe',
    closes: true,
  },
  {
    name: 'text beyond ASCII is UTF-8, while a field keeps its bytes',
    error: { ...s3Errors.badGateway, message: 'å €' },
    fields: ['Access-Control-Allow-Origin', 'https://\xe5'],
    also: [['Access-Control-Allow-Origin', 'https://\xe5'], noStore],
  },
  {
    name: 'so it does beside text that is ASCII',
    fields: ['Access-Control-Allow-Origin', 'https://\xe5'],
    also: [['Access-Control-Allow-Origin', 'https://\xe5'], noStore],
  },
  { name: 'an answer to HEAD has no content', request: get.replace('GET', 'HEAD') },
]
for (const {
  name,
  request = get,
  error = s3Errors.badGateway,
  fields = [],
  close = false,
  also = [noStore],
  varyAlways = true,
  closes = false,
} of cases) {
  t.test(name, async t => {
    const { context } = createContext({ varyAlways })
    const record = newRecord('GET', '/k', undefined, 0)
    let closing: boolean | undefined
    const port = await serveRequests(t, (incoming, response) => {
      const given = outgoingFields(fields)
      given.closes = close
      sendError(context, incoming, response, record, error, given)
      closing = context.closing.has(incoming.socket)
    })
    // A second request on a connection that goes on is answered too.
    const method = request.slice(0, request.indexOf(' '))
    const client = await openRaw(port)
    t.teardown(() => client.destroy())
    await client.write(closes ? request : request + request)
    await client.until(({ text, ended }) =>
      closes ? ended !== undefined : text.split('HTTP/1.1 ').length === 3 && /(?:<\/Error>|\r\n\r\n)$/.test(text),
    )
    const responses = readResponses(client.text, method, method)
    t.equal(responses.length, closes ? 1 : 2)
    const body = renderError(error, '0123456789ABCDEF', 'host')
    const [response] = responses
    t.equal(response?.status, error.status)
    t.equal(Buffer.from(response?.body ?? '', 'latin1').toString(), method === 'HEAD' ? '' : body)
    t.strictSame(
      response?.fields.filter(([field]) => field !== 'Date' && field !== 'Keep-Alive'),
      [
        ['x-amz-request-id', '0123456789ABCDEF'],
        ['x-amz-id-2', 'host'],
        ['Content-Type', 'application/xml'],
        ['X-Content-Type-Options', 'nosniff'],
        ...also,
        ['Content-Length', String(Buffer.byteLength(body))],
        ['Connection', closes ? 'close' : 'keep-alive'],
      ],
    )
    t.equal(closing, closes)
    t.match(record, { status: error.status, errorCode: error.code, requestId: '0123456789ABCDEF' })
  })
}

t.test('one file writes what the proxy answers by itself, and one ends a request', async t => {
  const src = fileURLToPath(new URL('../../../src/', import.meta.url))
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'))
  const having = (pattern: RegExp, folders: RegExp) =>
    files.filter(file => folders.test(file) && pattern.test(readFileSync(join(src, file), 'utf8')))
  t.strictSame(having(/renderError\(/, /^(?!s3\/)/), ['proxy/exchange/local-reply.ts'])
  t.strictSame(having(/\bobserver\.(?:started|ended)\(/, /^proxy\//), ['proxy/request/request-record.ts'])
  t.strictSame(having(/HTTP\/1\.1 \$?\{?[2-5]/, /^(?:proxy|policies)\//), ['proxy/client/head-lines.ts'])
})
