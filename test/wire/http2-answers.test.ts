// Answers of the endpoint to requests of HTTP/2: whole, or visibly not. The rows are those that answers to requests of HTTP/1.1 have
// in `endpoint-faults`, `pass-through`, `expectations`, `retries`, `limits` and `aborts`, as far as they have a meaning here.

import type { ClientHttp2Session } from 'node:http2'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
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
import { askHttp2, type Http2Answer, openHttp2 } from '../fixtures/http2-client.ts'
import { FrameClient, frameTypes, requestFields } from '../fixtures/http2-frames.ts'
import { type PassedAnswer, passedAnswers } from '../fixtures/passed-answers.ts'
import { answerOk, startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { badChunks, chunkedOk, type ResponseCase, responseCases } from '../fixtures/response-grammar.ts'
import { writeEndlessly } from '../fixtures/streams.ts'
import { goodOrigin, startTestProxy } from '../fixtures/test-proxy.ts'
import { assertWell, goodOr, goodTarget } from '../fixtures/well-being.ts'

t.setTimeout(300_000)

const tls = { tls: true }
const status = 'HTTP/1.1 200 OK\r\n'
const ok = `${status}Content-Length: 2\r\n\r\nok`
/** Of an endpoint that says how long it keeps a connection: a request that cannot be sent again takes it, too. */
const keeping = `${status}Keep-Alive: timeout=60\r\nContent-Length: 2\r\n\r\nok`

/** RFC 9113 §7 */
const noError = 0
const internalError = 2

function ask(session: ClientHttp2Session, target: string, method = 'GET', content?: string): Promise<Http2Answer> {
  return askHttp2(session, { method, target, authority: 'a', fields: [['origin', goodOrigin]], content })
}

const valuesOf = ({ fields }: Http2Answer, name: string) =>
  fields.filter(([other]) => other === name).map(([, value]) => value)

const start = (t: Test, script: FaultScript, at: 'head' | 'request' = 'head') =>
  startFaultUpstream(t, (_connection, request) => (request?.target === goodTarget ? [write(ok)] : script), { at })

const chunkCases: readonly ResponseCase[] = badChunks.map(({ name, body }) => ({
  name: `a chunked response: ${name}`,
  bytes: chunkedOk + body,
}))

for (const end of [fin, rst]) {
  t.test(`every case of the response grammar reaches a stream as what it is, then ${end.kind}`, async t => {
    const all = [...responseCases, ...chunkCases]
    const upstream = await startFaultUpstream(t, (_connection, request) => {
      const entry = all[Number(request?.target.slice('/web/'.length))]
      return entry === undefined ? [write(ok)] : [write(entry.bytes), pause(10), end]
    })
    const proxy = await startTestProxy(t, upstream.url, {}, tls)
    const session = await openHttp2(t, proxy.port)
    for (const [index, { name, method = 'GET', good, fault }] of all.entries()) {
      const answer = await ask(session, `/web/${index}`, method)
      const { upstreamFailure, clientAborted } = await proxy.record(`/web/${index}`)
      t.equal(clientAborted, false, name)
      if (good !== undefined) {
        const [statusCode, , body, finish] = good
        const isWhole = finish === 'idle' || (finish === 'complete' && end === fin)
        // A reset may overtake what was sent before it, and a head without content may be held back for that.
        const isLost = !isWhole && answer.status === 502 && answer.reset === noError
        if (isLost) continue
        t.strictSame([answer.status, answer.reset], [statusCode, isWhole ? noError : internalError], name)
        t.ok(isWhole ? answer.body === body : body.startsWith(answer.body), name)
      } else if (fault !== undefined) {
        t.strictSame([answer.status, answer.reset, upstreamFailure], [502, noError, 'malformed'], name)
        t.strictSame(valuesOf(answer, 'access-control-allow-origin'), [goodOrigin], name)
      } else {
        // Its head may have gone already.
        t.ok(answer.status === 502 || answer.reset === internalError, name)
        t.equal(upstreamFailure, 'malformed', name)
      }
    }
    session.destroy()
    await assertWell(t, proxy, upstream)
  })
}

t.test(
  'what is no answer is 502, what does not come in time is 504 or a reset, and the connection goes on',
  async t => {
    const limits = { connectSeconds: 0.5, responseSeconds: 0.4, idleSeconds: 0.4 }
    for (const [name, script, expected] of [
      ['an empty reply', [fin], [502, noError]],
      ['a reset', [rst], [502, noError]],
      ['half a head', [write(`${status}X: y\r\n`), fin], [502, noError]],
      ['another protocol', [write('SSH-2.0-OpenSSH_9.6\r\n')], [502, noError]],
      ['a head of 100 KB', [write(`${status}X: ${'x'.repeat(100_000)}\r\n\r\nhello`)], [502, noError]],
      ['an unsolicited 101', [write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n')], [502, noError]],
      ['a flood of interim responses', [write('HTTP/1.1 102 Processing\r\n\r\n'.repeat(2000))], [502, noError]],
      ['silence', [], [504, noError]],
      ['a head that drips', [drip(`${status}X: ${'x'.repeat(1000)}`, 50)], [504, noError]],
      ['content that stops', [write(`${status}Content-Length: 10\r\n\r\nabc`)], [200, internalError]],
      ['chunks that stop', [write(`${chunkedOk}3\r\nabc\r\n`)], [200, internalError]],
      ['content without length that stops', [write(`${status}\r\nabc`)], [200, internalError]],
    ] satisfies [string, FaultScript, [number, number]][]) {
      await t.test(name, async t => {
        const upstream = await start(t, script)
        const proxy = await startTestProxy(t, upstream.url, { upstream: limits }, tls)
        const session = await openHttp2(t, proxy.port)
        const answer = await ask(session, '/web/k')
        t.strictSame([answer.status, answer.reset], expected)
        t.strictSame(valuesOf(answer, 'access-control-allow-origin'), [goodOrigin])
        t.equal((await ask(session, goodTarget)).body, 'ok')
        t.ok((await proxy.record('/web/k')).upstreamFailure)
        session.destroy()
        await assertWell(t, proxy, upstream)
        t.equal(upstream.connections.length, 2, 'its connection to the endpoint is not used again')
      })
    }
  },
)

t.test('content that drips for longer than any limit arrives as it comes', async t => {
  const upstream = await start(t, [write(chunkedOk), drip('1\r\n \r\n'.repeat(30), 120), write('0\r\n\r\n')])
  const limits = { connectSeconds: 0.5, responseSeconds: 0.4, idleSeconds: 0.4 }
  const proxy = await startTestProxy(t, upstream.url, { upstream: limits }, tls)
  const client = await FrameClient.open(proxy.port)
  t.teardown(() => client.close())
  client.headers(1, requestFields('POST', '/web/k', 'a'), true)
  t.equal(await client.outcome(1), 'end')
  const pieces = client.frames.filter(({ type, payload }) => type === frameTypes.data && payload.length > 0)
  t.ok(pieces.length > 5, `not gathered: ${pieces.length} pieces`)
  t.equal(Buffer.concat(pieces.map(({ payload }) => payload)).toString(), ' '.repeat(30))
  client.close()
  await assertWell(t, proxy, upstream)
})

t.test('interim responses and trailers are never taken for the answer, nor passed on', async t => {
  const hostile = 'Access-Control-Allow-Origin: *\r\nLink: </x>; rel=preload\r\n'
  const upstream = await start(t, [
    write(`HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n${hostile}\r\n`),
    pause(20),
    write(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 199 X\r\n\r\n${chunkedOk}2\r\nok\r\n0\r\n${hostile}\r\n`),
  ])
  const proxy = await startTestProxy(t, upstream.url, {}, tls)
  const client = await FrameClient.open(proxy.port)
  t.teardown(() => client.close())
  client.headers(1, requestFields('GET', '/web/k', 'a'), true)
  t.equal(await client.outcome(1), 'end')
  t.equal(client.frames.filter(({ type }) => type === frameTypes.headers).length, 1, 'one head, and no trailers')
  client.close()
  await assertWell(t, proxy, upstream)
})

t.test('what comes after an answer is none', async t => {
  const evil = `${status}Content-Length: 4\r\n\r\nEVIL`
  for (const [name, script] of [
    ['more bytes in the same packet', [write(`${ok}more`)]],
    ['a second response in the same packet', [write(ok + evil)]],
    ['a second response 30 ms later', [write(ok), pause(30), write(evil)]],
    ['after chunks', [write(`${chunkedOk}2\r\nok\r\n0\r\n\r\n${evil}`)]],
  ] satisfies [string, FaultScript][]) {
    const upstream = await start(t, script)
    const proxy = await startTestProxy(t, upstream.url, {}, tls)
    const session = await openHttp2(t, proxy.port)
    const first = await ask(session, '/web/k')
    if (name.includes('later')) await upstream.until(({ connections }) => connections[0]?.closed === true)
    const second = await ask(session, goodTarget)
    t.strictSame([first.body, first.reset, second.body, second.reset], ['ok', noError, 'ok', noError], name)
    session.destroy()
    await assertWell(t, proxy, upstream)
  }
})

t.test(
  'connection-specific fields of the endpoint are dropped, and what it nominates but for what is protected',
  async t => {
    const upstream = await start(t, [
      write(
        `${status}Content-Length: 2\r\nConnection: close, ETag, X-Drop, Content-Length\r\nKeep-Alive: timeout=9\r\n` +
          'Proxy-Connection: x\r\nTE: x\r\nTrailer: X-T\r\nUpgrade: h2c\r\nProxy-Authenticate: Basic\r\nETag: "e"\r\n' +
          'X-Drop: 1\r\nX-Keep: 1\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: *\r\n\r\nok',
      ),
    ])
    const proxy = await startTestProxy(t, upstream.url, {}, tls)
    const session = await openHttp2(t, proxy.port)
    const { fields } = await askHttp2(session, { method: 'GET', target: '/web/k', authority: 'a' })
    t.strictSame(
      fields.filter(([name]) => name !== 'date'),
      [
        ['etag', '"e"'],
        ['x-keep', '1'],
        ['vary', 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'],
        ['content-length', '2'],
      ],
    )
    t.equal((await ask(session, goodTarget)).body, 'ok', 'the client’s connection is not the endpoint’s to close')
    session.destroy()
    await assertWell(t, proxy, upstream)
  },
)

t.test('requests and answers of S3 pass as they are', async t => {
  const byTarget = new Map<string, PassedAnswer>()
  const upstream = await startRecordingUpstream(t, {
    answer: goodOr(({ target }) => {
      const { status: line, fields, body = '' } = byTarget.get(target) as PassedAnswer
      return `HTTP/1.1 ${line}\r\n${fields.map(field => `${field}\r\n`).join('')}\r\n${body}`
    }),
  })
  const proxy = await startTestProxy(t, upstream.url, { vary: 'matched' }, tls)
  const session = await openHttp2(t, proxy.port)
  for (const [index, row] of passedAnswers.entries()) {
    const { name, method = 'GET', target = `/web/${index}`, sent = [], status: line, fields, body = '' } = row
    byTarget.set(target, row)
    const asked = sent.map(
      field => [field.slice(0, field.indexOf(':')).toLowerCase(), field.slice(field.indexOf(':') + 2)] as const,
    )
    const answer = await askHttp2(session, { method, target, authority: 'a', fields: asked })
    t.strictSame([answer.status, answer.body, answer.reset], [Number(line.slice(0, 3)), body, noError], name)
    const lower = fields.map(
      field => field.slice(0, field.indexOf(':')).toLowerCase() + field.slice(field.indexOf(':')),
    )
    const got = answer.fields.filter(([field]) => field !== 'date').map(([field, value]) => `${field}: ${value}`)
    t.strictSame(got.toSorted(), lower.toSorted(), name)
    const allowed = await ask(session, target, method)
    t.strictSame(valuesOf(allowed, 'access-control-allow-origin'), [goodOrigin], `${name}: CORS on every status`)
  }
  session.destroy()
  await assertWell(t, proxy, upstream)
})

t.test('an answer before the end of an upload arrives, whatever the endpoint does then', async t => {
  const denied = 'HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\ndenied'
  for (const [name, script] of [
    ['and FIN', [write(denied), fin]],
    ['and RST', [write(denied), pause(20), rst]],
    ['and no more reading', [stopReading, write(denied)]],
    ['after it has stopped reading', [stopReading, pause(100), write(denied), fin]],
    ['while it reads on', [write(denied), readOn]],
  ] satisfies [string, FaultScript][]) {
    await t.test(name, async t => {
      const upstream = await start(t, script)
      const proxy = await startTestProxy(t, upstream.url, {}, tls)
      const client = await FrameClient.open(proxy.port)
      t.teardown(() => client.close())
      client.headers(1, requestFields('PUT', '/web/k', 'a', 'content-length', '100000000'), false)
      for (let at = 0; at < 4; at++) client.data(1, 'x'.repeat(16_000), false)
      t.equal(await client.outcome(1), 'end')
      const reset = await client.until(frames => frames.find(({ type }) => type === frameTypes.resetStream))
      t.equal(reset?.payload.readUInt32BE(0), noError, 'the client is asked to send no more')
      t.match(await proxy.record('/web/k'), { status: 403, upstreamFailure: undefined, clientAborted: false })
      client.headers(3, requestFields('GET', goodTarget, 'a'), true)
      t.equal(await client.outcome(3), 'end', 'the connection goes on')
      client.close()
      await assertWell(t, proxy, upstream)
      t.equal(upstream.connections.length, 2, 'its connection to the endpoint is not used again')
      t.equal(upstream.requests.find(({ target }) => target === '/web/k')?.complete, false)
    })
  }
})

t.test('a connection that the endpoint closes as it is used again', async t => {
  for (const [name, method, content, script, expected, sent] of [
    ['GET', 'GET', undefined, [fin], 200, 2],
    ['GET, reset', 'GET', undefined, [rst], 200, 2],
    ['HEAD', 'HEAD', undefined, [fin], 200, 2],
    ['GET with content', 'GET', 'hi', [fin], 502, 1],
    ['PUT', 'PUT', 'hi', [fin], 502, 1],
    ['PUT without content', 'PUT', undefined, [fin], 502, 1],
    ['DELETE', 'DELETE', undefined, [fin], 502, 1],
    ['GET after one byte', 'GET', undefined, [write('H'), pause(10), fin], 502, 1],
  ] satisfies [string, string, string | undefined, FaultScript, number, number][]) {
    await t.test(name, async t => {
      let seen = 0
      const upstream = await startFaultUpstream(
        t,
        ({ requests }, received) => {
          if (received?.target === goodTarget) return [write(keeping)]
          seen++
          // Only the used connection is closed under the request.
          return requests.length > 1 ? script : [write(received?.method === 'HEAD' ? ok.slice(0, -2) : ok)]
        },
        { at: 'request' },
      )
      const proxy = await startTestProxy(t, upstream.url, {}, tls)
      const session = await openHttp2(t, proxy.port)
      await ask(session, goodTarget)
      const answer = await ask(session, '/web/k', method, content)
      t.strictSame([answer.status, answer.reset, seen], [expected, noError, sent])
      session.destroy()
      await assertWell(t, proxy, upstream)
    })
  }
})

t.test(
  'an endpoint that answers nothing: preflights go on, the queue is bounded, and what leaves it never goes up',
  async t => {
    const upstream = await startRecordingUpstream(t, {
      answer: ({ target }) => (target === goodTarget ? ok : undefined),
    })
    const settings = { upstream: { connections: 50, queue: 10, queueSeconds: 60 } }
    const proxy = await startTestProxy(t, upstream.url, settings, tls)
    const client = await FrameClient.open(proxy.port)
    t.teardown(() => client.close())
    for (let index = 0; index < 60; index++)
      client.headers(1 + 2 * index, requestFields('GET', `/web/${index}`, 'a'), true)
    await upstream.until(({ requests }) => requests.length === 50)
    await proxy.until(({ inFlight }) => inFlight === 60)
    const session = await openHttp2(t, proxy.port)
    const refused = await ask(session, '/web/over')
    t.strictSame([refused.status, valuesOf(refused, 'retry-after')], [503, ['1']])
    t.equal((await proxy.record('/web/over')).upstreamFailure, 'queue')
    const fields = ['origin', goodOrigin, 'access-control-request-method', 'PUT']
    client.headers(121, requestFields('OPTIONS', '/web/k', 'a', ...fields), true)
    t.equal(await client.outcome(121), 'end', 'a preflight on the same connection needs no endpoint')
    const waiting = Array.from({ length: 60 }, (_, index) => index).filter(
      index => !upstream.requests.some(({ target }) => target === `/web/${index}`),
    )
    t.equal(waiting.length, 10)
    for (const index of waiting) client.reset(1 + 2 * index, 8)
    for (const index of waiting) t.match(await proxy.record(`/web/${index}`), { clientAborted: true, status: 0 })
    client.close()
    session.destroy()
    await proxy.until(({ inFlight }) => inFlight === 0)
    await assertWell(t, proxy, upstream)
    t.equal(upstream.requests.filter(({ target }) => target !== goodTarget).length, 50)
  },
)

t.test('what is wrong with one stream is wrong with no other', async t => {
  const scripts: Readonly<Record<string, FaultScript>> = {
    '/web/rst': [rst],
    '/web/bad': [write('garbage')],
    '/web/cut': [write(`${status}Content-Length: 9\r\n\r\nab`), fin],
    '/web/left': [write(`${status}Content-Length: 9\r\n\r\nab`)],
  }
  const upstream = await startFaultUpstream(t, (_, request) => scripts[request?.target ?? ''] ?? [write(ok)], {
    at: 'request',
  })
  const proxy = await startTestProxy(t, upstream.url, {}, tls)
  const session = await openHttp2(t, proxy.port)
  const bad = Object.keys(scripts)
  const answers: Promise<Http2Answer>[] = []
  for (let index = 0; index < 300; index++) {
    if (index % 30 !== 0) answers.push(ask(session, `/web/${index}`))
    else {
      const target = bad[(index / 30) % bad.length] as string
      const stream = session.request({ ':method': 'GET', ':path': target, ':authority': 'a' })
      stream.on('error', () => {})
      if (target === '/web/left') stream.on('response', () => stream.close(8))
      stream.resume()
    }
    // As many at once as are allowed.
    if (index % 60 === 59) await Promise.all(answers)
  }
  const outcomes = await Promise.all(answers)
  t.strictSame(
    outcomes.filter(({ body, reset }) => body !== 'ok' || reset !== noError),
    [],
  )
  await proxy.until(({ records }) => records.length === 300)
  session.destroy()
  await assertWell(t, proxy, upstream, { idle: 256 })
})

t.test('a client that leaves a download ends it, and its neighbours go on', async t => {
  for (const framing of ['Content-Length: 1000000000', 'Transfer-Encoding: chunked\r\n\r\nffffffff', 'X: y']) {
    for (const how of [0, 8, 'the end of TCP'] as const) {
      const upstream = await startRecordingUpstream(t, {
        keepBytes: false,
        answer: async (request, connection) => {
          if (request.target === goodTarget) return answerOk(request, connection)
          connection.socket.write(`${status}${framing}\r\n${framing.startsWith('T') ? '' : '\r\n'}`)
          await writeEndlessly(connection)
          return undefined
        },
      })
      const proxy = await startTestProxy(t, upstream.url, {}, tls)
      const client = await FrameClient.open(proxy.port)
      t.teardown(() => client.close())
      client.headers(1, requestFields('GET', '/web/k', 'a'), true)
      const came = () => client.frames.filter(({ type }) => type === frameTypes.data).length
      await client.until(() => (came() > 60 ? true : undefined))
      if (how === 'the end of TCP') client.socket.end()
      else client.reset(1, how)
      t.match(
        await proxy.record('/web/k'),
        { clientAborted: true, upstreamFailure: undefined, status: 200 },
        `${how}, ${framing}`,
      )
      await upstream.until(({ open: count }) => count === 0)
      if (how !== 'the end of TCP') {
        client.headers(3, requestFields('GET', goodTarget, 'a'), true)
        t.equal(await client.outcome(3), 'end')
      }
      client.close()
      await assertWell(t, proxy, upstream)
    }
  }
})

t.test('an upload that goes on is never too long, and an endpoint that takes long is waited for', async t => {
  const upstream = await startRecordingUpstream(t, {
    answer: goodOr(async () => {
      await delay(1000)
      return ok
    }),
  })
  const limits = { headersSeconds: 0.5, idleSeconds: 0.5, keepAliveSeconds: 0.5 }
  const proxy = await startTestProxy(t, upstream.url, { limits }, tls)
  const client = await FrameClient.open(proxy.port)
  t.teardown(() => client.close())
  client.headers(1, requestFields('PUT', '/web/k', 'a', 'content-length', '15'), false)
  for (let at = 0; at < 15; at++) {
    client.data(1, 'x', at === 14)
    await delay(100)
  }
  t.equal(await client.outcome(1), 'end')
  t.match(await proxy.record('/web/k'), { status: 200, clientAborted: false })
  client.close()
  await assertWell(t, proxy, upstream)
})

t.test('more connections than are allowed are turned away, however many requests the others carry', async t => {
  const upstream = await startRecordingUpstream(t, { answer: ({ target }) => (target === goodTarget ? ok : undefined) })
  const proxy = await startTestProxy(t, upstream.url, { limits: { connections: 2 } }, tls)
  const clients = await Promise.all([FrameClient.open(proxy.port), FrameClient.open(proxy.port)])
  for (const client of clients) {
    t.teardown(() => client.close())
    for (let stream = 1; stream < 100; stream += 2) client.headers(stream, requestFields('GET', '/web/k', 'a'), true)
  }
  await proxy.until(({ inFlight }) => inFlight === 100)
  t.equal(await proxy.connections(), 2)
  const third = await FrameClient.open(proxy.port).catch(() => undefined)
  await third?.until(() => undefined)
  t.ok(third === undefined || third.closed, 'a third connection ends')
  t.equal(proxy.inFlight, 100)
  for (const client of clients) client.close()
  await proxy.until(({ inFlight }) => inFlight === 0)
  await assertWell(t, proxy, upstream)
})

t.test('ten thousand requests of one connection leave nothing behind', async t => {
  const upstream = await startRecordingUpstream(t, { keepBytes: false })
  const proxy = await startTestProxy(t, upstream.url, {}, tls)
  const session = await openHttp2(t, proxy.port)
  for (let round = 0; round < 200; round++) {
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask(session, goodTarget)))
    if (answers.some(({ body, reset }) => body !== 'ok' || reset !== noError)) t.fail(`round ${round}`)
  }
  t.equal(proxy.records.length, 10_000)
  t.equal(await proxy.connections(), 1)
  session.destroy()
  await assertWell(t, proxy, upstream, { idle: 256 })
})
