// What a stranger may try to have the endpoint believe another address of its own (`aws:SourceIp`): each attempt through the data
// plane, in front of an endpoint that records what reaches it.

import t from 'tap'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { type Settings, startTestProxy } from '../fixtures/test-proxy.ts'

t.setTimeout(300_000)

const claimed = '203.0.113.9'
const hex = '0123456789abcdef'.repeat(4)
const scope = 'AKIACALLER/20260101/us-east-1/s3/aws4_request'
/** Of fields that stand once each in an attempt, in the order that a signature needs. */
const signedNames = 'forwarded;host;x-forwarded-for;x-real-ip'
const marks: readonly (readonly [name: string, value: string])[] = [
  ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
  ['X-Amz-Credential', encodeURIComponent(scope)],
  ['X-Amz-Date', '20260101T000000Z'],
  ['X-Amz-Expires', '600'],
  ['X-Amz-SignedHeaders', encodeURIComponent(signedNames)],
  ['X-Amz-Signature', hex],
]
const queryOf = (pairs: readonly (readonly [string, string])[]) =>
  `?${pairs.map(([name, value]) => `${name}=${value}`).join('&')}`
const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=${signedNames}, Signature=${hex}`
const date = 'X-Amz-Date: 20260101T000000Z\r\n'
const sha256 = 'x-amz-content-sha256: UNSIGNED-PAYLOAD\r\n'
const signedBy = (value: string, more = date + sha256) => `Authorization: ${value}\r\n${more}`

interface Attempt {
  readonly name: string
  readonly method?: string
  readonly query?: string
  readonly fields?: string
}

/** None of these would be verified by every endpoint of deploy/endpoints.md: no word of the client's may arrive. */
const attempts: readonly Attempt[] = [
  { name: 'anonymous' },
  { name: 'anonymous, in HTTP/1.1 with a body', method: 'PUT', fields: 'Content-Length: 0\r\n' },
  ...marks.flatMap(([missing]): Attempt[] => {
    const rest = marks.filter(([name]) => name !== missing)
    const value = marks.find(([name]) => name === missing)?.[1] ?? ''
    return [
      { name: `presigned without ${missing}`, query: queryOf(rest) },
      { name: `presigned, ${missing} empty`, query: queryOf([...rest, [missing, '']]) },
      { name: `presigned, ${missing} twice`, query: queryOf([...marks, [missing, value]]) },
      {
        name: `presigned, ${missing} once more in another spelling`,
        query: queryOf([...marks, [missing.toLowerCase(), value]]),
      },
      { name: `presigned, ${missing} encoded`, query: queryOf([...rest, [missing.replace('X', '%58'), value]]) },
      { name: `presigned, ${missing} with a blank behind it`, query: queryOf([...rest, [missing, `${value}%20`]]) },
    ]
  }),
  { name: 'presigned, separated by semicolons', query: queryOf(marks).replaceAll('&', ';') },
  { name: 'presigned with 63 digits', query: queryOf(marks).slice(0, -1) },
  { name: 'presigned with 65 digits', query: `${queryOf(marks)}0` },
  { name: 'presigned with digits in capitals', query: queryOf(marks).replace(hex, hex.toUpperCase()) },
  { name: 'presigned for another service', query: queryOf(marks).replace('%2Fs3%2F', '%2Fsts%2F') },
  { name: 'presigned with a scope of four parts', query: queryOf(marks).replace('%2Fus-east-1', '') },
  { name: 'presigned for ever', query: queryOf(marks).replace('Expires=600', 'Expires=0600') },
  { name: 'presigned with a sign in Expires', query: queryOf(marks).replace('Expires=600', 'Expires=%2B600') },
  { name: 'presigned by SigV4A', query: queryOf(marks).replace('AWS4-HMAC', 'AWS4-ECDSA-P256') },
  {
    name: 'presigned, and an Authorization of another kind',
    query: queryOf(marks),
    fields: 'Authorization: Basic YTpi\r\n',
  },
  { name: 'presigned, and an empty Authorization', query: queryOf(marks), fields: 'Authorization: \r\n' },
  { name: 'presigned, and signed', query: queryOf(marks), fields: signedBy(authorization) },
  { name: 'presigned behind a fragment', query: `#${queryOf(marks)}` },
  { name: 'presigned by SigV2', query: '?AWSAccessKeyId=AKIACALLER&Expires=1900000000&Signature=c2lnbmF0dXJl' },
  {
    name: 'presigned by SigV2 and by SigV4',
    query: `${queryOf(marks)}&AWSAccessKeyId=A&Expires=1900000000&Signature=c2ln`,
  },
  { name: 'signed by SigV2', fields: `Authorization: AWS AKIACALLER:c2lnbmF0dXJl\r\n${date}` },
  { name: 'signed, in small letters', fields: signedBy(authorization.toLowerCase()) },
  { name: 'signed, behind a blank', fields: signedBy(`AWS4-HMAC-SHA256  ${authorization.slice(17)},`) },
  { name: 'signed, with a tab', fields: signedBy(authorization.replace(' ', '\t')) },
  { name: 'signed, twice', fields: `${signedBy(authorization)}Authorization: ${authorization}\r\n` },
  { name: 'signed, with a part twice', fields: signedBy(`${authorization}, Signature=${hex}`) },
  { name: 'signed, without Credential', fields: signedBy(authorization.replace(/Credential=[^,]*, /, '')) },
  { name: 'signed, without SignedHeaders', fields: signedBy(authorization.replace(/SignedHeaders=[^,]*, /, '')) },
  { name: 'signed, without Signature', fields: signedBy(authorization.replace(/, Signature=.*/, '')) },
  { name: 'signed, with 63 digits', fields: signedBy(authorization.slice(0, -1)) },
  { name: 'signed, for another service', fields: signedBy(authorization.replace('/s3/', '/iam/')) },
  { name: 'signed, without a date', fields: signedBy(authorization, sha256) },
  { name: 'signed, of another day', fields: signedBy(authorization, `X-Amz-Date: 20260102T000000Z\r\n${sha256}`) },
  { name: 'signed, without a digest of the content', fields: signedBy(authorization, date) },
  {
    name: 'signed, with a field of underscores for the date',
    fields: signedBy(authorization, `X_Amz_Date: 20260101T000000Z\r\n${sha256}`),
  },
  { name: 'signed, without host', fields: signedBy(authorization.replace('host;', '')) },
  {
    name: 'signed, with the names in capitals',
    fields: signedBy(authorization.replace('x-forwarded-for', 'X-Forwarded-For')),
  },
  {
    name: 'signed, with the names in another order',
    fields: signedBy(authorization.replace('host;x-forwarded-for', 'x-forwarded-for;host')),
  },
  { name: 'signed by SigV4A', fields: signedBy(authorization.replace('AWS4-HMAC', 'AWS4-ECDSA-P256')) },
  { name: 'a token of another kind', fields: 'Authorization: Bearer abc\r\nX-Auth-Token: abc\r\n' },
  { name: 'chosen by Connection', fields: 'Connection: x-forwarded-for, close\r\n' },
]

/** Under every name that some server or layer takes for the address of a client. */
const claimNames = [
  ...['X-Forwarded-For', 'X_Forwarded_For', 'X-Forwarded_For', 'X_FORWARDED-FOR', 'X-Real-IP'],
  ...[
    'X_Real_IP',
    'Forwarded',
    'X-Forwarded',
    'Forwarded-For',
    'Client-IP',
    'Client_IP',
    'X-Client-IP',
    'X-Cluster-Client-Ip',
  ],
  ...[
    'X-Cluster_Client_Ip',
    'True-Client-IP',
    'True_Client_IP',
    'CF-Connecting-IP',
    'CF-Connecting-IPv6',
    'CF_Connecting_IP',
  ],
  ...['Fastly-Client-IP', 'Remote-Addr', 'REMOTE_ADDR', 'X-Remote-Addr', 'X-Remote-IP', 'X-Originating-IP'],
  ...['X-Original-Forwarded-For', 'X-Envoy-External-Address'],
]
const claims = claimNames
  .map(name => `${name}: ${name.toLowerCase() === 'forwarded' ? `for=${claimed};proto=https` : claimed}\r\n`)
  .join('')

const modes: Readonly<Record<string, Settings>> = {
  replace: {},
  'append, from a stranger': { forwardedFor: 'append', trustedProxies: ['10.0.0.0/8'] },
}

for (const [mode, more] of Object.entries(modes)) {
  t.test(mode, async t => {
    const upstream = await startRecordingUpstream(t)
    const proxy = await startTestProxy(t, upstream.url, more)
    let arrived = 0
    for (const [index, { name, method = 'GET', query = '', fields = '' }] of attempts.entries()) {
      const target = `/web/attempt-${index}`
      const end = fields.startsWith('Connection') ? '' : 'Connection: close\r\n'
      const answer = await proxy.send(
        t,
        `${method} ${target}${query} HTTP/1.1\r\nHost: 127.0.0.1\r\n${claims}${fields}${end}\r\n`,
      )
      const request = upstream.requests.find(
        request => request.target.startsWith(`${target}?`) || request.target === target,
      )
      if (request === undefined) {
        t.match(answer, /^HTTP\/1\.1 4\d\d /, `${name}: refused`)
        continue
      }
      arrived++
      t.notMatch(request.head, claimed, `${name}: no word of the client's arrives`)
      t.strictSame(
        request.fields.filter(([field]) => field.replaceAll('_', '-').toLowerCase() === 'x-forwarded-for'),
        [['X-Forwarded-For', '127.0.0.1']],
        `${name}: the address is the peer's`,
      )
    }
    t.ok(arrived > 40, `${arrived} of ${attempts.length} attempts arrived`)
  })
}

t.test('what is truly signed arrives as it was signed', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url)
  const own = `X-Forwarded-For: ${claimed}\r\nX-Real-IP: ${claimed}\r\nForwarded: for=${claimed}\r\n`
  for (const [query, fields] of [
    [queryOf(marks), ''],
    ['', signedBy(authorization)],
  ] as const) {
    await proxy.send(t, `GET /web/k${query} HTTP/1.1\r\nHost: 127.0.0.1\r\n${own}${fields}Connection: close\r\n\r\n`)
    const values = upstream.requests.at(-1)?.fields.flatMap(([, value]) => (value.includes(claimed) ? [value] : []))
    t.strictSame(values, [claimed, claimed, `for=${claimed}`], query === '' ? 'Authorization' : 'presigned')
  }
})

const chains: readonly { name: string; lines: readonly string[]; arrives: string }[] = [
  { name: 'nothing', lines: [], arrives: '127.0.0.1' },
  { name: 'one address', lines: ['198.51.100.7'], arrives: '198.51.100.7, 127.0.0.1' },
  { name: 'a word left of it', lines: [`${claimed}, 198.51.100.7`], arrives: '198.51.100.7, 127.0.0.1' },
  { name: 'a word in a line of its own', lines: [claimed, '198.51.100.7'], arrives: '198.51.100.7, 127.0.0.1' },
  {
    name: 'a trusted hop',
    lines: [`${claimed}, 198.51.100.7, 10.1.1.1`],
    arrives: '198.51.100.7, 10.1.1.1, 127.0.0.1',
  },
  {
    name: 'a trusted address that the client wrote',
    lines: [`${claimed}, 10.1.1.1, 198.51.100.7`],
    arrives: '198.51.100.7, 127.0.0.1',
  },
  { name: 'what is no address', lines: [`${claimed}, unknown`], arrives: '127.0.0.1' },
  { name: 'an empty element', lines: [`${claimed},`], arrives: '127.0.0.1' },
  { name: 'a quoted one', lines: [`${claimed}, "198.51.100.7"`], arrives: '127.0.0.1' },
  { name: 'leading zeros', lines: [`${claimed}, 010.1.1.1`], arrives: '127.0.0.1' },
  { name: 'a number', lines: [`${claimed}, 167837953`], arrives: '127.0.0.1' },
  { name: 'a zone', lines: [`${claimed}, fe80::1%eth0`], arrives: '127.0.0.1' },
  { name: 'a port', lines: [`${claimed}, 198.51.100.7:443`], arrives: '198.51.100.7, 127.0.0.1' },
  { name: 'a mapped address', lines: [`${claimed}, ::ffff:198.51.100.7`], arrives: '198.51.100.7, 127.0.0.1' },
  {
    name: 'a mapped trusted address',
    lines: [`${claimed}, 198.51.100.7, ::ffff:10.1.1.1`],
    arrives: '198.51.100.7, 10.1.1.1, 127.0.0.1',
  },
  {
    name: 'forty trusted hops',
    lines: [`${claimed}, ${Array(40).fill('10.1.1.1').join(', ')}`],
    arrives: `${Array(32).fill('10.1.1.1').join(', ')}, 127.0.0.1`,
  },
  { name: 'a name of underscores', lines: ['198.51.100.7'], arrives: '198.51.100.7, 127.0.0.1' },
]
t.test('append, from a trusted peer: what stands left of the first address that is not trusted is cut', async t => {
  const upstream = await startRecordingUpstream(t)
  const trusted = { forwardedFor: 'append', trustedProxies: ['127.0.0.0/8', '10.0.0.0/8'] }
  const proxy = await startTestProxy(t, upstream.url, trusted)
  for (const { name, lines, arrives } of chains) {
    const fields = lines.map(line => `X-Forwarded-For: ${line}\r\n`).join('')
    const others = `X_Forwarded_For: ${claimed}\r\nX-Real-IP: ${claimed}\r\nForwarded: for=${claimed}\r\nTrue-Client-IP: ${claimed}\r\n`
    await proxy.send(t, `GET /web/k HTTP/1.1\r\nHost: 127.0.0.1\r\n${fields}${others}Connection: close\r\n\r\n`)
    const request = upstream.requests.at(-1)
    const value = request?.fields
      .filter(([field]) => field.toLowerCase() === 'x-forwarded-for')
      .map(([, value]) => value)
    t.strictSame(value, [arrives], name)
    t.notMatch(request?.head ?? '', claimed, `${name}: and nothing else tells another address`)
  }
})
