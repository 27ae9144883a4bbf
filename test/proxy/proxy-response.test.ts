import t from 'tap'
import { serveRequests } from '../fixtures/client-side.ts'
import { outgoingFields } from '../fixtures/outgoing-fields.ts'
import { openRaw } from '../fixtures/raw-client.ts'

const date = 'Mon, 23 Nov 2026 10:00:00 GMT'

const cases: readonly {
  name: string
  request?: string
  status?: number
  reason?: string
  fields: readonly string[]
  body?: string
  /** The whole response; DATE stands for a date of Node's own. */
  response: string
}[] = [
  {
    name: 'the fields as they are, then what Node says of the framing',
    fields: ['x-B', '1', 'Content-Length', '2', 'X-a', '2', 'x-b', '\xe9'],
    body: 'ok',
    response:
      'HTTP/1.1 200 OK\r\nx-B: 1\r\nX-a: 2\r\nx-b: \xe9\r\nContent-Length: 2\r\nDate: DATE\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\nok',
  },
  {
    name: 'a Date that is given is the only one',
    fields: ['dATE', date, 'Content-Length', '0'],
    response: `HTTP/1.1 200 OK\r\ndATE: ${date}\r\nContent-Length: 0\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n`,
  },
  {
    name: 'a reason of its own',
    reason: 'Fine',
    fields: ['ETag', '"a"', 'Content-Length', '0'],
    response:
      'HTTP/1.1 200 Fine\r\nETag: "a"\r\nContent-Length: 0\r\nDate: DATE\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n',
  },
  {
    name: 'a connection that ends',
    fields: ['x-amz-id-2', 'a', 'CONTENT-LENGTH', '0', 'Connection', 'close'],
    response: 'HTTP/1.1 200 OK\r\nx-amz-id-2: a\r\nCONTENT-LENGTH: 0\r\nDate: DATE\r\nConnection: close\r\n\r\n',
  },
  {
    name: 'no length: chunks',
    fields: ['X-a', '1'],
    body: 'ok',
    response:
      'HTTP/1.1 200 OK\r\nX-a: 1\r\nDate: DATE\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  },
  {
    name: 'no content, no framing',
    status: 204,
    fields: ['X-a', '1'],
    response:
      'HTTP/1.1 204 No Content\r\nX-a: 1\r\nDate: DATE\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n',
  },
  {
    name: 'HTTP/1.0: the end is the end of the connection',
    request: 'GET / HTTP/1.0\r\nHost: a\r\n\r\n',
    fields: ['X-a', '1'],
    body: 'ok',
    response: 'HTTP/1.1 200 OK\r\nX-a: 1\r\nDate: DATE\r\nConnection: close\r\n\r\nok',
  },
]

for (const {
  name,
  request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  status = 200,
  reason,
  fields,
  body,
  response,
} of cases) {
  t.test(name, async t => {
    const port = await serveRequests(t, (_incoming, outgoing) => {
      outgoing.writeHead(status, reason, outgoingFields(fields))
      if (body !== undefined) outgoing.write(Buffer.from(body, 'latin1'), () => undefined)
      outgoing.end()
    })
    const client = await openRaw(port)
    t.teardown(() => client.destroy())
    await client.write(request)
    const length = response.replace('DATE', date).length
    await client.until(({ text, ended }) => text.length >= length || ended !== undefined)
    const received = client.text
    t.equal(response.includes('DATE') ? received.replace(/Date: [^\r]*/, 'Date: DATE') : received, response)
  })
}
