// Every number that is read from a message or a configuration, in the forms that readers differ in: one rule. What HTTP defines
// as digits may have leading zeros, and goes on without them; everything else is written in the one form or refused.

import t from 'tap'
import { overlay } from '../src/config/environment.ts'
import { readYaml } from '../src/config/files/yaml-text.ts'
import { parseAddress } from '../src/config/schema/address.ts'
import { parseEndpointUrl } from '../src/config/schema/endpoint-url.ts'
import { hostFieldPattern, isAddressRange } from '../src/config/schema/host-names.ts'
import { guardRequest, isRejection } from '../src/proxy/request/request-guard.ts'
import { framingLine } from '../src/proxy/upstream/request/request-framing.ts'
import { ChunkedDecoder } from '../src/proxy/upstream/response/chunked-decoder.ts'
import { ResponseHeadReader } from '../src/proxy/upstream/response/response-head.ts'
import { isHostValue } from '../src/s3/address/host-check.ts'
import { parseCorsConfigurationXml } from '../src/s3/cors-operation/cors-configuration-xml.ts'
import { parseRetryAfter } from '../src/s3/endpoint/fetch-failure.ts'
import { signedFieldNames } from '../src/s3/signature/signed-fields.ts'

function headOf(lines: string) {
  const reader = new ResponseHeadReader(16)
  const fault = reader.readAll(`${lines}\r\n\r\n`)
  return fault ?? reader.end()
}

function chunkSize(text: string): number | undefined {
  const decoder = new ChunkedDecoder({ trailerBytes: 100, trailers: 1 })
  const body = Buffer.from(`${text}\r\n0123456789`)
  let bytes = 0
  decoder.begin()
  const at = decoder.decode(body, 0, body.length, { onBody: piece => (bytes += piece.length) })
  return at === -1 ? undefined : bytes
}

/** What is made of a number in decimal digits; undefined: refused, or passed over. */
const places: Readonly<Record<string, (text: string) => number | string | undefined>> = {
  'Content-Length of a request': text => {
    const rawHeaders = ['Host', 'a', 'Content-Length', text]
    const guarded = guardRequest(
      { method: 'PUT', url: '/', httpVersion: '1.1', rawHeaders },
      { targetBytes: 9, fields: 9 },
    )
    return isRejection(guarded) ? undefined : framingLine(guarded).slice('Content-Length: '.length, -2)
  },
  'Content-Length of a response': text => {
    const head = headOf(`HTTP/1.1 200 OK\r\nContent-Length: ${text}`)
    return typeof head === 'string' ? undefined : head.contentLength
  },
  'Keep-Alive: timeout': text => {
    const head = headOf(`HTTP/1.1 200 OK\r\nKeep-Alive: timeout=${text}`)
    return typeof head === 'string' || head.keepAliveTimeoutSeconds === -1 ? undefined : head.keepAliveTimeoutSeconds
  },
  'Retry-After': text => parseRetryAfter(text, 0),
  'port in Host': text => (isHostValue(`a:${text}`) ? text : undefined),
  'X-Amz-Expires': text => {
    const mark = `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=k/20260101/r/s3/aws4_request&X-Amz-Date=20260101T000000Z`
    const target = `/?${mark}&X-Amz-SignedHeaders=host&X-Amz-Signature=${'0'.repeat(64)}&X-Amz-Expires=${encodeURIComponent(text)}`
    const names = signedFieldNames({
      method: 'GET',
      target,
      authorization: undefined,
      contentType: undefined,
      date: undefined,
      contentSha256: undefined,
    })
    return names.length > 0 ? text : undefined
  },
  'MaxAgeSeconds in XML': text => {
    const { rules } = parseCorsConfigurationXml(
      `<CORSConfiguration><CORSRule><MaxAgeSeconds>${text}</MaxAgeSeconds></CORSRule></CORSConfiguration>`,
    )
    const age = rules?.[0]?.MaxAgeSeconds
    return typeof age === 'number' ? age : undefined
  },
  'number in YAML': text => {
    const { value, faults } = readYaml(`a: ${text}\n`)
    const number = (value as { readonly a?: unknown } | undefined)?.a
    return faults.length === 0 && typeof number === 'number' ? number : undefined
  },
  'number in a variable': text => {
    const { raw } = overlay({}, { S3CORS_UPSTREAM_CONNECTIONS: text }, {})
    const connections = (raw as { readonly upstream: { readonly connections: unknown } }).upstream.connections
    return typeof connections === 'number' ? connections : undefined
  },
  'number of a flag': text => {
    const { raw } = overlay({}, {}, { 'upstream-connections': text })
    const connections = (raw as { readonly upstream: { readonly connections: unknown } }).upstream.connections
    return typeof connections === 'number' ? connections : undefined
  },
  'port of listen': text => parseAddress(`a:${text}`)?.port,
  'port of upstream.url': text => parseEndpointUrl(`http://a:${text}`)?.port,
  'port of console.host': text => (hostFieldPattern.test(`a:${text}`) ? text : undefined),
  'length of a prefix': text => (isAddressRange(`10.0.0.0/${text}`) ? text : undefined),
}
const zerosMeanNothing = [
  'Content-Length of a request',
  'Content-Length of a response',
  'Keep-Alive: timeout',
  'Retry-After',
]
// The blanks around a field's value, a URL and a YAML value are no part of them.
const trimmed = ['Content-Length of a response', 'number in YAML']
// Whitespace and commas end its parameter.
const listed = 'Keep-Alive: timeout'
const aged = ['MaxAgeSeconds in XML', 'number in YAML', 'number in a variable', 'number of a flag']

const forms = [
  ...['+10', '1_0', '1,0', '10, 10', '0x10', '0b10', '0o10', '1e1', '10.', '', ' ', '１０', '99999999999999999999999'],
  ...['10 10', '10\t', 'ten', '"10"', '10;', '-', '--10', 'Infinity'],
]

for (const [place, read] of Object.entries(places)) {
  t.test(`${place}`, async t => {
    t.equal(String(read('10')), '10')
    for (const zeros of ['010', '0000010']) {
      t.equal(String(read(zeros)), zerosMeanNothing.includes(place) ? '10' : 'undefined', `"${zeros}"`)
    }
    for (const blank of [' 10', '10 ']) {
      const isTrimmed = trimmed.includes(place) || (place === listed && blank === '10 ')
      t.equal(String(read(blank)), isTrimmed ? '10' : 'undefined', `"${blank}"`)
    }
    t.equal(String(read('-10')), aged.includes(place) ? '-10' : 'undefined', '"-10"')
    for (const form of forms) {
      if (form.endsWith('\t') && (trimmed.includes(place) || place === listed)) continue
      if (form.includes(',') && place === listed) continue
      // A large one is out of range, which the schema says.
      if (form.startsWith('99') && aged.includes(place)) continue
      t.equal(read(form), undefined, `"${form}"`)
    }
  })
}

t.test('a status code is three digits', async t => {
  for (const code of ['0200', '20', '+20', ' 200', '2e2', '２００', '099', '600', '20 ']) {
    t.equal(headOf(`HTTP/1.1 ${code} OK`), 'status-line', `"${code}"`)
  }
})

t.test('the size of a chunk is hexadecimal digits, of which leading zeros mean nothing', async t => {
  for (const [text, size] of [
    ['a', 10],
    ['00A', 10],
    ['000000000000000a', 10],
    ...['0000000000000000a', '+a', '-a', ' a', 'a ', '0xa', '1_0', '', 'g', '1.0'].map(
      text => [text, undefined] as const,
    ),
  ] as const) {
    t.equal(chunkSize(text), size, `"${text}"`)
  }
})
