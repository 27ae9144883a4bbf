import type { Socket } from 'node:net'
import t from 'tap'
import { settleHeaders } from '../../../src/proxy/handling/console-headers.ts'
import { ProxyRequest } from '../../../src/proxy/node/proxy-request.ts'
import { guardRequest, isRejection } from '../../../src/proxy/request/request-guard.ts'

const cases: readonly { name: string; fields: readonly string[]; lines: string; headers: object }[] = [
  {
    name: 'who the client is, is told anew',
    fields: [
      ...['X-Forwarded-For', '10.0.0.1', 'X-Real-IP', '10.0.0.1', 'Forwarded', 'for=10.0.0.1', 'X_Real_IP', '10.0.0.1'],
      ...['X-Forwarded-Proto', 'https', 'Accept', '*/*'],
    ],
    lines: 'X-Forwarded-For: 192.0.2.1\r\n',
    headers: { host: 'a', accept: '*/*', 'x-forwarded-for': '192.0.2.1' },
  },
  {
    name: 'nothing is told where nothing is to be told',
    fields: ['X-Forwarded-For', '10.0.0.1'],
    lines: '',
    headers: { host: 'a' },
  },
  {
    name: 'several lines of one field are a list',
    fields: [],
    lines: 'X-Forwarded-For: 192.0.2.1\r\nx-forwarded-for: 192.0.2.2\r\n',
    headers: { host: 'a', 'x-forwarded-for': '192.0.2.1, 192.0.2.2' },
  },
  {
    name: 'a length is in canonical form',
    fields: ['Content-Length', '007'],
    lines: '',
    headers: { host: 'a', 'content-length': '7' },
  },
]
for (const { name, fields, lines, headers } of cases) {
  t.test(name, async t => {
    const rawHeaders = ['Host', 'a', ...fields]
    const request = new ProxyRequest({} as Socket)
    // As Node's parser hands them over.
    const parsed = request as unknown as { _addHeaderLines(fields: readonly string[], count: number): void }
    parsed._addHeaderLines(rawHeaders, rawHeaders.length)
    const head = { method: 'GET', url: '/', httpVersion: '1.1', rawHeaders }
    const guarded = guardRequest(head, { targetBytes: 100, fields: 100 })
    if (isRejection(guarded)) throw new Error(guarded.detail)
    settleHeaders(request, guarded, lines)
    t.strictSame({ ...request.headers }, headers)
  })
}
