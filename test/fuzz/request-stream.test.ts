// Mutated streams of requests through the proxy to an endpoint that reads strictly. What arrives is what the client's
// bytes say by a second reading; what was decided is what the second reading of rules and addresses says about what arrived,
// told by the fields of the response; what was refused does not arrive. FUZZ_MINUTES, FUZZ_SEED, FUZZ_CASE: fuzz-run.ts.

import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { runInLanes } from '../fixtures/fuzz-lanes.ts'
import { Failures, type FuzzCase, FuzzRun } from '../fixtures/fuzz-run.ts'
import { openRaw, type RawConnection } from '../fixtures/raw-client.ts'
import { type Owner, type RecordingUpstream, startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { isKnownHost, referenceAddress } from '../fixtures/reference-address.ts'
import { referenceAnswer, type WrittenRule } from '../fixtures/reference-cors.ts'
import { readSentRequests, type SentRequest, valuesOf } from '../fixtures/reference-request-parser.ts'
import { type ReferenceResponse, readReferenceResponse } from '../fixtures/reference-response-parser.ts'
import { requestMutators } from '../fixtures/request-mutators.ts'
import type { ReceivedRequest } from '../fixtures/request-reader.ts'
import type { SeededRandom } from '../fixtures/seeded-random.ts'
import { startTestProxy, type TestProxy } from '../fixtures/test-proxy.ts'

const everyMethod = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE']
const rule = (name: string, more: Partial<WrittenRule> = {}): WrittenRule => ({
  AllowedOrigins: [`https://${name}.example`, `https://*.${name}.example`],
  AllowedMethods: everyMethod,
  AllowedHeaders: [`x-${name}`],
  // Which bucket was decided on stands in the response.
  ExposeHeaders: [`x-bucket-${name}`],
  ...more,
})
const rulesOf: Readonly<Record<string, readonly WrittenRule[]>> = {
  aaa: [rule('aaa', { AllowedMethods: ['GET'] }), rule('aaa', { MaxAgeSeconds: 5 })],
  bbb: [rule('bbb', { AllowedOrigins: ['*'], AllowedMethods: ['GET', 'HEAD'] })],
  ccc: [rule('ccc')],
  ddd: [rule('ddd')],
}
const settings = {
  virtualHosts: ['s3.test'],
  buckets: {
    aaa: { CORSRules: rulesOf.aaa },
    bbb: { CORSRules: rulesOf.bbb },
    ccc: { CORSRules: rulesOf.ccc, enforcement: 'block' },
    ddd: { CORSRules: rulesOf.ddd, enforcement: 'report' },
    '*': { from: 'none' },
  },
}

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

const once = [
  'host',
  'origin',
  'access-control-request-method',
  'authorization',
  'content-length',
  'transfer-encoding',
  'expect',
]
const singletons = [...once, 'content-type', 'range', 'x-amz-date', 'x-amz-content-sha256']
const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'te',
  'trailer',
  'upgrade',
  'http2-settings',
]
const rewritten = ['host', 'content-length', 'transfer-encoding']
/** Names that tell of whom a proxy was asked, however they are spelt. */
const ofTheClient =
  /^(?:x[-_])?(?:forwarded|real[-_]ip|cluster[-_]client[-_]ip|true[-_]client[-_]ip)|^true[-_]client[-_]ip/i

interface Lane {
  readonly proxy: TestProxy
  readonly upstream: RecordingUpstream
  /** What the upstream answered, by number. */
  readonly answered: Map<ReceivedRequest, number>
  ended: number
}

async function openLane(owner: Owner): Promise<Lane> {
  const answered = new Map<ReceivedRequest, number>()
  const upstream = await startRecordingUpstream(owner, {
    answerHead: request => (valuesOf(request, 'expect').length > 0 ? 'HTTP/1.1 100 Continue\r\n\r\n' : undefined),
    answer(request) {
      answered.set(request, answered.size)
      const body = `answer ${answered.size - 1}`
      const head = `HTTP/1.1 200 OK\r\nX-Rec: ${answered.size - 1}\r\nAccess-Control-Allow-Origin: https://upstream\r\nContent-Length: ${body.length}\r\n\r\n`
      return request.method === 'HEAD' ? head : head + body
    },
  })
  return { proxy: await startTestProxy(owner, upstream.url, settings), upstream, answered, ended: 0 }
}

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

function field(response: ReferenceResponse, name: string): string | undefined {
  const fields = response.head?.fields ?? []
  return fields.find((_, index) => index % 2 === 1 && fields[index - 1]?.toLowerCase() === name)
}

function accessControl(response: ReferenceResponse): string[] {
  const fields = response.head?.fields ?? []
  return fields.flatMap((name, index) =>
    index % 2 === 0 && /^access-control-/i.test(name) ? [name, fields[index + 1] ?? ''] : [],
  )
}

/** What is wrong with a request that has arrived, from any sender. */
function faultOfArrival(request: ReceivedRequest): string | undefined {
  const { method, target, fields, version } = request
  const [host = ''] = valuesOf(request, 'host')
  if (version !== '1.1') return `HTTP/${version} arrived`
  if (![...everyMethod, 'OPTIONS'].includes(method)) return `${method} arrived`
  const twice = singletons.find(name => valuesOf(request, name).length > 1)
  if (twice !== undefined) return `${twice} arrived twice`
  const hop = hopByHop.find(name => valuesOf(request, name).length > 0)
  if (hop !== undefined) return `${hop} arrived`
  const folded = fields
    .map(([name]) => name.toLowerCase().replaceAll('_', '-'))
    .find(
      (name, index) =>
        fields[index]?.[0].includes('_') && (once.includes(name) || name === 'access-control-request-headers'),
    )
  if (folded !== undefined) return `${folded} arrived with an underscore`
  const claimed = fields.filter(([name]) => ofTheClient.test(name)).map(([name, value]) => `${name}: ${value}`)
  if (claimed.join() !== 'X-Forwarded-For: 127.0.0.1') return `the client arrived as ${claimed}`
  const length = valuesOf(request, 'content-length')[0] ?? '0'
  if (!/^(?:0|[1-9][0-9]*)$/.test(length)) return `Content-Length ${length} arrived`
  if (request.trailers.length > 0) return 'trailers arrived'
  const address = referenceAddress(host, target, Object.keys(rulesOf))
  if (address === 'ambiguous' && isKnownHost(host)) return `an ambiguous address arrived: ${host} ${target}`
  const bucket = typeof address === 'object' ? address.bucket : undefined
  if (method === 'OPTIONS' && bucket !== 'ddd') return 'a preflight arrived'
  if (bucket !== 'ccc' || !isKnownHost(host)) return undefined
  const [origin = ''] = valuesOf(request, 'origin')
  const blocked = origin !== '' && typeof answerFor(request, 'ccc').decision === 'string'
  return blocked && origin !== `http://${host}` && origin !== `https://${host}`
    ? 'what the rules of ccc deny arrived'
    : undefined
}

function answerFor(request: Pick<ReceivedRequest, 'method' | 'fields'>, bucket: string | undefined) {
  return referenceAnswer(rulesOf[bucket ?? ''] ?? [], {
    method: request.method,
    origin: valuesOf(request, 'origin')[0],
    requestMethod: valuesOf(request, 'access-control-request-method')[0],
    requestHeaders: valuesOf(request, 'access-control-request-headers'),
  })
}

/** The end-to-end fields as they have to arrive. */
function endToEnd(request: Pick<SentRequest, 'fields'>, minorVersion: string): string {
  const nominated = valuesOf(request, 'connection')
    .join(',')
    .split(',')
    .map(option => option.trim().toLowerCase())
  const gone = [...hopByHop, ...rewritten, ...nominated, ...(minorVersion === '0' ? ['expect'] : [])]
  const kept = request.fields.filter(([name]) => !gone.includes(name.toLowerCase()) && !ofTheClient.test(name))
  return JSON.stringify(kept)
}

/** As a number, which leading zeros do not change. */
function lengthOf(request: Pick<SentRequest, 'fields'>): number | undefined {
  const [length] = valuesOf(request, 'content-length')
  return length === undefined ? undefined : Number(length)
}

/** Where what arrived differs from what was sent. */
function differenceOf(sent: SentRequest, arrived: ReceivedRequest): string | undefined {
  if (sent.method !== arrived.method || sent.target !== arrived.target) return 'method or target'
  if (valuesOf(sent, 'host')[0] !== valuesOf(arrived, 'host')[0]) return 'Host'
  if (endToEnd(sent, sent.minorVersion) !== endToEnd(arrived, '1')) return 'fields'
  if (sent.framing !== arrived.framing) return 'framing'
  if (lengthOf(sent) !== lengthOf(arrived)) return 'Content-Length'
  if (!arrived.complete) return undefined
  return sent.complete && sent.body === arrived.body.toString('latin1') ? undefined : 'content'
}

/** Where the CORS fields of the response differ from what the rules say about the request that arrived. */
function faultOfDecision(arrived: ReceivedRequest, response: ReferenceResponse): string | undefined {
  const [host = ''] = valuesOf(arrived, 'host')
  const address = referenceAddress(host, arrived.target, Object.keys(rulesOf))
  const bucket = typeof address === 'object' && isKnownHost(host) ? address.bucket : undefined
  const wanted =
    bucket === 'ddd' ? ['Access-Control-Allow-Origin', 'https://upstream'] : answerFor(arrived, bucket).fields
  const found = accessControl(response)
  return JSON.stringify(found) === JSON.stringify(wanted) ? undefined : `CORS fields ${found} and not ${wanted}`
}

/** Where an answer of the proxy itself is none that it may give. */
function faultOfOwnAnswer(sent: SentRequest | undefined, response: ReferenceResponse): string | undefined {
  const status = response.head?.statusCode ?? 0
  const cors = accessControl(response)
  if (status !== 200) {
    if (![400, 403, 405, 414, 431, 501, 505].includes(status)) return `status ${status}`
    // The content turned out bad after the decision: then the page may read why.
    const isDecided = sent?.framing === 'chunked' && status === 400
    const [host = ''] = isDecided ? valuesOf(sent, 'host') : []
    const address = isDecided ? referenceAddress(host, sent.target, Object.keys(rulesOf)) : 'none'
    const wanted = isDecided && typeof address === 'object' ? answerFor(sent, address.bucket).fields : []
    return cors.length === 0 || JSON.stringify(cors) === JSON.stringify(wanted) ? undefined : `CORS fields on ${status}`
  }
  if (sent?.method !== 'OPTIONS') return '200 for what is no preflight'
  const [host = ''] = valuesOf(sent, 'host')
  const address = referenceAddress(host, sent.target, Object.keys(rulesOf))
  if (typeof address !== 'object' || !isKnownHost(host)) return '200 for a preflight of no bucket'
  return JSON.stringify(cors) === JSON.stringify(answerFor(sent, address.bucket).fields)
    ? undefined
    : `CORS fields ${cors}`
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
  const failures = new Failures(t)
  const statuses = new Map<string, number>()
  await runInLanes(run, failures, openLane, async (lane, each) => {
    const fault = await tryOne(lane, each, statuses)
    if (fault !== undefined) failures.add(`${run.name(each)}: ${fault.what}`, fault)
  })
  t.comment(`FUZZ_SEED=${run.seed}: ${run.cases} streams`, Object.fromEntries([...statuses].toSorted()))
  t.equal(failures.count, 0)
  if (run.cases < 500) return
  for (const one of ['forwarded', 'own 200', 'own 400', 'own 403']) {
    t.ok((statuses.get(one) ?? 0) > run.cases / 100, `${one} happened often enough to mean something`)
  }
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
