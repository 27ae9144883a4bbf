import t, { type Test } from 'tap'
import type { ProxyResponse } from '../../../../src/proxy/node/response/proxy-response.ts'
import { serveRequests } from '../../../fixtures/client-side.ts'
import { outgoingFields } from '../../../fixtures/outgoing-fields.ts'
import { openRaw } from '../../../fixtures/raw-client.ts'

const date = 'Mon, 23 Nov 2026 10:00:00 GMT'

const cases: readonly {
  name: string
  request?: string
  status?: number
  reason?: string
  untilClose?: boolean
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
    name: 'HEAD: the length of what is not sent',
    request: 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n',
    fields: ['Content-Length', '2'],
    body: 'ok',
    response:
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: DATE\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n',
  },
  {
    name: 'HEAD without a length is not chunked',
    request: 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n',
    fields: [],
    body: 'ok',
    response: 'HTTP/1.1 200 OK\r\nDate: DATE\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n',
  },
  {
    name: '304: the length of what is not sent',
    status: 304,
    fields: ['Content-Length', '2', 'ETag', '"a"'],
    body: 'ok',
    response:
      'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 2\r\nDate: DATE\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n',
  },
  {
    name: 'an empty reason',
    reason: '',
    fields: ['Content-Length', '0'],
    response:
      'HTTP/1.1 200 \r\nContent-Length: 0\r\nDate: DATE\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n',
  },
  {
    name: 'a status without a reason of its own',
    status: 599,
    fields: ['Content-Length', '0'],
    response:
      'HTTP/1.1 599 \r\nContent-Length: 0\r\nDate: DATE\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n',
  },
  {
    name: 'a client that wants no more',
    request: 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    fields: ['Content-Length', '2'],
    body: 'ok',
    response: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: DATE\r\nConnection: close\r\n\r\nok',
  },
  {
    name: 'no length, and no chunks either',
    fields: [],
    untilClose: true,
    body: 'ok',
    response: 'HTTP/1.1 200 OK\r\nDate: DATE\r\nConnection: close\r\n\r\nok',
  },
  {
    name: 'HTTP/1.0 that stays, and knows the length',
    request: 'GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n',
    fields: ['Content-Length', '2'],
    body: 'ok',
    response:
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: DATE\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\nok',
  },
  {
    name: 'HTTP/1.0 that would stay, and does not know the length',
    request: 'GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n',
    fields: [],
    body: 'ok',
    response: 'HTTP/1.1 200 OK\r\nDate: DATE\r\nConnection: close\r\n\r\nok',
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
  untilClose = false,
  fields,
  body,
  response,
} of cases) {
  t.test(name, async t => {
    const port = await serveRequests(t, (_incoming, outgoing) => {
      outgoing.writeHead(status, reason, outgoingFields(fields), untilClose)
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

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

/** A client of a server that answers by `handle`, and what happened to each response. */
async function open(t: Test, handle: (response: ProxyResponse, count: number) => void) {
  const responses: ProxyResponse[] = []
  const closed: ProxyResponse[] = []
  const port = await serveRequests(t, (_request, response) => {
    response.once('close', () => closed.push(response))
    handle(response, responses.push(response))
  })
  const client = await openRaw(port)
  t.teardown(() => client.destroy())
  const allClosed = async () => {
    while (closed.length < responses.length) await new Promise(resolve => setTimeout(resolve, 5))
  }
  return { client, responses, closed, allClosed }
}

const pieces: { name: string; send: (response: ProxyResponse) => void; content: string }[] = [
  {
    name: 'a head by itself, then content as bytes, then the rest as text',
    send: response => {
      response.writeHead(200, 'OK', outgoingFields([]))
      response.flushHead()
      response.write(Buffer.from('one '), () => response.end('two'))
    },
    content: '4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n',
  },
  {
    name: 'all of it as bytes',
    send: response => {
      response.writeHead(200, 'OK', outgoingFields([]))
      response.end(Buffer.from('\xe9', 'latin1'))
    },
    content: '1\r\n\xe9\r\n0\r\n\r\n',
  },
  {
    name: 'bytes of a known length, then nothing more',
    send: response => {
      response.writeHead(200, 'OK', outgoingFields(['Content-Length', '6']))
      response.write(Buffer.from('one'), () => response.write(Buffer.from('two'), () => response.end()))
    },
    content: 'onetwo',
  },
  {
    name: 'bytes of a known length, all at once',
    send: response => {
      response.writeHead(200, 'OK', outgoingFields(['Content-Length', '2']))
      response.end(Buffer.from('ok'))
    },
    content: 'ok',
  },
]
for (const { name, send, content } of pieces) {
  t.test(`${name}: it arrives once, and the next response after it`, async t => {
    const { client, responses, allClosed } = await open(t, send)
    await client.write(get)
    await client.until(({ text }) => text.endsWith(content))
    await client.write(get)
    await client.until(({ text }) => text.split('HTTP/1.1 200 OK').length === 3 && text.endsWith(content))
    await allClosed()
    for (const { writableFinished, finished, socket } of responses) {
      t.strictSame([writableFinished, finished, socket], [true, true, null])
    }
    t.equal(client.text.split(content).length, 3)
  })
}

t.test('pipelined responses leave in the order of their requests, whichever is ready first', async t => {
  const { client, allClosed } = await open(t, (response, count) => {
    setTimeout(
      () => {
        response.writeHead(200, 'OK', outgoingFields(['Content-Length', '1']))
        response.end(String(count))
      },
      count === 1 ? 30 : 1,
    )
  })
  await client.write(get + get + get)
  await client.until(({ text }) => text.endsWith('3'))
  t.strictSame(
    client.text.match(/\r\n\r\n\d/g)?.map(end => end.at(-1)),
    ['1', '2', '3'],
  )
  await allClosed()
})

t.test('what comes after a response that closes is not answered', async t => {
  const { client, responses } = await open(t, response => {
    response.writeHead(200, 'OK', outgoingFields(['Content-Length', '0', 'Connection', 'close']))
    response.end()
  })
  await client.write(get + get)
  await client.until(({ ended }) => ended !== undefined)
  t.equal(client.text.split('HTTP/1.1').length, 2)
  t.equal(responses[0]?.writableFinished, true)
})

t.test('a response whose client leaves is closed once, and is not finished', async t => {
  const { client, responses, closed, allClosed } = await open(t, response => {
    response.writeHead(200, 'OK', outgoingFields(['Content-Length', '9']))
    response.write(Buffer.from('part'), () => client.reset())
  })
  await client.write(get)
  while (responses.length === 0) await new Promise(resolve => setTimeout(resolve, 5))
  await allClosed()
  await new Promise(resolve => setTimeout(resolve, 50))
  t.equal(closed.length, 1)
  t.match(responses[0], { destroyed: true, writableFinished: false })
  responses[0]?.write(Buffer.from('more'), () => t.fail('it is not taken'))
  responses[0]?.end('more')
  t.equal(responses[0]?.writableFinished, false)
})

t.test('a slow reader’s response is finished when it has read, not when it was written', async t => {
  const content = Buffer.alloc(16 * 1024 * 1024, 'a')
  const { client, responses, allClosed } = await open(t, response => {
    response.writeHead(200, 'OK', outgoingFields(['Content-Length', String(content.length)]))
    response.end(content)
  })
  client.socket.pause()
  await client.write(get)
  while (responses.length === 0) await new Promise(resolve => setTimeout(resolve, 5))
  await new Promise(resolve => setTimeout(resolve, 50))
  t.match(responses[0], { writableEnded: true, writableFinished: false, finished: false })
  client.socket.resume()
  await allClosed()
  t.equal(responses[0]?.writableFinished, true)
})
