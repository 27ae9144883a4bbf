// CORS on the wire. What matches which rule is held in test/cors.

import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import {
  type ClientResponse,
  corsFields,
  errorCode,
  readResponse,
  readResponses,
} from '../fixtures/client-responses.ts'
import { type Answer, answerOk, startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { fieldValues } from '../fixtures/request-reader.ts'
import { goodOrigin, startTestProxy, type TestProxy, webBucket } from '../fixtures/test-proxy.ts'
import { assertWell, goodOr, goodTarget } from '../fixtures/well-being.ts'

const closing = 'Connection: close\r\n'
const request = (method: string, fields: string, target = '/web/k') =>
  `${method} ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`
const origin = `Origin: ${goodOrigin}\r\n`
const evil = 'Origin: https://evil.example\r\n'
const asks = (method: string) => `Access-Control-Request-Method: ${method}\r\n`
const corsNames = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'

/** What MinIO would allow by itself. */
const hostile =
  'Access-Control-Allow-Origin: https://evil.example\r\nAccess-Control-Allow-Credentials: true\r\n' +
  'access-control-expose-headers: *\r\nAccess-Control-Allow-Origin: *\r\nVary: Origin\r\nVary: accept-encoding\r\n'
const statuses = [
  '200 OK',
  '206 Partial Content',
  '304 Not Modified',
  '403 Forbidden',
  '404 Not Found',
  '500 Oops',
] as const
const answerHostile: Answer = ({ target }) => {
  const status = statuses.find(line => target.endsWith(line.slice(0, 3))) ?? '200 OK'
  const body = status.startsWith('304') ? '' : 'ok'
  return `HTTP/1.1 ${status}\r\n${hostile}${body === '' ? '' : 'Content-Length: 2\r\n'}\r\n${body}`
}

const ask = async (owner: Parameters<TestProxy['send']>[0], proxy: TestProxy, bytes: string): Promise<ClientResponse> =>
  readResponse(await proxy.send(owner, bytes), bytes.slice(0, bytes.indexOf(' ')))

t.test('every response loses the CORS fields of the endpoint, and has one line of each of ours', async t => {
  const upstream = await startRecordingUpstream(t, { answer: goodOr(answerHostile) })
  const proxy = await startTestProxy(t, upstream.url)
  for (const line of statuses) {
    const target = `/web/${line.slice(0, 3)}`
    const allowed = await ask(t, proxy, request('GET', origin + closing, target))
    t.equal(allowed.status, Number(line.slice(0, 3)))
    t.strictSame(corsFields(allowed), [
      ['Access-Control-Allow-Origin', goodOrigin],
      ['Access-Control-Allow-Methods', 'GET, HEAD, PUT, POST, DELETE'],
      ['Access-Control-Expose-Headers', 'ETag'],
      ['Access-Control-Max-Age', '300'],
      ['Access-Control-Allow-Credentials', 'true'],
    ])
    t.strictSame(allowed.values('vary'), [`accept-encoding, ${corsNames}`], line)
    for (const fields of [evil, '']) {
      const other = await ask(t, proxy, request('GET', fields + closing, target))
      t.strictSame(corsFields(other), [], `${line} ${fields}`)
      t.strictSame(other.values('vary'), [`accept-encoding, ${corsNames}`])
    }
    const ungoverned = await ask(t, proxy, request('GET', origin + closing, target.replace('web', 'other')))
    t.strictSame(corsFields(ungoverned), [], 'a bucket without an entry')
  }
  t.ok(proxy.records.every(({ strippedCorsFields }) => strippedCorsFields))
  await assertWell(t, proxy, upstream)
})

t.test('no OPTIONS goes up, whatever it is', async t => {
  const upstream = await startRecordingUpstream(t, {
    answer: goodOr(({ target }) => (target.includes('?cors') ? undefined : 'x')),
  })
  const proxy = await startTestProxy(t, upstream.url, {
    buckets: { ...webBucket, none: { from: 'none' }, live: { from: 'upstream' } },
    rules: { timeoutSeconds: 0.3 },
  })
  for (const [name, bytes, status] of [
    ['allowed', request('OPTIONS', origin + asks('PUT') + closing), 200],
    ['refused', request('OPTIONS', evil + asks('PUT') + closing), 403],
    ['an empty method', request('OPTIONS', origin + asks('') + closing), 400],
    ['no method', request('OPTIONS', origin + closing), 403],
    ['no origin', request('OPTIONS', asks('PUT') + closing), 400],
    ['neither', request('OPTIONS', closing), 400],
    ['two methods', request('OPTIONS', origin + asks('PUT') + asks('GET') + closing), 400],
    ['two origins', request('OPTIONS', origin + origin + asks('PUT') + closing), 400],
    [
      'an underscore in the method’s name',
      request('OPTIONS', `${origin}Access_Control_Request_Method: PUT\r\n${closing}`),
      400,
    ],
    ['a bucket without an entry', request('OPTIONS', origin + asks('PUT') + closing, '/other/k'), 403],
    ['a bucket without rules', request('OPTIONS', origin + asks('PUT') + closing, '/none/k'), 403],
    ['no bucket', request('OPTIONS', origin + asks('PUT') + closing, '/'), 403],
    ['rules that cannot be had', request('OPTIONS', origin + asks('PUT') + closing, '/live/k'), 503],
    [
      '101 header names',
      request('OPTIONS', `${origin}${asks('PUT')}Access-Control-Request-Headers: ${'x,'.repeat(101)}x\r\n${closing}`),
      400,
    ],
  ] as const) {
    const response = await ask(t, proxy, bytes)
    t.equal(response.status, status, name)
    if (status !== 200) t.strictSame(corsFields(response), [], `${name}`)
    t.strictSame(response.values('content-length').length, 1)
    t.strictSame(response.values('transfer-encoding'), [])
  }
  t.notOk(upstream.requests.some(({ method }) => method === 'OPTIONS'))
  await assertWell(t, proxy, upstream, { idle: 3 })
})

t.test('in `report`, and there alone, OPTIONS and the endpoint’s own CORS pass', async t => {
  const upstream = await startRecordingUpstream(t, { answer: goodOr(answerHostile) })
  const proxy = await startTestProxy(t, upstream.url, {
    buckets: { ...webBucket, seen: { ...webBucket.web, enforcement: 'report' } },
  })
  for (const bytes of [
    request('OPTIONS', evil + asks('PUT') + closing, '/seen/k'),
    request('GET', evil + closing, '/seen/k'),
  ]) {
    const response = await ask(t, proxy, bytes)
    t.strictSame(corsFields(response).length, 4)
    t.strictSame(response.values('vary'), ['Origin', 'accept-encoding'])
  }
  t.strictSame(
    upstream.requests.map(({ method }) => method),
    ['OPTIONS', 'GET'],
  )
  for (const record of proxy.records) {
    t.match(record, { enforcement: 'report', decision: { allowed: false, reason: 'origin' }, upstreamAllowOrigin: '*' })
  }
  await assertWell(t, proxy, upstream)
})

t.test('rules that cannot be had allow nothing', async t => {
  const upstream = await startRecordingUpstream(t, {
    answer: goodOr((received, connection) =>
      received.target.includes('?cors') ? undefined : answerHostile(received, connection),
    ),
  })
  const proxy = await startTestProxy(t, upstream.url, {
    buckets: { ...webBucket, live: { from: 'upstream' }, strict: { from: 'upstream', enforcement: 'block' } },
    rules: { timeoutSeconds: 0.3 },
  })
  for (const bucket of ['live', 'strict']) {
    const preflight = await ask(t, proxy, request('OPTIONS', origin + asks('GET') + closing, `/${bucket}/k`))
    t.strictSame(
      [preflight.status, errorCode(preflight), preflight.values('retry-after')],
      [503, 'ServiceUnavailable', ['1']],
    )
    t.strictSame(corsFields(preflight), [])
    const actual = await ask(t, proxy, request('GET', origin + closing, `/${bucket}/k`))
    t.equal(actual.status, bucket === 'live' ? 200 : 503)
    t.strictSame(corsFields(actual), [])
    t.ok(actual.values('vary')[0]?.includes('Origin'))
    const plain = await ask(t, proxy, request('GET', closing, `/${bucket}/k`))
    t.equal(plain.status, 200, 'without an Origin nothing is decided')
  }
  await assertWell(t, proxy, upstream, { idle: 8 })
})

t.test('Vary names the same three on every response of a governed bucket', async t => {
  const upstream = await startRecordingUpstream(t, {
    answer: goodOr(({ target, method }, { socket }) => {
      if (target === '/web/gone') return void socket.destroy()
      if (target === '/web/star') return 'HTTP/1.1 200 OK\r\nVary: *\r\nContent-Length: 0\r\n\r\n'
      if (target === '/web/dup')
        return 'HTTP/1.1 200 OK\r\nVary: Accept, ORIGIN\r\nVary: Accept\r\nContent-Length: 0\r\n\r\n'
      return `HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n${method === 'HEAD' ? '' : 'no'}`
    }),
  })
  const proxy = await startTestProxy(t, upstream.url)
  for (const [bytes, vary] of [
    [request('GET', closing), corsNames],
    [request('HEAD', closing), corsNames],
    [request('GET', evil + closing), corsNames],
    [request('GET', origin + closing), corsNames],
    [request('GET', closing, '/web/gone'), corsNames],
    [request('GET', origin + closing, '/web/gone'), corsNames],
    [request('GET', closing, '/web/star'), '*'],
    [request('GET', origin + closing, '/web/star'), '*'],
    [request('GET', closing, '/web/dup'), `Accept, Accept, ${corsNames}`],
    [request('OPTIONS', origin + asks('PUT') + closing), corsNames],
    [request('OPTIONS', evil + asks('PUT') + closing), corsNames],
    [request('OPTIONS', origin + asks('PURGE') + closing), corsNames],
  ] as const) {
    const values = (await ask(t, proxy, bytes)).values('vary')
    t.equal(values.length, 1)
    // Whether a name that stands twice is said once is the merge's own business.
    t.strictSame(new Set(values[0]?.split(', ')), new Set(vary.split(', ')), bytes)
  }
  proxy.apply({ vary: 'matched' })
  t.strictSame((await ask(t, proxy, request('GET', evil + closing))).values('vary'), [])
  await assertWell(t, proxy, upstream)
})

t.test('a cache in front that asked without an Origin is told to ask again with one', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url)
  const stored = await ask(t, proxy, request('GET', closing))
  t.ok(stored.values('vary')[0]?.toLowerCase().split(', ').includes('origin'))
  const again = await ask(t, proxy, request('GET', origin + closing))
  t.strictSame(again.values('access-control-allow-origin'), [goodOrigin])
})

t.test('a 304 carries the CORS fields of the rules in force', async t => {
  const upstream = await startRecordingUpstream(t, {
    answer: goodOr(() => 'HTTP/1.1 304 Not Modified\r\nETag: "e"\r\n\r\n'),
  })
  const proxy = await startTestProxy(t, upstream.url)
  const before = await ask(t, proxy, request('GET', `${origin}If-None-Match: "e"\r\n${closing}`))
  t.strictSame(before.values('access-control-expose-headers'), ['ETag'])
  const [rule] = webBucket.web.CORSRules
  proxy.apply({ buckets: { web: { CORSRules: [{ ...rule, ExposeHeaders: ['ETag', 'x-amz-meta-a'] }] } } })
  const after = await ask(t, proxy, request('GET', `${origin}If-None-Match: "e"\r\n${closing}`))
  t.strictSame(after.values('access-control-expose-headers'), ['ETag, x-amz-meta-a'])
  await assertWell(t, proxy, upstream)
})

t.test('a preflight is framed so that the connection goes on', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url)
  const client = await proxy.open(t)
  await client.write(
    request('OPTIONS', origin + asks('PUT')) +
      request('OPTIONS', evil + asks('PUT')) +
      request('GET', origin + closing),
  )
  await client.until(({ ended }) => ended !== undefined)
  const [allowed, refused, actual] = readResponses(client.text, 'OPTIONS', 'OPTIONS', 'GET')
  // As S3 answers it.
  t.strictSame([allowed?.status, allowed?.values('content-length'), allowed?.body], [200, ['0'], ''])
  t.equal(refused?.status, 403)
  t.strictSame(refused === undefined ? [] : corsFields(refused), [])
  t.strictSame([actual?.status, actual?.body], [200, 'ok'])
  t.strictSame(
    upstream.requests.map(({ method }) => method),
    ['GET'],
  )
  client.destroy()
  await assertWell(t, proxy, upstream)
})

t.test('an actual request is decided on, and served all the same', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, {
    buckets: { web: { CORSRules: [{ AllowedOrigins: [goodOrigin], AllowedMethods: ['GET'] }] } },
  })
  for (const [name, bytes, allows] of [
    ['a method that is not allowed', request('PUT', `${origin}Content-Length: 0\r\n${closing}`), false],
    [
      'Access-Control-Request-Method counts, not the method',
      request('PUT', `${origin}${asks('GET')}Content-Length: 0\r\n${closing}`),
      true,
    ],
    ['and the other way round', request('GET', origin + asks('PUT') + closing), false],
    ['of the same origin', request('POST', `Origin: http://a\r\nContent-Length: 0\r\n${closing}`), false],
  ] as const) {
    const response = await ask(t, proxy, bytes)
    t.equal(response.status, 200, name)
    t.equal(corsFields(response).length > 0, allows, name)
  }
  // S3 takes every OPTIONS for a preflight.
  t.equal((await ask(t, proxy, request('OPTIONS', origin + closing))).status, 403)
  await assertWell(t, proxy, upstream)
})

t.test('nothing is said of private networks', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url)
  const response = await ask(
    t,
    proxy,
    request('OPTIONS', `${origin}${asks('PUT')}Access-Control-Request-Private-Network: true\r\n${closing}`),
  )
  t.equal(response.status, 200)
  t.strictSame(response.values('access-control-allow-private-network'), [])
  await assertWell(t, proxy, upstream)
})

t.test('other cross-origin fields are the endpoint’s', async t => {
  const fields =
    'Timing-Allow-Origin: *\r\nCross-Origin-Resource-Policy: same-site\r\nCross-Origin-Embedder-Policy: require-corp\r\n'
  const upstream = await startRecordingUpstream(t, {
    answer: goodOr(() => `HTTP/1.1 200 OK\r\n${fields}Content-Length: 0\r\n\r\n`),
  })
  const proxy = await startTestProxy(t, upstream.url)
  const response = await ask(t, proxy, request('GET', origin + closing))
  for (const line of fields.trimEnd().split('\r\n')) {
    const [name = '', value] = line.split(': ')
    t.strictSame(response.values(name), [value])
  }
  const good = await ask(t, proxy, request('GET', origin + closing, goodTarget))
  t.strictSame(
    good.fields.filter(([name]) => /^timing|^cross/i.test(name)),
    [],
  )
  await assertWell(t, proxy, upstream)
})

t.test('the fields are written exactly as S3 writes them', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url)
  const text = await proxy.send(
    t,
    request('OPTIONS', `${origin}${asks('PUT')}Access-Control-Request-Headers: X-B, content-type\r\n${closing}`),
  )
  const block =
    `\r\nAccess-Control-Allow-Origin: ${goodOrigin}\r\nAccess-Control-Allow-Methods: GET, HEAD, PUT, POST, DELETE\r\n` +
    'Access-Control-Allow-Headers: x-b, content-type\r\nAccess-Control-Expose-Headers: ETag\r\nAccess-Control-Max-Age: 300\r\n' +
    `Access-Control-Allow-Credentials: true\r\nVary: ${corsNames}\r\n`
  t.ok(text.includes(block), text)
  await assertWell(t, proxy, upstream)
})

t.test('the decision is made once, on the request as it came', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url)
  const nominated = await ask(t, proxy, request('GET', `${origin}Connection: close, Origin\r\n`))
  t.equal(nominated.status, 400)
  t.equal(upstream.requests.length, 0)
  await assertWell(t, proxy, upstream)
})

t.test('rules that change while the endpoint answers do not change the answer', async t => {
  const upstream = await startRecordingUpstream(t, {
    answer: goodOr(async (received, connection) => {
      await delay(60)
      return answerOk(received, connection)
    }),
  })
  const proxy = await startTestProxy(t, upstream.url)
  const client = await proxy.open(t)
  await client.write(request('GET', origin + closing))
  await upstream.until(({ requests }) => requests.length === 1)
  proxy.apply({ buckets: { web: { from: 'none' } } })
  await client.until(({ ended }) => ended !== undefined)
  t.strictSame(readResponse(client.text).values('access-control-allow-origin'), [goodOrigin])
  client.destroy()
  t.strictSame(corsFields(await ask(t, proxy, request('GET', origin + closing))), [])
  await assertWell(t, proxy, upstream)
})

t.test('no field of one response gets into another', async t => {
  const upstream = await startRecordingUpstream(t, {
    answer: ({ target }) => {
      const [, name = ''] = target.split('/web/')
      return `HTTP/1.1 200 OK\r\nX-Name: ${name}\r\nVary: X-${name}\r\nContent-Length: ${name.length}\r\n\r\n${name}`
    },
  })
  const proxy = await startTestProxy(t, upstream.url)
  await Promise.all(
    Array.from({ length: 10 }, async (_, index) => {
      const client = await proxy.open(t)
      for (let turn = 0; turn < 20; turn++) {
        const before = client.receivedBytes
        const name = `n${index}x${turn}`
        const header = `x-${index}-${turn}`
        const isPreflight = turn % 4 === 3
        await client.write(
          isPreflight
            ? request('OPTIONS', `${origin}${asks('PUT')}Access-Control-Request-Headers: ${header}\r\n`)
            : request('GET', turn % 2 === 0 ? origin : evil, `/web/${name}`),
        )
        await client.until(({ text }) => /\r\n\r\n/.test(text.slice(before)) && (isPreflight || text.endsWith(name)))
        const response = readResponse(client.text.slice(before))
        const allowed = isPreflight || turn % 2 === 0
        t.strictSame(response.values('x-name'), isPreflight ? [] : [name])
        t.strictSame(response.values('access-control-allow-headers'), isPreflight ? [header] : [])
        t.strictSame(response.values('access-control-allow-origin'), allowed ? [goodOrigin] : [])
        t.strictSame(response.values('vary'), [`${isPreflight ? '' : `X-${name}, `}${corsNames}`])
      }
      client.destroy()
    }),
  )
  t.ok(upstream.requests.every(received => fieldValues(received, 'origin').length === 1))
})
