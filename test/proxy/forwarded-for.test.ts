import { BlockList } from 'node:net'
import t from 'tap'
import type { ForwardedForPolicy } from '../../src/proxy/client-address.ts'
import { forwardedLines } from '../../src/proxy/forwarded-for.ts'
import { guardRequest, isRejection } from '../../src/proxy/request-guard.ts'

const trusted = new BlockList()
trusted.addSubnet('10.0.0.0', 8, 'ipv4')
trusted.addAddress('2001:db8::1', 'ipv6')

const claim = [
  ['X-Forwarded-For', '198.51.100.7'],
  ['X-Real-IP', '198.51.100.8'],
  ['Forwarded', 'for=198.51.100.9'],
] as const
const signature = 'AWS4-HMAC-SHA256 Credential=k/d/r/s3/aws4_request, SignedHeaders=host;x-forwarded-for, Signature=0'
const presigned = 'X-Amz-Credential=k&X-Amz-SignedHeaders=host%3Bx-real-ip&X-Amz-Signature=0'

const cases: readonly {
  name: string
  mode: ForwardedForPolicy['mode']
  peer?: string | undefined
  fields?: readonly (readonly [string, string])[]
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
    lines: 'X-Forwarded-For: 198.51.100.7, 10.1.2.3\r\n',
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
  { name: 'append replaces for anybody else', mode: 'append', fields: claim, lines: 'X-Forwarded-For: 192.0.2.1\r\n' },
  { name: 'preserve adds nothing', mode: 'preserve', lines: '' },
  {
    name: 'preserve passes everything on',
    mode: 'preserve',
    fields: claim,
    lines: 'X-Forwarded-For: 198.51.100.7\r\nX-Real-IP: 198.51.100.8\r\nForwarded: for=198.51.100.9\r\n',
  },
  {
    name: 'a signed field is never touched',
    mode: 'replace',
    fields: [['Authorization', signature], ...claim],
    lines: 'X-Forwarded-For: 198.51.100.7\r\n',
  },
  {
    name: 'a field signed by a presigned URL is never touched',
    mode: 'replace',
    fields: claim,
    target: `/media/key?${presigned}`,
    lines: 'X-Real-IP: 198.51.100.8\r\nX-Forwarded-For: 192.0.2.1\r\n',
  },
  {
    name: 'SignedHeaders without a signature mean nothing',
    mode: 'replace',
    fields: [['Authorization', 'Basic SignedHeaders=x-forwarded-for'], ...claim],
    lines: 'X-Forwarded-For: 192.0.2.1\r\n',
  },
  {
    name: 'SignedHeaders beside a version 2 signature mean nothing',
    mode: 'replace',
    fields: claim,
    target: `/media/key?AWSAccessKeyId=k&${presigned}`,
    lines: 'X-Forwarded-For: 192.0.2.1\r\n',
  },
]
for (const { name, mode, fields = [], target = '/media/key', lines, ...rest } of cases) {
  t.test(name, async t => {
    const rawHeaders = ['Host', 's3.example', ...fields.flat()]
    const guarded = guardRequest(
      { method: 'GET', url: target, httpVersion: '1.1', rawHeaders },
      { targetBytes: 8192, fields: 100 },
    )
    if (isRejection(guarded)) throw new Error(guarded.detail)
    const peer = 'peer' in rest ? rest.peer : '192.0.2.1'
    t.equal(forwardedLines(guarded, peer, { mode, trusted }), lines)
  })
}
