import t from 'tap'
import { readRequestFields } from '../../../src/proxy/http2/request-fields.ts'

const pseudo = (changes: Readonly<Record<string, string | undefined>> = {}) =>
  Object.entries({ ':method': 'GET', ':scheme': 'https', ':path': '/web/k', ':authority': 'a.example', ...changes })
    .filter(([, value]) => value !== undefined)
    .flatMap(([name, value]) => [name, value ?? ''])

interface Case {
  readonly name: string
  readonly block: readonly string[]
  readonly hasContent?: boolean
  /** The method, the target and the field lines; undefined: it is refused. */
  readonly read: readonly [string, string, ...string[]] | undefined
  /** Undefined: it does not. */
  readonly expectsContinue?: true
  readonly contentLength?: number
}

const cases: readonly Case[] = [
  { name: 'the authority is Host', block: pseudo(), read: ['GET', '/web/k', 'Host: a.example'] },
  {
    name: 'fields follow as they came',
    block: [...pseudo(), 'x-b', '1', 'x-a', '', 'x-b', 'é'],
    read: ['GET', '/web/k', 'Host: a.example', 'x-b: 1', 'x-a: ', 'x-b: é'],
  },
  { name: 'a block that is longer than allowed', block: [...pseudo(), 'x-a', 'v'.repeat(1000)], read: undefined },
  { name: 'as is one of many short fields', block: [...pseudo(), ...Array(60).fill('a')], read: undefined },
  {
    name: 'a Host that says the same stands once',
    block: [...pseudo(), 'host', 'A.example'],
    read: ['GET', '/web/k', 'Host: a.example'],
  },
  {
    name: 'Host alone is the authority',
    block: [...pseudo({ ':authority': undefined }), 'host', 'b'],
    read: ['GET', '/web/k', 'Host: b'],
  },
  {
    name: 'so it is beside an empty one',
    block: [...pseudo({ ':authority': '' }), 'host', 'b'],
    read: ['GET', '/web/k', 'Host: b'],
  },
  { name: 'a Host that says otherwise', block: [...pseudo(), 'host', 'b'], read: undefined },
  { name: 'a Host with another port', block: [...pseudo(), 'host', 'a.example:443'], read: undefined },
  { name: 'two Hosts', block: [...pseudo(), 'host', 'a.example', 'host', 'a.example'], read: undefined },
  { name: 'no authority at all', block: pseudo({ ':authority': undefined }), read: undefined },
  { name: 'a value that begins with a space', block: [...pseudo(), 'x-a', ' 1'], read: undefined },
  { name: 'a value that ends with a tab', block: [...pseudo(), 'cookie', 'a=1', 'cookie', 'b=2\t'], read: undefined },
  { name: 'CONNECT', block: [':method', 'CONNECT', ':authority', 'a.example:443'], read: undefined },
  {
    name: 'extended CONNECT',
    block: pseudo({ ':method': 'CONNECT', ':protocol': 'websocket' }),
    read: undefined,
  },
  { name: 'another pseudo-field', block: pseudo({ ':version': 'HTTP/1.1' }), read: undefined },
  { name: 'another scheme', block: pseudo({ ':scheme': 'http' }), read: undefined },
  { name: 'another spelling of the scheme', block: pseudo({ ':scheme': 'HTTPS' }), read: undefined },
  { name: 'an absolute-form target', block: pseudo({ ':path': 'https://a.example/web/k' }), read: undefined },
  { name: 'a target without its slash', block: pseudo({ ':path': 'web/k' }), read: undefined },
  { name: 'an empty target', block: pseudo({ ':path': '' }), read: undefined },
  { name: 'a * for GET', block: pseudo({ ':path': '*' }), read: undefined },
  {
    name: 'a * for OPTIONS',
    block: pseudo({ ':path': '*', ':method': 'OPTIONS' }),
    read: ['OPTIONS', '*', 'Host: a.example'],
  },
  {
    name: 'pieces of Cookie are one line, at the place of the first',
    block: [...pseudo(), 'cookie', 'a=1', 'x', 'y', 'cookie', 'b=2', 'cookie', 'c=3'],
    read: ['GET', '/web/k', 'Host: a.example', 'cookie: a=1; b=2; c=3', 'x: y'],
  },
  {
    name: 'content without a length goes up chunked',
    block: pseudo({ ':method': 'PUT' }),
    hasContent: true,
    read: ['PUT', '/web/k', 'Host: a.example', 'transfer-encoding: chunked'],
  },
  {
    name: 'content with a length keeps it',
    block: [...pseudo({ ':method': 'PUT' }), 'content-length', '3'],
    hasContent: true,
    read: ['PUT', '/web/k', 'Host: a.example', 'content-length: 3'],
    contentLength: 3,
  },
  {
    name: 'no content keeps a length of 0',
    block: [...pseudo(), 'content-length', '0'],
    read: ['GET', '/web/k', 'Host: a.example', 'content-length: 0'],
    contentLength: 0,
  },
  { name: 'a length, and no content', block: [...pseudo(), 'content-length', '3'], read: undefined },
  { name: 'a length that is none', block: [...pseudo(), 'content-length', '3x'], hasContent: true, read: undefined },
  {
    name: 'a PUT that ends with its head has no content',
    block: pseudo({ ':method': 'PUT' }),
    read: ['PUT', '/web/k', 'Host: a.example', 'content-length: 0'],
  },
  {
    name: 'so has a POST',
    block: pseudo({ ':method': 'POST' }),
    read: ['POST', '/web/k', 'Host: a.example', 'content-length: 0'],
  },
  {
    name: 'a DELETE that ends with its head gets no framing',
    block: pseudo({ ':method': 'DELETE' }),
    read: ['DELETE', '/web/k', 'Host: a.example'],
  },
  {
    name: 'content that waits for 100',
    block: [...pseudo({ ':method': 'PUT' }), 'expect', '100-Continue'],
    hasContent: true,
    read: ['PUT', '/web/k', 'Host: a.example', 'expect: 100-Continue', 'transfer-encoding: chunked'],
    expectsContinue: true,
  },
  {
    name: 'a request without content waits for none',
    block: [...pseudo({ ':method': 'PUT' }), 'expect', '100-continue'],
    read: ['PUT', '/web/k', 'Host: a.example', 'expect: 100-continue', 'content-length: 0'],
  },
  {
    name: 'another expectation is the business of the endpoint',
    block: [...pseudo({ ':method': 'PUT' }), 'expect', '200-ok'],
    hasContent: true,
    read: ['PUT', '/web/k', 'Host: a.example', 'expect: 200-ok', 'transfer-encoding: chunked'],
  },
]

for (const { name, block, hasContent = false, read, expectsContinue = false, contentLength = -1 } of cases) {
  t.test(name, async t => {
    const fields = readRequestFields(block, hasContent, 1000)
    if (fields === undefined || read === undefined) {
      t.strictSame(fields, read)
      return
    }
    const { method, target, lines, ...rest } = fields
    const pairs = lines.flatMap((line, index) => (index % 2 === 0 ? [`${line}: ${lines[index + 1]}`] : []))
    t.strictSame([method, target, ...pairs], read)
    t.strictSame(rest, { contentLength, expectsContinue })
  })
}
