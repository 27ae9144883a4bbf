import { createServer } from 'node:net'
import t from 'tap'
import { ClosingResponse } from '../../../src/proxy/client/closing-response.ts'
import { outgoingFields } from '../../fixtures/outgoing-fields.ts'
import { openRaw } from '../../fixtures/raw-client.ts'

const cases: { name: string; status: number; fields: readonly string[]; content: string | Buffer; expected: RegExp }[] =
  [
    {
      name: 'a text goes with the head, each character a byte',
      status: 400,
      fields: ['X-A', '\xe5', 'Content-Length', '2'],
      content: 'b\xe5',
      expected:
        /^HTTP\/1\.1 400 Bad Request\r\nX-A: \xe5\r\nContent-Length: 2\r\nDate: [^\r]* GMT\r\nConnection: close\r\n\r\nb\xe5$/,
    },
    {
      name: 'bytes follow the head',
      status: 503,
      fields: ['Content-Length', '2'],
      content: Buffer.from('å'),
      expected: /^HTTP\/1\.1 503 Service Unavailable\r\nContent-Length: 2\r\n[^\xc3]*\r\n\r\n\xc3\xa5$/,
    },
    {
      name: 'a head alone',
      status: 502,
      fields: ['Content-Length', '0'],
      content: '',
      expected: /^HTTP\/1\.1 502 Bad Gateway\r\nContent-Length: 0\r\n[\s\S]*\r\nConnection: close\r\n\r\n$/,
    },
  ]
for (const { name, status, fields, content, expected } of cases) {
  t.test(`${name}, and the connection ends`, async t => {
    const server = createServer(socket => {
      const response = new ClosingResponse(socket)
      response.writeHead(status, undefined, outgoingFields(fields))
      response.end(content)
    })
    server.listen(0, '127.0.0.1')
    t.teardown(() => server.close())
    await new Promise(resolve => server.once('listening', resolve))
    const client = await openRaw((server.address() as { port: number }).port)
    await client.until(({ ended }) => ended === 'fin')
    t.match(client.text, expected)
    client.destroy()
  })
}
