// Mutated streams of requests through the proxy to an endpoint that reads strictly. What arrives is what the client's
// bytes say by a second reading; what was decided is what the second reading of rules and addresses says about what arrived,
// told by the fields of the response; what was refused does not arrive. FUZZ_MINUTES, FUZZ_SEED, FUZZ_CASE: fuzz-run.ts.

import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { tryInLanes } from '../fixtures/fuzz-lanes.ts'
import { type FuzzCase, FuzzRun } from '../fixtures/fuzz-run.ts'
import { openRaw, type RawConnection } from '../fixtures/raw-client.ts'
import { readSentRequests, type SentRequest, valuesOf } from '../fixtures/reference-request-parser.ts'
import { type ReferenceResponse, readReferenceResponse } from '../fixtures/reference-response-parser.ts'
import {
  differenceOf,
  faultOfArrival,
  faultOfDecision,
  faultOfOwnAnswer,
  field,
  type Lane,
  openLane,
} from '../fixtures/request-judge.ts'
import { requestMutators } from '../fixtures/request-mutators.ts'
import type { ReceivedRequest } from '../fixtures/request-reader.ts'
import type { SeededRandom } from '../fixtures/seeded-random.ts'

const smuggled = 'GET /bbb/smuggled HTTP/1.1\r\nHost: s\r\n\r\n'
const inChunks = (...parts: string[]) =>
  `${parts.map(part => `${part.length.toString(16)}\r\n${part}\r\n`).join('')}0\r\n\r\n`
const seeds = [
  'GET /aaa/k?x=%2F&y HTTP/1.1\r\nHost: 127.0.0.1:9000\r\nOrigin: https://aaa.example\r\nRange: bytes=0-1\r\n\r\n',
  'GET /k/../x HTTP/1.1\r\nHost: aaa.s3.test\r\norigin: https://x.aaa.example\r\nX-Amz-Meta-A_b: \xe4\r\n\r\n',
  'HEAD /bbb/k HTTP/1.1\r\nHost: minio\r\nOrigin: https://evil.example\r\nAccept-Encoding: gzip\r\n\r\n',
  'GET /ccc/k HTTP/1.1\r\nHost: a\r\nOrigin: https://evil.example\r\nAuthorization: AWS4 x\r\n\r\n',
  'GET /ddd/k HTTP/1.1\r\nHost: a\r\nOrigin: https://ddd.example\r\nConnection: keep-alive\r\n\r\n',
  `PUT /aaa/k HTTP/1.1\r\nHost: a\r\nOrigin: https://aaa.example\r\nContent-Length: ${smuggled.length}\r\nContent-Type: text/plain\r\n\r\n${smuggled}`,
  `POST /ccc/k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nOrigin: https://ccc.example\r\n\r\n${inChunks('abc', smuggled)}`,
  `DELETE /aaa/k HTTP/1.1\r\nHost: a\r\ntransfer-encoding: Chunked\r\nX-A: b\r\n\r\n5;a=b\r\nGET /\r\n0\r\nX-T: Host: a\r\n\r\n`,
  'PUT /aaa/k HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc',
  `PUT /aaa/k HTTP/1.1\r\nHost: a\r\nContent-Length: 000${smuggled.length}\r\nX-Real-IP: 10.0.0.1\r\n\r\n${smuggled}`,
  'PUT /aaa/empty HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nIf-None-Match: *\r\n\r\n',
  'OPTIONS /aaa/k HTTP/1.1\r\nHost: a\r\nOrigin: https://aaa.example\r\nAccess-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: x-aaa, X-AAA\r\n\r\n',
  'OPTIONS /k HTTP/1.1\r\nHost: bbb.s3.test\r\nOrigin: https://b.example\r\nAccess-Control-Request-Method: PUT\r\n\r\n',
  'GET /aaa/k HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nOrigin: https://aaa.example\r\n\r\n',
  'GET /other-bucket/k HTTP/1.1\r\nHost: other.example\r\nOrigin: https://aaa.example\r\n\r\n',
]

function makeStream(random: SeededRandom): { readonly text: string; readonly mutated: boolean } {
  let text = ''
  for (let count = 1 + random.below(3); count > 0; count--) text += random.pick(seeds)
  const mutations = random.pick([0, 1, 1, 1, 2, 2, 4, 8])
  for (let count = mutations; count > 0 && text.length > 0; count--) text = random.pick(requestMutators)(text, random)
  return { text, mutated: mutations > 0 }
}

async function send(client: RawConnection, text: string, random: SeededRandom): Promise<void> {
  const cuts = Array.from({ length: random.pick([0, 0, 1, 2, 6]) }, () => random.below(text.length + 1)).sort(
    (a, b) => a - b,
  )
  let from = 0
  for (const to of [...cuts, text.length]) {
    await client.write(text.slice(from, to))
    if (to < text.length) await delay(random.below(2))
    from = to
  }
}

/** Until nothing moves any more: answered, refused, or waiting for what will not come. */
async function settle(client: RawConnection, { proxy, upstream }: Lane): Promise<void> {
  let before = ''
  for (let quiet = 0, tries = 0; quiet < 3 && tries < 500 && client.ended === undefined; tries++) {
    await delay(2)
    const received = upstream.connections.reduce((sum, connection) => sum + connection.receivedBytes, 0)
    const now = `${client.receivedBytes} ${received} ${proxy.started} ${proxy.records.length}`
    quiet = now === before ? quiet + 1 : 0
    before = now
  }
}

// Whatever ends does so at once; this is for a machine that is busy with other things.
const longestMs = 30_000
const limits = { headerBytes: 65536, fields: 256, informational: 32 }

/** The responses in order, each to the request with the same index; the last may be incomplete. */
function readResponses(text: string, sent: readonly SentRequest[]): ReferenceResponse[] {
  const responses: ReferenceResponse[] = []
  for (let rest = text; rest !== ''; ) {
    const method = sent[responses.length]?.method ?? 'GET'
    let response = readReferenceResponse(rest, method, limits)
    let after = rest.slice(rest.length - response.excess)
    // A HEAD that could not be read whole is refused like any request that could not be, and the connection closed.
    if (method === 'HEAD' && after.startsWith('<?xml')) {
      response = readReferenceResponse(rest, 'GET', limits)
      after = rest.slice(rest.length - response.excess)
      if (after !== '') response = { ...response, verdict: 'malformed' }
    }
    responses.push(response)
    if (response.verdict !== 'complete') break
    rest = after
  }
  return responses
}

function judge(
  sent: readonly SentRequest[],
  arrived: readonly ReceivedRequest[],
  responses: readonly ReferenceResponse[],
  lane: Lane,
): string | undefined {
  let at = 0
  for (const request of arrived) {
    const fault = faultOfArrival(request)
    if (fault !== undefined) return fault
    const number = lane.answered.get(request)
    const answer = responses.findIndex(response => number !== undefined && field(response, 'x-rec') === `${number}`)
    // In the order they were sent, each at most once; those between were answered by the proxy.
    const same = sent.findIndex((one, index) => index >= at && differenceOf(one, request) === undefined)
    const index = answer >= 0 ? answer : same
    const one = sent[index]
    if (one === undefined || index < at)
      return `a request arrived that was not sent: ${request.method} ${request.target}`
    const difference = differenceOf(one, request)
    if (difference !== undefined) return `${difference} arrived otherwise: ${request.method} ${request.target}`
    const response = responses[index]
    const wrong = answer < 0 || response === undefined ? undefined : faultOfDecision(request, response)
    if (wrong !== undefined) return wrong
    if (answer < 0 && request.complete && response?.verdict === 'complete') return 'what was refused has arrived whole'
    at = index + 1
  }
  for (const [index, response] of responses.entries()) {
    if (response.verdict === 'malformed' || response.verdict === 'open') return `a ${response.verdict} response`
    if (response.verdict !== 'complete') continue
    const number = field(response, 'x-rec')
    if (number !== undefined) {
      if (!arrived.some(request => lane.answered.get(request) === Number(number)))
        return `an answer to another request: ${number}`
      if (sent[index]?.method !== 'HEAD' && response.body !== `answer ${number}`) return 'another content'
    } else {
      const fault = faultOfOwnAnswer(sent[index], response)
      if (fault !== undefined) return `${index}: ${fault}`
    }
  }
  return undefined
}

const run = new FuzzRun()
t.setTimeout(run.milliseconds + 60_000)

t.test('what was authorised is what arrives, and nothing else does', async t => {
  await tryInLanes(t, run, {
    cases: 'streams',
    open: openLane,
    tryOne,
    enough: 500,
    oneIn: 100,
    kinds: ['forwarded', 'own 200', 'own 400', 'own 403'],
  })
})

async function tryOne(lane: Lane, { random }: FuzzCase, statuses: Map<string, number>) {
  const { proxy, upstream, answered } = lane
  const before = upstream.requests.length
  const { text, mutated } = makeStream(random)
  const client = await openRaw(proxy.port)
  await send(client, text, random)
  await settle(client, lane)
  const leaving = random.below(3)
  if (leaving === 0) client.end()
  else if (leaving === 1) client.reset()
  else client.destroy()
  const sent = readSentRequests(text)
  const received = client.text
  const responses = readResponses(received, sent)
  let fault = await findLeftover(lane)
  client.destroy()
  const arrived = upstream.requests.slice(before)
  for (const response of responses) {
    const kind = field(response, 'x-rec') === undefined ? `own ${response.head?.statusCode ?? 'nothing'}` : 'forwarded'
    statuses.set(kind, (statuses.get(kind) ?? 0) + 1)
  }
  fault ??= upstream.faults[0]
  fault ??= judge(sent, arrived, responses, lane)
  if (!mutated && responses.filter(({ verdict }) => verdict === 'complete').length !== firstClosing(sent)) {
    fault ??= 'a good request was not answered'
  }
  const good = fault === undefined ? await askWell(lane) : undefined
  fault ??= good
  if (fault === undefined) return undefined
  const what = {
    what: fault,
    text,
    sent,
    received,
    arrived: arrived.map(one => ({ ...one, body: one.body.toString('latin1'), number: answered.get(one) })),
  }
  return { ...what, warnings: proxy.warnings.splice(0) }
}

/** How many requests are answered before the connection ends by their own wish, or by a refusal that has to end it. */
function firstClosing(sent: readonly SentRequest[]): number {
  const index = sent.findIndex(
    request => request.method === 'POST' && valuesOf(request, 'connection').includes('close'),
  )
  return index < 0 ? sent.length : index + 1
}

/** After the client has gone nothing is left of its requests, and every one of them was told once. */
async function findLeftover({ proxy }: Lane): Promise<string | undefined> {
  try {
    await proxy.until(({ inFlight }) => inFlight === 0, longestMs)
  } catch {
    return 'a request does not end'
  }
  return proxy.warnings.some(({ event }) => event === 'internal_error') ? 'a fault of our own' : undefined
}

/** The client that comes next, on any connection that is left, gets the answer to its own request. */
async function askWell({ proxy, upstream, answered }: Lane): Promise<string | undefined> {
  const client = await openRaw(proxy.port)
  await client.write('GET /good/k HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  await client.until(({ ended }) => ended !== undefined, longestMs).catch(() => undefined)
  const { text } = client
  client.destroy()
  const last = upstream.requests.at(-1)
  const body = `answer ${last === undefined ? -1 : answered.get(last)}`
  return last?.target === '/good/k' && text.endsWith(`\r\n\r\n${body}`)
    ? undefined
    : `the next request got ${JSON.stringify(text)}`
}
