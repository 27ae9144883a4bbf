// Faults of the endpoint’s responses: none may look like a complete, good response.

import t from 'tap'
import { errorCode, readResponse, readResponses } from '../fixtures/client-responses.ts'
import {
  drip,
  type FaultScript,
  fin,
  pause,
  readOn,
  rst,
  startFaultUpstream,
  stopReading,
  write,
} from '../fixtures/fault-upstream.ts'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { badChunks, chunkedOk, type ResponseCase, responseCases } from '../fixtures/response-grammar.ts'
import { goodOrigin, startTestProxy } from '../fixtures/test-proxy.ts'
import { upload } from '../fixtures/uploads.ts'
import { assertWell, goodTarget } from '../fixtures/well-being.ts'

t.setTimeout(300_000)

const status = 'HTTP/1.1 200 OK\r\n'
const ok = `${status}Content-Length: 2\r\n\r\nok`
const closing = 'Connection: close\r\n'
const get = (version = '1.1', fields = '', method = 'GET') =>
  `${method} /web/k HTTP/${version}\r\nHost: a\r\nOrigin: ${goodOrigin}\r\n${fields}\r\n`

const start = (t: Parameters<typeof startFaultUpstream>[0], script: FaultScript) =>
  startFaultUpstream(t, (_connection, request) =>
    request === undefined || request.target === goodTarget ? [write(ok)] : script,
  )

// The pause lets the head go before the end comes; without it both may come at once, and a 502 is as good.
const ends = [
  ['FIN', [pause(10), fin]],
  ['RST', [pause(10), rst]],
  ['FIN at once', [fin]],
  ['RST at once', [rst]],
] as const

t.test('a response that breaks off is broken for the client too', async t => {
  const tenBytes = `${status}Content-Length: 10\r\n\r\n`
  const chunks = `${status}Transfer-Encoding: chunked\r\n\r\n`
  const cases: [name: string, bytes: string][] = [
    ['a length, no byte', tenBytes],
    ['a length, one byte', `${tenBytes}0`],
    ['a length, one byte less', `${tenBytes}012345678`],
    ['chunks, none', chunks],
    ['chunks, half a size', `${chunks}3`],
    ['chunks, within one', `${chunks}3\r\nab`],
    ['chunks, after one', `${chunks}3\r\nabc\r\n`],
    ['chunks, last chunk without its end', `${chunks}3\r\nabc\r\n0\r\n`],
    ['chunks, within the trailers', `${chunks}3\r\nabc\r\n0\r\nX: y\r\n`],
  ]
  for (const [name, bytes] of cases) {
    for (const [how, end] of ends) {
      for (const version of ['1.1', '1.0']) {
        t.test(`${name}, ${how}, HTTP/${version}`, async t => {
          const upstream = await start(t, [write(bytes), ...end])
          const proxy = await startTestProxy(t, upstream.url)
          const client = await proxy.open(t)
          await client.write(get(version))
          await client.until(({ ended }) => ended !== undefined)
          const record = await proxy.record('/web/k')
          t.equal(record.clientAborted, false)
          if (client.text.startsWith('HTTP/1.1 502')) {
            t.equal(readResponse(client.text).verdict, 'complete')
          } else if (client.text !== '') {
            const { verdict, framing } = readResponse(client.text)
            if (framing === 'close')
              t.equal(await client.endedBy(), 'reset', 'what only the end delimits ends by force')
            else t.equal(verdict, 'incomplete')
          }
          t.match(record.upstreamFailure, /^(?:truncated|reset)$/)
          client.destroy()
          await assertWell(t, proxy, upstream)
          t.equal(upstream.connections.length, 2, 'its connection is not used again')
        })
      }
    }
  }
})

t.test('a close-delimited response ends as the endpoint ended it', async t => {
  for (const [how, end, ended] of [
    ['FIN', fin, 'fin'],
    ['RST', rst, 'reset'],
  ] as const) {
    for (const tls of [false, true]) {
      for (const version of ['1.1', '1.0']) {
        const upstream = await start(t, [write(`${status}\r\nabc`), pause(30), write('def'), pause(30), end])
        const proxy = await startTestProxy(t, upstream.url, {}, { tls })
        const client = await proxy.open(t)
        await client.write(get(version, 'Connection: keep-alive\r\n'))
        await client.until(connection => connection.ended !== undefined)
        t.equal(client.ended, ended, `${how}, HTTP/${version}, TLS ${tls}`)
        const response = readResponse(client.text)
        t.strictSame([response.framing, response.values('connection')], ['close', ['close']])
        if (ended === 'fin') t.equal(response.body, 'abcdef')
        t.equal((await proxy.record('/web/k')).upstreamFailure, ended === 'fin' ? undefined : 'truncated')
        client.destroy()
        await assertWell(t, proxy, upstream)
        t.equal(upstream.connections.length, 2)
      }
    }
  }
})

t.test('what is no good head is a 502, as S3 words it, with the CORS of the request', async t => {
  const fields = (lines: string) => `${status}${lines}\r\n\r\nhello`
  const cases: [name: string, script: FaultScript, reason: RegExp][] = [
    ['an empty reply', [fin], /reset/],
    ['a reset', [rst], /reset/],
    ['half a status line', [write('HTTP/1.1 20'), fin], /truncated/],
    ['half a head', [write(`${status}X: y\r\n`), fin], /truncated/],
    ['half a head, reset', [write(`${status}X: y\r\n`), pause(10), rst], /truncated|reset/],
    ['another protocol', [write('SSH-2.0-OpenSSH_9.6\r\n')], /malformed/],
    ['a head of 100 KB', [write(fields(`X: ${'x'.repeat(100_000)}`))], /malformed/],
  ]
  for (const [name, script, reason] of cases) {
    t.test(name, async t => {
      const upstream = await start(t, script)
      const proxy = await startTestProxy(t, upstream.url)
      const response = readResponse(await proxy.send(t, get('1.1', closing)))
      t.strictSame([response.status, errorCode(response), response.verdict], [502, 'BadGateway', 'complete'])
      t.strictSame(response.values('access-control-allow-origin'), [goodOrigin])
      t.strictSame(response.values('vary'), ['Origin, Access-Control-Request-Headers, Access-Control-Request-Method'])
      t.match((await proxy.record('/web/k')).upstreamFailure, reason)
      await assertWell(t, proxy, upstream)
      t.equal(upstream.connections.length, 2, 'its connection is not used again')
    })
  }
})

const chunkCases: readonly ResponseCase[] = badChunks.map(({ name, body }) => ({
  name: `a chunked response: ${name}`,
  bytes: chunkedOk + body,
}))

t.test('every case of the response grammar reaches the client as what it is', async t => {
  const all = [...responseCases, ...chunkCases]
  const upstream = await startFaultUpstream(t, (_connection, request) => {
    const entry = all[Number(request?.target.slice('/web/'.length))]
    return entry === undefined ? [write(ok)] : [write(entry.bytes), pause(10), fin]
  })
  const proxy = await startTestProxy(t, upstream.url)
  for (const [index, { name, method = 'GET', good, fault }] of all.entries()) {
    const target = `/web/${index}`
    const bytes = `${method} ${target} HTTP/1.1\r\nHost: a\r\nOrigin: ${goodOrigin}\r\n${closing}\r\n`
    const response = readResponse(await proxy.send(t, bytes), method)
    const { upstreamFailure } = await proxy.record(target)
    if (good !== undefined) {
      const [statusCode, , body, finish] = good
      // What only the end of the connection delimits is open until then.
      const verdict = { idle: 'complete', complete: 'open', truncated: 'incomplete' }[finish]
      t.strictSame([response.status, response.body, response.verdict], [statusCode, body, verdict], name)
    } else if (fault !== undefined) {
      t.strictSame([response.status, response.verdict, upstreamFailure], [502, 'complete', 'malformed'], name)
    } else {
      // Its head may have gone already.
      t.equal(response.status === 502 || response.verdict === 'incomplete', true, name)
      t.equal(upstreamFailure, 'malformed', name)
    }
  }
  await assertWell(t, proxy, upstream)
})

t.test('an endpoint that is not there, or has no such name, is a 502', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, 'http://127.0.0.1:1')
  t.equal(readResponse(await proxy.send(t, get('1.1', closing))).status, 502)
  t.equal((await proxy.record('/web/k')).upstreamFailure, 'refused')
  proxy.apply({}, 'http://name.invalid:9000')
  t.equal(readResponse(await proxy.send(t, get('1.1', closing))).status, 502)
  await proxy.until(({ records }) => records.length === 2)
  t.equal(proxy.records[1]?.upstreamFailure, 'dns')
  const plain = await startFaultUpstream(t, [write('HTTP/1.1 400 Bad Request\r\n\r\n'), fin], { at: 'connection' })
  proxy.apply({}, plain.url.replace('http:', 'https:'))
  t.equal(readResponse(await proxy.send(t, get('1.1', closing))).status, 502)
  await proxy.until(({ records }) => records.length === 3)
  t.equal(proxy.records[2]?.upstreamFailure, 'tls')
  proxy.apply({}, upstream.url)
  await assertWell(t, proxy, upstream)
})

t.test('what comes after a response is no response', async t => {
  const evil = `${status}Content-Length: 4\r\n\r\nEVIL`
  for (const [name, script] of [
    ['more bytes in the same packet', [write(`${ok}more`)]],
    ['a second response in the same packet', [write(ok + evil)]],
    ['a second response 30 ms later', [write(ok), pause(30), write(evil)]],
    ['after chunks', [write(`${status}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n${evil}`)]],
    ['one byte', [write(`${ok}\n`)]],
  ] satisfies [string, FaultScript][]) {
    t.test(name, async t => {
      const upstream = await start(t, script)
      const proxy = await startTestProxy(t, upstream.url)
      const client = await proxy.open(t)
      const second = get('1.1', closing).replace('/web/k', goodTarget)
      if (name.includes('later')) {
        // Once a second request is on its way, nothing tells an unsolicited response from its answer.
        await client.write(get())
        await upstream.until(({ connections }) => connections[0]?.closed === true)
        await client.write(second)
      } else await client.write(get() + second) // so that it waits for the very moment
      await client.until(({ ended }) => ended !== undefined)
      t.strictSame(
        readResponses(client.text).map(({ body }) => body),
        ['ok', 'ok'],
      )
      client.destroy()
      await assertWell(t, proxy, upstream)
      t.notMatch(client.text, /EVIL|more/)
    })
  }
})

t.test('a response without content has none, whatever it says and whatever follows', async t => {
  for (const [name, method, head, extra, kept] of [
    ['204', 'GET', 'HTTP/1.1 204 No Content\r\n', '', []],
    ['204 with bytes', 'GET', 'HTTP/1.1 204 No Content\r\n', 'body', []],
    ['204 with a length', 'GET', 'HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n', 'body', []],
    ['304', 'GET', 'HTTP/1.1 304 Not Modified\r\n', '', []],
    ['304 with a length', 'GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n', '', ['5']],
    ['304 with a length and bytes', 'GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n', 'hello', ['5']],
    ['304 that says chunked', 'GET', 'HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n', '', []],
    ['HEAD of 5 GiB', 'HEAD', `${status}Content-Length: 5368709120\r\n`, '', ['5368709120']],
    ['HEAD with bytes', 'HEAD', `${status}Content-Length: 5\r\n`, 'hello', ['5']],
    ['HEAD that says chunked', 'HEAD', `${status}Transfer-Encoding: chunked\r\n`, '', []],
    [
      'HEAD that says chunked, with chunks',
      'HEAD',
      `${status}Transfer-Encoding: chunked\r\n`,
      '1\r\nx\r\n0\r\n\r\n',
      [],
    ],
    ['HEAD of an error', 'HEAD', 'HTTP/1.1 404 Not Found\r\nContent-Length: 300\r\n', '', ['300']],
    ['HEAD without a length', 'HEAD', status, '', []],
    ['HEAD of nothing', 'HEAD', `${status}Content-Length: 0\r\n`, '', ['0']],
  ] as const) {
    for (const version of ['1.1', '1.0']) {
      t.test(`${name}, HTTP/${version}`, async t => {
        const upstream = await start(t, [write(`${head}ETag: "e"\r\n\r\n${extra}`)])
        const proxy = await startTestProxy(t, upstream.url)
        const client = await proxy.open(t)
        await client.write(get(version, 'Connection: keep-alive\r\n', method))
        await client.until(({ text, ended }) => ended !== undefined || text.includes('\r\n\r\n'))
        const keeps =
          client.ended === undefined && readResponse(client.text, method).values('connection')[0] !== 'close'
        if (keeps) {
          await client.write(get('1.1', closing).replace('/web/k', goodTarget))
          await client.until(({ ended }) => ended !== undefined)
        }
        const [response, second] = readResponses(client.text, method)
        t.strictSame([response?.framing, response?.body, response?.values('content-length')], ['none', '', kept])
        t.strictSame(response?.values('transfer-encoding'), [])
        t.strictSame(response?.values('access-control-allow-origin'), [goodOrigin])
        if (version === '1.1') t.equal(second?.body, 'ok', 'the client connection goes on')
        client.destroy()
        await assertWell(t, proxy, upstream)
        const isDoubtful = extra !== '' || (name as string) === '204 with a length'
        t.equal(upstream.connections.length > 1, isDoubtful, 'a connection in doubt is not used again')
      })
    }
  }
})

t.test('a head of 60 KB passes', async t => {
  const metadata = Array.from({ length: 60 }, (_, index) => `x-amz-meta-${index}: ${'m'.repeat(1000)}\r\n`).join('')
  const upstream = await start(t, [write(`${status}${metadata}Content-Length: 2\r\n\r\nok`)])
  const proxy = await startTestProxy(t, upstream.url)
  const response = readResponse(await proxy.send(t, get('1.1', closing)))
  t.equal(response.status, 200)
  t.equal(response.fields.filter(([name]) => name.startsWith('x-amz-meta-')).length, 60)
  await assertWell(t, proxy, upstream)
})

t.test('statuses and reasons pass as they are', async t => {
  for (const line of [
    'HTTP/1.1 200',
    'HTTP/1.1 200 ',
    'HTTP/1.1 299 Very \xe4 Good',
    'HTTP/1.0 500 X',
    'HTTP/1.1 599 Y',
  ]) {
    const upstream = await start(t, [write(`${line}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`), fin])
    const proxy = await startTestProxy(t, upstream.url)
    const text = await proxy.send(t, get('1.1', closing))
    t.equal(text.split('\r\n')[0]?.trimEnd(), line.replace('HTTP/1.0', 'HTTP/1.1').trimEnd())
    await assertWell(t, proxy, upstream)
  }
})

t.test('what does not come in time', async t => {
  t.jobs = 5
  const settings = { upstream: { connectSeconds: 0.5, responseSeconds: 0.4, idleSeconds: 0.4 } }
  t.test('a silent endpoint is a 504', { buffered: true }, async t => {
    const upstream = await start(t, [])
    const proxy = await startTestProxy(t, upstream.url, settings)
    const response = readResponse(await proxy.send(t, get('1.1', closing)))
    t.strictSame([response.status, errorCode(response)], [504, 'GatewayTimeout'])
    t.strictSame(response.values('access-control-allow-origin'), [goodOrigin])
    t.match(await proxy.record('/web/k'), { upstreamFailure: 'timeout', clientAborted: false })
    await assertWell(t, proxy, upstream)
  })
  t.test('a head that drips is a 504', { buffered: true }, async t => {
    const upstream = await start(t, [drip(`${status}X: ${'x'.repeat(1000)}`, 50)])
    const proxy = await startTestProxy(t, upstream.url, settings)
    t.equal(readResponse(await proxy.send(t, get('1.1', closing))).status, 504)
    await assertWell(t, proxy, upstream)
  })
  t.test('content that stops is broken off', { buffered: true }, async t => {
    for (const [framing, ended] of [
      ['Content-Length: 10\r\n\r\nabc', 'fin'],
      ['Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n', 'fin'],
      ['\r\nabc', 'reset'],
    ] as const) {
      const upstream = await start(t, [write(status + framing)])
      const proxy = await startTestProxy(t, upstream.url, settings)
      const client = await proxy.open(t)
      await client.write(get())
      await client.until(connection => connection.ended !== undefined)
      t.equal(client.ended, ended)
      t.not(readResponse(client.text).verdict, 'complete')
      t.equal((await proxy.record('/web/k')).upstreamFailure, 'timeout')
      client.destroy()
      await assertWell(t, proxy, upstream)
    }
  })
  t.test('content that drips for longer than any limit is not', { buffered: true }, async t => {
    const upstream = await start(t, [
      write(`${status}Transfer-Encoding: chunked\r\n\r\n`),
      drip('1\r\n \r\n'.repeat(30), 120),
      write('0\r\n\r\n'),
    ])
    const proxy = await startTestProxy(t, upstream.url, settings)
    const client = await proxy.open(t)
    await client.write(get('1.1', closing, 'POST'))
    await client.until(({ text }) => text.endsWith('1\r\n \r\n'), 1000)
    t.equal(upstream.requests.length, 1, 'not buffered: the first byte is there long before the last')
    await client.until(({ ended }) => ended !== undefined)
    t.strictSame([readResponse(client.text).verdict, readResponse(client.text).body], ['complete', ' '.repeat(30)])
    client.destroy()
    await assertWell(t, proxy, upstream)
  })
  t.test('an upload that the endpoint takes no more of is a 504', { buffered: true }, async t => {
    const upstream = await start(t, [stopReading])
    const proxy = await startTestProxy(t, upstream.url, settings)
    const client = await proxy.open(t)
    await client.write(get('1.1', 'Content-Length: 60000000\r\n', 'PUT'))
    await upload(client, 60_000_000)
    await client.until(({ ended }) => ended !== undefined)
    t.equal(readResponse(client.text).status, 504)
    client.destroy()
    await assertWell(t, proxy, upstream)
  })
})

t.test('an endpoint that says close and does not is closed', async t => {
  for (const framing of ['Content-Length: 2\r\n\r\nok', 'Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n']) {
    const upstream = await start(t, [write(`${status}Connection: close\r\n${framing}`)])
    const proxy = await startTestProxy(t, upstream.url)
    const response = readResponse(await proxy.send(t, get('1.1', closing)))
    t.strictSame([response.verdict, response.body], ['complete', 'ok'])
    await upstream.until(({ open }) => open === 0)
    await assertWell(t, proxy, upstream)
  }
})

t.test('an answer before the end of an upload arrives, whatever the endpoint does then', async t => {
  t.jobs = 8
  // Far more than is taken in the pauses of a busy machine.
  const size = 400_000_000
  for (const connection of ['', closing]) {
    const denied = `HTTP/1.1 403 Forbidden\r\n${connection}Content-Length: 6\r\n\r\ndenied`
    for (const [name, script] of [
      ['and FIN', [write(denied), fin]],
      ['and RST', [write(denied), pause(20), rst]],
      ['and no more reading', [stopReading, write(denied)]],
      ['after it has stopped reading', [stopReading, pause(100), write(denied), fin]],
      ['after a while, and RST', [pause(30), write(denied), pause(30), rst]],
      ['while it reads on', [write(denied), readOn]],
    ] satisfies [string, FaultScript][]) {
      for (const [chunked, tls] of [
        [false, false],
        [true, false],
        [false, true],
      ] as const) {
        t.test(
          `${name}, ${connection === '' ? 'kept alive' : 'closed'}, ${chunked ? 'chunked' : 'length'}, TLS ${tls}`,
          async t => {
            const upstream = await startFaultUpstream(
              t,
              (_connection, request) => (request?.target === goodTarget ? [write(ok)] : script),
              { keepBytes: false },
            )
            const proxy = await startTestProxy(t, upstream.url, {}, { tls })
            const client = await proxy.open(t)
            await client.write(
              get('1.1', chunked ? 'Transfer-Encoding: chunked\r\n' : `Content-Length: ${size}\r\n`, 'PUT'),
            )
            const taken = await upload(client, size, chunked)
            await client.until(({ ended }) => ended !== undefined)
            const response = readResponse(client.text, 'PUT')
            t.strictSame([response.status, response.body, response.verdict], [403, 'denied', 'complete'])
            t.strictSame(response.values('connection'), ['close'])
            t.strictSame(response.values('access-control-allow-origin'), [goodOrigin])
            t.ok(taken < size / 2, `${taken} bytes were taken`)
            client.destroy()
            t.match(await proxy.record('/web/k'), { status: 403, upstreamFailure: undefined, clientAborted: false })
            await assertWell(t, proxy, upstream)
            t.equal(upstream.connections.length, 2, 'its connection is not used again')
            t.ok(upstream.requests.filter(({ target }) => target === '/web/k').every(({ complete }) => !complete))
          },
        )
      }
    }
  }
})
