// Mutated responses of the endpoint, cut and ended in every way, through the whole proxy to a client that reads strictly. It
// gets exactly the endpoint's response, or sees that it is broken, or a 502: never a shorter or another one that looks whole;
// and the request behind it gets its own answer. FUZZ_MINUTES, FUZZ_SEED, FUZZ_CASE: see fuzz-run.ts.

import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { type FaultScript, fin, pause, rst, startFaultUpstream, write } from '../fixtures/fault-upstream.ts'
import { tryInLanes } from '../fixtures/fuzz-lanes.ts'
import { type FuzzCase, FuzzRun } from '../fixtures/fuzz-run.ts'
import { mutators } from '../fixtures/message-mutators.ts'
import { openRaw } from '../fixtures/raw-client.ts'
import type { Owner, RecordingUpstream } from '../fixtures/recording-upstream.ts'
import {
  type ReferenceHead,
  type ReferenceResponse,
  readReferenceResponse,
} from '../fixtures/reference-response-parser.ts'
import type { SeededRandom } from '../fixtures/seeded-random.ts'
import { goodOrigin, startTestProxy, type TestProxy } from '../fixtures/test-proxy.ts'

const ok = 'HTTP/1.1 200 OK\r\n'
const cors =
  'Access-Control-Allow-Origin: *\r\naccess-control-allow-credentials: true\r\nVary: Origin, Accept-Encoding\r\n'
const seeds = [
  `${ok}Content-Length: 10\r\nETag: "a"\r\n${cors}\r\n0123456789`,
  `${ok}Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: 3\r\nx-amz-Meta-K: \xe4 b\r\nConnection: keep-alive, X-Hop, ETag\r\nX-Hop: 1\r\nETag: "b"\r\n\r\nabc`,
  `${ok}Transfer-Encoding: chunked\r\n${cors}Trailer: X-T\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
  `${ok}Transfer-Encoding: chunked\r\nVary: *\r\n\r\n5;a=b\r\n01234\r\n0A\r\n0123456789\r\n00\r\nX-T: 1\r\nAccess-Control-Allow-Origin: *\r\n\r\n`,
  `${ok}Connection: close\r\n${cors}\r\nuntil the end`,
  `HTTP/1.0 200 OK\r\nConnection: content-length, keep-alive, x-amz-request-id\r\nContent-Length: 1\r\n\r\na`,
  'HTTP/1.0 404 Not Found\r\n\r\n<Error/>',
  'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n',
  `HTTP/1.1 304\r\nContent-Length: 5\r\n${cors}\r\n`,
  'HTTP/1.1 206 \r\ncontent-length:0\r\nContent-Range: bytes 0-0/1\r\n\r\n',
  `HTTP/1.1 100 Continue\r\n\r\n${ok}Content-Length: 3\r\nKeep-Alive: timeout=5\r\n\r\nabc`,
  `HTTP/1.1 103 Early Hints\r\nAccess-Control-Allow-Origin: *\r\n\r\nHTTP/1.1 102\r\n\r\n${ok}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n`,
  `${ok}Content-Length: 2\r\n\r\nok${ok}Content-Length: 4\r\n\r\nEVIL`,
  `HTTP/1.1 307 Temporary Redirect\r\nLocation: http://a/\r\nContent-Length: 20000\r\n\r\n${'0123456789'.repeat(2000)}`,
]
// Whatever ends does so at once; this is for a machine that is busy with other things.
const longestMs = 30_000
const limits = { headerBytes: 65536, fields: 256, informational: 32 }

const s3Vary = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'
const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]
const kept = [
  'content-length',
  'content-type',
  'content-range',
  'content-encoding',
  'etag',
  'last-modified',
  'cache-control',
  'vary',
  'date',
]

interface Script {
  readonly text: string
  readonly steps: FaultScript
}

interface Lane {
  readonly proxy: TestProxy
  readonly upstream: RecordingUpstream
  script: Script | undefined
}

async function openLane(owner: Owner): Promise<Lane> {
  const good = [write(`${ok}Content-Length: 4\r\n\r\ngood`)]
  const upstream = await startFaultUpstream(
    owner,
    (_, request) => (request?.target === '/web/case' ? lane.script?.steps : good),
    { at: 'request' },
  )
  const lane: Lane = { proxy: await startTestProxy(owner, upstream.url), upstream, script: undefined }
  return lane
}

// What comes after the end of a response in a packet of its own, when the next request is already on its way, cannot be told
// from the answer to that: https://www.rfc-editor.org/rfc/rfc9112#section-9.3.2. So such responses come in one piece.
function makeScript(random: SeededRandom, method: string): Script & { readonly end: 'fin' | 'rst' } {
  let text = random.pick(seeds)
  for (let count = random.pick([0, 1, 1, 2, 5]); count > 0 && text.length > 0; count--)
    text = random.pick(mutators)(text, random)
  const isCut = readReferenceResponse(text, method, limits).excess === 0
  const cuts = Array.from({ length: isCut ? random.pick([0, 0, 1, 3]) : 0 }, () => random.below(text.length + 1)).sort(
    (a, b) => a - b,
  )
  const steps = [0, ...cuts].flatMap((from, index) => {
    const piece = write(text.slice(from, cuts[index] ?? text.length))
    return random.below(2) === 0 ? [piece] : [piece, pause(random.below(3))]
  })
  const end = random.below(3) === 0 ? 'rst' : 'fin'
  return { text, steps: [...steps, pause(random.below(4)), end === 'fin' ? fin : rst], end }
}

interface Asked {
  readonly method: string
  readonly http10: boolean
  readonly origin: string | undefined
  readonly more: boolean
}

function ask(random: SeededRandom): Asked {
  const http10 = random.below(5) === 0
  return {
    method: random.pick(['GET', 'GET', 'GET', 'HEAD', 'PUT']),
    http10,
    origin: random.pick([goodOrigin, goodOrigin, 'https://evil.example', undefined]),
    more: !http10 && random.below(2) === 0,
  }
}

function requestText({ method, http10, origin, more }: Asked): string {
  const version = http10 ? '1.0' : '1.1'
  const content = method === 'PUT' ? 'Content-Length: 3\r\n' : ''
  const head = `${method} /web/case HTTP/${version}\r\nHost: a\r\n${origin === undefined ? '' : `Origin: ${origin}\r\n`}${content}`
  const text = `${head}${more ? '' : 'Connection: close\r\n'}\r\n${method === 'PUT' ? 'abc' : ''}`
  return more ? `${text}GET /web/good HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n` : text
}

type Ending = 'fin' | 'reset' | undefined

/** What a careful client makes of what it got: whole, or visibly not. */
function isWhole(response: ReferenceResponse, ended: Ending): boolean {
  return response.verdict === 'complete' || (response.verdict === 'open' && ended === 'fin')
}

function values(head: ReferenceHead | undefined, name: string): string[] {
  const fields = head?.fields ?? []
  return fields.filter((_, index) => index % 2 === 1 && fields[index - 1]?.toLowerCase() === name)
}

function members(lines: readonly string[]): string[] {
  return lines.flatMap(line => line.split(',')).map(member => member.trim())
}

/** The fields that a client has to get, with CORS as the one rule of the bucket has it. */
function wantedFields(head: ReferenceHead, { origin }: Asked): string[] {
  const nominated = members(values(head, 'connection')).map(name => name.toLowerCase())
  const wanted: string[] = []
  // Framing is written anew, after everything else.
  let length: string | undefined
  for (let index = 0; index < head.fields.length; index += 2) {
    const [name = '', value = ''] = head.fields.slice(index, index + 2)
    const lower = name.toLowerCase()
    const isGone = hopByHop.includes(lower) || lower === 'vary' || lower.startsWith('access-control-')
    const isNominated = nominated.includes(lower) && !kept.includes(lower) && !lower.startsWith('x-amz-')
    if (isGone || isNominated) continue
    if (lower !== 'content-length') wanted.push(`${name}: ${value}`)
    else if (head.statusCode !== 204) length = `${name}: ${value}`
  }
  const allowed = origin === goodOrigin
  if (allowed) {
    wanted.push(
      `Access-Control-Allow-Origin: ${goodOrigin}`,
      'Access-Control-Allow-Methods: GET, HEAD, PUT, POST, DELETE',
    )
    wanted.push(
      'Access-Control-Expose-Headers: ETag',
      'Access-Control-Max-Age: 300',
      'Access-Control-Allow-Credentials: true',
    )
  }
  const varies = members(values(head, 'vary')).filter(member => member !== '')
  const others = varies.filter(member => !s3Vary.toLowerCase().split(', ').includes(member.toLowerCase()))
  wanted.push(`Vary: ${varies.includes('*') ? '*' : [...others, s3Vary].join(', ')}`)
  if (length !== undefined) wanted.push(length)
  return wanted
}

/** The fields that a client got, without those that are between it and the proxy. */
function gotFields(head: ReferenceHead, upstream: ReferenceHead): string[] {
  const own = [...hopByHop, ...(values(upstream, 'date').length === 0 ? ['date'] : [])]
  const got: string[] = []
  for (let index = 0; index < head.fields.length; index += 2) {
    const [name = '', value = ''] = head.fields.slice(index, index + 2)
    if (!own.includes(name.toLowerCase())) got.push(`${name}: ${value}`)
  }
  return got
}

/** Where the response is not the endpoint's. */
function differenceOf(got: ReferenceResponse, sent: ReferenceResponse, asked: Asked): string | undefined {
  const { head } = got
  if (head === undefined || sent.head === undefined) return 'no head'
  if (head.statusCode !== sent.head.statusCode) return `status ${head.statusCode}`
  if (head.reason !== sent.head.reason) return `reason ${JSON.stringify(head.reason)}`
  if (got.body !== sent.body) return 'another content'
  const wanted = JSON.stringify(wantedFields(sent.head, asked))
  const found = JSON.stringify(gotFields(head, sent.head))
  return found === wanted ? undefined : `fields ${found} and not ${wanted}`
}

function judge(
  text: string,
  ended: Ending,
  sent: ReferenceResponse,
  end: 'fin' | 'rst',
  asked: Asked,
): string | undefined {
  const got = readReferenceResponse(text, asked.method, limits)
  const wasWhole = isWhole(sent, end === 'fin' ? 'fin' : 'reset')
  if (got.verdict === 'malformed') return 'the client cannot read it'
  if (got.informational.length > 0) return 'an interim response that was not asked for'
  const isOwn = values(got.head, 'x-amz-id-2').length > 0
  if (isOwn) {
    if (wasWhole && end === 'fin') return `a good response became ${got.head?.statusCode}`
    if (got.head?.statusCode !== 502 || got.verdict !== 'complete') return `an answer with ${got.head?.statusCode}`
  } else if (isWhole(got, ended)) {
    if (!wasWhole) return 'what was not whole looks whole'
    const difference = differenceOf(got, sent, asked)
    if (difference !== undefined) return difference
  } else {
    // A reset may overtake what was sent before it.
    if (wasWhole && end === 'fin') return 'what was whole was broken off'
    if (sent.verdict !== 'malformed' && !sent.body.startsWith(got.body)) return 'the beginning of another content'
  }
  if (!asked.more || got.verdict !== 'complete' || got.head?.closes === true) return undefined
  const next = readReferenceResponse(text.slice(text.length - got.excess), 'GET', limits)
  return next.verdict === 'complete' && next.body === 'good' && next.excess === 0
    ? undefined
    : 'the next request got another answer'
}

const run = new FuzzRun()
t.setTimeout(run.milliseconds + 60_000)

t.test('a client gets exactly what the endpoint sent, or sees that it did not', async t => {
  await tryInLanes(t, run, {
    cases: 'responses',
    open: openLane,
    tryOne,
    enough: 500,
    oneIn: 50,
    kinds: ['complete', 'incomplete', 'open', 'malformed'],
  })
})

async function tryOne(lane: Lane, { random }: FuzzCase, verdicts: Map<string, number>) {
  const asked = ask(random)
  const script = makeScript(random, asked.method)
  lane.script = script
  const sent = readReferenceResponse(script.text, asked.method, limits)
  verdicts.set(sent.verdict, (verdicts.get(sent.verdict) ?? 0) + 1)
  const client = await openRaw(lane.proxy.port)
  await client.write(requestText(asked))
  let fault: string | undefined
  await client
    .until(({ ended }) => ended !== undefined, longestMs)
    .catch(() => {
      fault = 'the connection does not end'
    })
  const { text, ended } = client
  client.destroy()
  fault ??= judge(text, ended, sent, script.end, asked)
  if (random.below(4) === 0) await delay(random.below(5))
  fault ??= await askWell(lane)
  if (fault === undefined) return undefined
  return {
    what: fault,
    response: script.text,
    steps: script.steps.map(step => ('bytes' in step ? step.bytes.length : step.kind)),
    asked,
    received: text,
    ended,
    sent,
  }
}

/** The client that comes next, on any connection that is left, gets the answer to its own request. */
async function askWell({ proxy }: Lane): Promise<string | undefined> {
  const client = await openRaw(proxy.port)
  await client.write('GET /web/good HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  await client.until(({ ended }) => ended !== undefined, longestMs).catch(() => undefined)
  const { text } = client
  client.destroy()
  if (proxy.warnings.some(({ event }) => event === 'internal_error'))
    return `a fault of our own: ${JSON.stringify(proxy.warnings)}`
  return text.startsWith('HTTP/1.1 200') && text.endsWith('\r\n\r\ngood')
    ? undefined
    : `the next connection got ${JSON.stringify(text)}`
}
