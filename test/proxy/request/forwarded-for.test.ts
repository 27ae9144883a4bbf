import { BlockList } from 'node:net'
import t from 'tap'
import type { ForwardedForPolicy } from '../../../src/proxy/request/client-address.ts'
import { forwardedLines } from '../../../src/proxy/request/forwarded-for.ts'
import { guardRequest, isRejection } from '../../../src/proxy/request/request-guard.ts'

const trusted = new BlockList()
trusted.addSubnet('10.0.0.0', 8, 'ipv4')
trusted.addAddress('2001:db8::1', 'ipv6')

const claim = [
  ['X-Forwarded-For', '198.51.100.7'],
  ['X-Real-IP', '198.51.100.8'],
  ['Forwarded', 'for=198.51.100.9'],
] as const
const hex = '0123456789abcdef'.repeat(4)
const scope = 'k/20260101/us-east-1/s3/aws4_request'
const signing = (names: string) =>
  [
    ['Authorization', `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=${names}, Signature=${hex}`],
    ['X-Amz-Date', '20260101T000000Z'],
    ['x-amz-content-sha256', 'UNSIGNED-PAYLOAD'],
  ] as const
const presigned =
  `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${encodeURIComponent(scope)}&X-Amz-Date=20260101T000000Z` +
  `&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-real-ip&X-Amz-Signature=${hex}`
const kin = [
  ['X-Forwarded-Proto', 'https'],
  ['x-forwarded-host', 'open.example'],
  ['X-Forwarded-Port', '443'],
  ['X-Forwarded-Prefix', '/open'],
  ['X-Forwarded', 'for=198.51.100.1'],
  ['X-Original-Forwarded-For', '198.51.100.1'],
  ['X-Cluster-Client-Ip', '198.51.100.1'],
  ['True-Client-IP', '198.51.100.1'],
  ['CF-Connecting-IP', '198.51.100.1'],
  ['Fastly-Client-IP', '198.51.100.1'],
  ['X-Client-IP', '198.51.100.1'],
] as const
const folded = [
  ['X_Forwarded_For', '198.51.100.1'],
  ['x-forwarded_for', '198.51.100.1'],
  ['X_REAL_IP', '198.51.100.1'],
  ['X_Forwarded_Proto', 'https'],
  ['True_Client-IP', '198.51.100.1'],
] as const

const cases: readonly {
  name: string
  mode: ForwardedForPolicy['mode']
  peer?: string | undefined
  fields?: readonly (readonly [string, string])[]
  method?: string
  target?: string
  lines: string
}[] = [
  { name: 'replace names the peer', mode: 'replace', lines: 'X-Forwarded-For: 192.0.2.1\r\n' },
  {
    name: 'replace drops what the client says of itself',
    mode: 'replace',
    fields: claim,
    lines: 'X-Forwarded-For: 192.0.2.1\r\n',
  },
  {
    name: 'replace shows the IPv4 address of a dual-stack socket',
    mode: 'replace',
    peer: '::ffff:192.0.2.2',
    lines: 'X-Forwarded-For: 192.0.2.2\r\n',
  },
  { name: 'a peer that has left is not named', mode: 'replace', peer: undefined, fields: claim, lines: '' },
  {
    name: 'append believes a trusted peer',
    mode: 'append',
    peer: '10.1.2.3',
    fields: claim,
    lines: 'X-Real-IP: 198.51.100.7\r\nX-Forwarded-For: 198.51.100.7, 10.1.2.3\r\n',
  },
  {
    name: 'append joins several lines',
    mode: 'append',
    peer: '2001:db8::1',
    fields: [
      ['X-Forwarded-For', '198.51.100.1, 198.51.100.7'],
      ['x-forwarded-for', '10.0.0.9'],
    ],
    lines: 'X-Forwarded-For: 198.51.100.7, 10.0.0.9, 2001:db8::1\r\n',
  },
  {
    name: 'append to an empty chain names the peer alone',
    mode: 'append',
    peer: '10.1.2.3',
    fields: [['X-Forwarded-For', '']],
    lines: 'X-Forwarded-For: 10.1.2.3\r\n',
  },
  {
    name: 'append replaces for any other peer',
    mode: 'append',
    fields: claim,
    lines: 'X-Forwarded-For: 192.0.2.1\r\n',
  },
  { name: 'preserve adds nothing', mode: 'preserve', lines: '' },
  {
    name: 'preserve passes everything on',
    mode: 'preserve',
    fields: claim,
    lines: 'X-Forwarded-For: 198.51.100.7\r\nX-Real-IP: 198.51.100.8\r\nForwarded: for=198.51.100.9\r\n',
  },
  {
    name: 'append writes X-Real-IP of a trusted peer anew, once, as the client that it names',
    mode: 'append',
    peer: '10.1.2.3',
    fields: [
      ['X-Real-IP', '198.51.100.8'],
      ['x-real-ip', '198.51.100.9'],
      ['X-Forwarded-For', '198.51.100.1, 198.51.100.7'],
    ],
    lines: 'X-Real-IP: 198.51.100.7\r\nX-Forwarded-For: 198.51.100.7, 10.1.2.3\r\n',
  },
  {
    name: 'append cuts what no trusted proxy vouches for',
    mode: 'append',
    peer: '10.1.2.3',
    fields: [['X-Forwarded-For', '127.0.0.1, 10.0.0.9, 203.0.113.9, 10.0.0.8']],
    lines: 'X-Forwarded-For: 203.0.113.9, 10.0.0.8, 10.1.2.3\r\n',
  },
  {
    name: 'replace drops every field of that kind',
    mode: 'replace',
    fields: kin,
    lines: 'X-Forwarded-For: 192.0.2.1\r\n',
  },
  {
    name: 'append drops every field of that kind from a stranger',
    mode: 'append',
    fields: kin,
    lines: 'X-Forwarded-For: 192.0.2.1\r\n',
  },
  {
    name: 'append passes what a trusted peer says of scheme, host and port',
    mode: 'append',
    peer: '10.1.2.3',
    fields: kin,
    lines:
      'X-Forwarded-Proto: https\r\nx-forwarded-host: open.example\r\nX-Forwarded-Port: 443\r\nX-Forwarded-For: 10.1.2.3\r\n',
  },
  {
    name: 'preserve passes every field of that kind on',
    mode: 'preserve',
    fields: kin,
    lines: kin.map(([name, value]) => `${name}: ${value}\r\n`).join(''),
  },
  ...(['replace', 'append', 'preserve'] as const).map(mode => ({
    name: `${mode} drops spellings with underscores`,
    mode,
    fields: folded,
    lines: mode === 'preserve' ? '' : 'X-Forwarded-For: 192.0.2.1\r\n',
  })),
  {
    name: 'a signed spelling with underscores is dropped, too',
    mode: 'replace',
    fields: [...signing('host;x_forwarded_for'), ...folded],
    lines: 'X-Forwarded-For: 192.0.2.1\r\n',
  },
  {
    name: 'a signed field is never touched',
    mode: 'replace',
    fields: [...signing('host;x-forwarded-for'), ...claim],
    lines: 'X-Forwarded-For: 198.51.100.7\r\n',
  },
  {
    name: 'of OPTIONS a signed field is replaced, because no server verifies it',
    mode: 'replace',
    method: 'OPTIONS',
    fields: [...signing('host;x-forwarded-for'), ...claim],
    lines: 'X-Forwarded-For: 192.0.2.1\r\n',
  },
  {
    name: 'a signed X-Forwarded-For of a trusted peer is never appended to',
    mode: 'append',
    peer: '10.1.2.3',
    fields: [...signing('host;x-forwarded-for'), ...claim],
    lines: 'X-Forwarded-For: 198.51.100.7\r\nX-Real-IP: 198.51.100.7\r\n',
  },
  {
    name: 'a field signed by a presigned URL is never touched',
    mode: 'replace',
    fields: claim,
    target: `/media/key?${presigned}`,
    lines: 'X-Real-IP: 198.51.100.8\r\nX-Forwarded-For: 192.0.2.1\r\n',
  },
  {
    name: 'a signed field in two lines is replaced',
    mode: 'replace',
    fields: [...signing('host;x-forwarded-for'), ...claim, ['x-forwarded-for', '198.51.100.7']],
    lines: 'X-Forwarded-For: 192.0.2.1\r\n',
  },
  {
    name: 'a signed field that is empty is replaced',
    mode: 'replace',
    fields: [...signing('host;x-forwarded-for'), ['X-Forwarded-For', '']],
    lines: 'X-Forwarded-For: 192.0.2.1\r\n',
  },
  ...(
    [
      ['SignedHeaders without a signature', [['Authorization', 'Basic SignedHeaders=x-forwarded-for']], ''],
      ['SignedHeaders of another name', signing('host;x-forwarded'), ''],
      ['a signature without X-Amz-Date', signing('host;x-forwarded-for').toSpliced(1, 1), ''],
      ['a signature beside AWSAccessKeyId', signing('host;x-forwarded-for'), '?AWSAccessKeyId=k'],
      ['a signature of a form', [...signing('host;x-forwarded-for'), ['Content-Type', 'multipart/form-data']], ''],
      ['a presigned URL without its algorithm', [], `?${presigned.slice(presigned.indexOf('&') + 1)}`],
      ['a presigned URL with another algorithm', [], `?${presigned.replace('HMAC', 'ECDSA')}`],
      ['a presigned URL without its date', [], `?${presigned.replace(/&X-Amz-Date=[^&]*/, '')}`],
      ['a presigned URL with an empty expiry', [], `?${presigned.replace('Expires=60', 'Expires=')}`],
      ['a presigned URL beside AWSAccessKeyId', [], `?AWSAccessKeyId=k&${presigned}`],
      [
        'a presigned URL of an unsigned stream',
        [['X-Amz-Content-Sha256', 'STREAMING-UNSIGNED-PAYLOAD-TRAILER']],
        `?${presigned}`,
      ],
    ] as const
  ).map(([what, fields, query]) => ({
    name: `${what} keeps nothing`,
    mode: 'replace' as const,
    method: what.endsWith('form') ? 'POST' : 'GET',
    fields: [...fields, ...claim],
    target: `/media/key${query.replace('x-real-ip', 'x-forwarded-for')}`,
    lines: 'X-Forwarded-For: 192.0.2.1\r\n',
  })),
]
for (const { name, mode, method = 'GET', fields = [], target = '/media/key', lines, ...rest } of cases) {
  t.test(name, async t => {
    const rawHeaders = ['Host', 's3.example', ...fields.flat()]
    const guarded = guardRequest(
      { method, url: target, httpVersion: '1.1', rawHeaders },
      { targetBytes: 8192, fields: 100 },
    )
    if (isRejection(guarded)) throw new Error(guarded.detail)
    const peer = 'peer' in rest ? rest.peer : '192.0.2.1'
    t.equal(forwardedLines(guarded, peer, { mode, trusted }), lines)
  })
}

t.test('many signed names beside many lines: each line is looked at a few times, not once for each name', async t => {
  const names = Array.from({ length: 490 }, (_, index) => `x-forwarded-${1000 + index}`)
  const query = presigned.replace('x-real-ip', names.join('%3B'))
  const rawHeaders = ['Host', 's3.example', ...names.flatMap(name => [name, '1'])]
  const guarded = guardRequest(
    { method: 'GET', url: `/media/key?${query}`, httpVersion: '1.1', rawHeaders },
    { targetBytes: 16_384, fields: 512 },
  )
  if (isRejection(guarded)) throw new Error(guarded.detail)
  let looks = 0
  const forwardedFields = new Proxy([...(guarded.forwardedFields ?? [])], {
    get(fields, key) {
      looks++
      return Reflect.get(fields, key)
    },
  })
  const lines = forwardedLines({ ...guarded, forwardedFields }, '192.0.2.1', { mode: 'replace', trusted })
  t.equal(lines, `${names.map(name => `${name}: 1\r\n`).join('')}X-Forwarded-For: 192.0.2.1\r\n`)
  t.ok(looks < 490 * 10, `${looks}`)
})
