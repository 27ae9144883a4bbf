// Mutated requests of HTTP/2, in frames and field blocks, through the proxy to an endpoint that reads strictly. What arrives is what the
// client's bytes say by a second reading of frames and HPACK; what was decided is what the second reading of rules and addresses says
// about what arrived; what was refused, cut or reset does not arrive whole. FUZZ_MINUTES, FUZZ_SEED, FUZZ_CASE: fuzz-run.ts.

import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { tryInLanes } from '../fixtures/fuzz-lanes.ts'
import { type FuzzCase, FuzzRun } from '../fixtures/fuzz-run.ts'
import {
  errorPayload,
  type Frame,
  FrameClient,
  flags,
  frame,
  frameTypes,
  preface,
  requestFields,
} from '../fixtures/http2-frames.ts'
import { fieldsMutators, framesMutators } from '../fixtures/http2-mutators.ts'
import { type Field, HpackDecoder, HpackEncoder } from '../fixtures/reference-hpack.ts'
import { readSentStreams, type SentStream } from '../fixtures/reference-http2-reader.ts'
import {
  differenceOf,
  faultOfArrival,
  faultOfDecision,
  faultOfOwnAnswer,
  field,
  type JudgedResponse,
  type Lane,
  openLane,
} from '../fixtures/request-judge.ts'
import type { ReceivedRequest } from '../fixtures/request-reader.ts'
import type { SeededRandom } from '../fixtures/seeded-random.ts'

interface Seed {
  readonly fields: readonly Field[]
  /** Undefined: it ends with its head. */
  readonly content?: string
  readonly trailers?: readonly Field[]
}

function seed(
  [method, target, authority]: readonly [string, string, string],
  fields: Readonly<Record<string, string>>,
  content?: string,
): Seed {
  const flat = requestFields(method, target, authority)
  const pseudo = flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? ''] as const] : []))
  const all = [...pseudo, ...Object.entries(fields)]
  return content === undefined ? { fields: all } : { fields: all, content }
}

const smuggled = 'GET /bbb/smuggled HTTP/1.1\r\nHost: s\r\n\r\n'
const seeds: readonly Seed[] = [
  seed(['GET', '/aaa/k?x=%2F&y', '127.0.0.1:9000'], { origin: 'https://aaa.example', range: 'bytes=0-1' }),
  seed(['GET', '/k/../x', 'aaa.s3.test'], { origin: 'https://x.aaa.example', 'x-amz-meta-a_b': '\xe4' }),
  seed(['HEAD', '/bbb/k', 'minio'], { origin: 'https://evil.example', 'accept-encoding': 'gzip' }),
  seed(['GET', '/ccc/k', 'a'], { origin: 'https://evil.example', authorization: 'AWS4 x' }),
  seed(['GET', '/ddd/k', 'a'], { origin: 'https://ddd.example', te: 'trailers', cookie: 'a=b' }),
  seed(
    ['PUT', '/aaa/k', 'a'],
    { origin: 'https://aaa.example', 'content-length': `${smuggled.length}`, 'content-type': 'text/plain' },
    smuggled,
  ),
  seed(['POST', '/ccc/k', 'a'], { origin: 'https://ccc.example' }, `abc${smuggled}`),
  { ...seed(['DELETE', '/aaa/k', 'a'], { 'x-a': 'b' }, 'GET /'), trailers: [['x-t', 'Host: a']] },
  seed(['PUT', '/aaa/k', 'a'], { 'content-length': '3', expect: '100-continue' }, 'abc'),
  seed(['PUT', '/aaa/k', 'a'], { 'content-length': `000${smuggled.length}`, 'x-real-ip': '10.0.0.1' }, smuggled),
  seed(['PUT', '/aaa/empty', 'a'], { 'content-length': '0', 'if-none-match': '*' }),
  seed(['PUT', '/aaa/empty', 'a'], { 'content-length': '0' }, ''),
  seed(['POST', '/aaa/empty', 'a'], {}),
  seed(['OPTIONS', '/aaa/k', 'a'], {
    origin: 'https://aaa.example',
    'access-control-request-method': 'PUT',
    'access-control-request-headers': 'x-aaa, X-AAA',
  }),
  seed(['OPTIONS', '/k', 'bbb.s3.test'], { origin: 'https://b.example', 'access-control-request-method': 'PUT' }),
  seed(['GET', '/other-bucket/k', 'other.example'], { origin: 'https://aaa.example' }),
]

interface Sent {
  readonly bytes: Buffer
  readonly mutated: boolean
}

function makeConnection(random: SeededRandom): Sent {
  const encoder = new HpackEncoder(random)
  const mutations = random.pick([0, 1, 1, 1, 2, 2, 4, 8])
  let ofFields = 0
  for (let count = mutations; count > 0; count--) ofFields += random.below(2)
  let frames: readonly Frame[] = []
  for (let count = 1 + random.below(4), index = 0; index < count; index++) {
    const { fields, content, trailers } = random.pick(seeds)
    let mutated = fields
    for (; ofFields > 0 && (index === count - 1 || random.below(2) === 0) && mutated.length > 0; ofFields--)
      mutated = random.pick(fieldsMutators)(mutated, random)
    const stream = 1 + 2 * index
    frames = [
      ...frames,
      ...headFrames(encoder.encode(mutated), stream, content === undefined, random),
      ...(content === undefined ? [] : contentFrames(content, stream, trailers === undefined, random)),
      ...(trailers === undefined ? [] : headFrames(encoder.encode(trailers), stream, true, random)),
    ]
    if (random.below(3) === 0) frames = [...frames, harmless(random)]
  }
  frames = [{ type: frameTypes.settings, flags: 0, stream: 0, payload: Buffer.alloc(0) }, ...frames]
  for (let count = mutations - ofFields; count > 0 && frames.length > 0; count--)
    frames = random.pick(framesMutators)(frames, random)
  const pieces = frames.map(one => frame(one.type, one.flags, one.stream, one.payload))
  let bytes: Buffer = Buffer.concat([Buffer.from(preface), ...pieces])
  if (mutations > 2 && random.below(3) === 0) bytes = withoutOctet(bytes, random)
  return { bytes, mutated: mutations > 0 }
}

function withoutOctet(bytes: Buffer, random: SeededRandom): Buffer {
  const at = random.below(bytes.length)
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)])
}

/** HEADERS, and CONTINUATION where the dice want some; padded, with a priority, or neither. */
function headFrames(block: Buffer, stream: number, endStream: boolean, random: SeededRandom): readonly Frame[] {
  const cuts = random.pick([0, 0, 0, 1, 3])
  const pieces = cut(block, cuts, random)
  return pieces.map((piece, index) => {
    const end = index === pieces.length - 1 ? flags.endHeaders : 0
    if (index > 0) return { type: frameTypes.continuation, flags: end, stream, payload: piece }
    const prioritised = random.below(4) === 0 ? Buffer.concat([Buffer.of(0, 0, 0, 0, 16), piece]) : piece
    const priority = prioritised === piece ? 0 : flags.priority
    return padded(
      {
        type: frameTypes.headers,
        flags: end | priority | (endStream ? flags.endStream : 0),
        stream,
        payload: prioritised,
      },
      random,
    )
  })
}

function contentFrames(content: string, stream: number, endStream: boolean, random: SeededRandom): readonly Frame[] {
  const pieces = cut(Buffer.from(content), random.below(3), random)
  return pieces.map((payload, index) => {
    const end = endStream && index === pieces.length - 1 ? flags.endStream : 0
    return padded({ type: frameTypes.data, flags: end, stream, payload }, random)
  })
}

function cut(bytes: Buffer, count: number, random: SeededRandom): readonly Buffer[] {
  const cuts = Array.from({ length: count }, () => random.below(bytes.length + 1)).sort((a, b) => a - b)
  return [...cuts, bytes.length].map((end, index) => bytes.subarray(cuts[index - 1] ?? 0, end))
}

function padded(one: Frame, random: SeededRandom): Frame {
  if (random.below(4) > 0) return one
  const padding = random.below(20)
  const payload = Buffer.concat([Buffer.of(padding), one.payload, Buffer.alloc(padding)])
  return { ...one, flags: one.flags | flags.padded, payload }
}

/** What a client may send between its requests. */
function harmless(random: SeededRandom): Frame {
  return random.pick([
    { type: frameTypes.ping, flags: 0, stream: 0, payload: Buffer.alloc(8, 7) },
    { type: frameTypes.windowUpdate, flags: 0, stream: 0, payload: errorPayload(1000) },
    { type: frameTypes.priority, flags: 0, stream: 1, payload: Buffer.of(0, 0, 0, 0, 9) },
    { type: 0xbe, flags: 0xff, stream: 5, payload: Buffer.from('unknown') },
  ])
}

async function send(client: FrameClient, bytes: Buffer, random: SeededRandom): Promise<void> {
  for (const piece of cut(bytes, random.pick([0, 0, 1, 2, 6]), random)) {
    client.send(piece)
    await delay(random.below(2))
  }
}

/** Until nothing moves any more: answered, refused, or waiting for what will not come. */
async function settle(client: FrameClient, { proxy, upstream }: Lane): Promise<void> {
  let before = ''
  for (let quiet = 0, tries = 0; quiet < 3 && tries < 500 && !client.closed; tries++) {
    await delay(2)
    const received = upstream.connections.reduce((sum, connection) => sum + connection.receivedBytes, 0)
    const now = `${client.frames.length} ${received} ${proxy.started} ${proxy.records.length}`
    quiet = now === before ? quiet + 1 : 0
    before = now
  }
}

function isEnd({ type, flags: set }: Frame): boolean {
  return (type === frameTypes.headers || type === frameTypes.data) && (set & flags.endStream) !== 0
}

interface Answer extends JudgedResponse {
  readonly stream: number
  /** Its stream has ended in order. */
  readonly isWhole: boolean
  readonly body: string
}

/** The answers that came, by the stream; throws for frames that no server may send. */
function readAnswers(frames: readonly Frame[]): Answer[] {
  const decoder = new HpackDecoder()
  const answers = new Map<number, Answer>()
  let block: Buffer[] = []
  for (const { type, flags: set, stream, payload } of frames) {
    const isHead = type === frameTypes.headers || type === frameTypes.continuation
    const before = answers.get(stream)
    if (isHead) block.push(payload)
    if (isHead && (set & flags.endHeaders) !== 0) {
      const fields = decoder.decode(Buffer.concat(block))
      block = []
      const status = Number(fields[0]?.[1])
      if (fields[0]?.[0] !== ':status') throw new Error('an answer without status')
      if (status < 200) continue
      if (before !== undefined) throw new Error('two answers on a stream')
      const flat = fields.slice(1).flatMap(([name, value]) => [canonical(name), value])
      const head = { statusCode: status, reason: '', minorVersion: 1, fields: flat, closes: false } as const
      answers.set(stream, { stream, head, body: '', isWhole: (set & flags.endStream) !== 0 })
    } else if (type === frameTypes.data) {
      if (before === undefined || before.isWhole) throw new Error('content of no answer')
      const body = before.body + payload.toString('latin1')
      answers.set(stream, { ...before, body, isWhole: (set & flags.endStream) !== 0 })
    }
  }
  return [...answers.values()]
}

/** As the rules are written: each word begins with a capital letter. */
function canonical(name: string): string {
  return name.replace(/(^|-)[a-z]/g, letter => letter.toUpperCase())
}

function judge(
  sent: readonly SentStream[],
  arrived: readonly ReceivedRequest[],
  answers: readonly Answer[],
  { answered }: Lane,
): string | undefined {
  const taken = new Set<SentStream>()
  const answerTo = (request: ReceivedRequest) => {
    const number = answered.get(request)
    return answers.find(one => number !== undefined && field(one, 'x-rec') === `${number}`)
  }
  // Those whose stream the answer names come first: of equal requests the rest are the others.
  const named = arrived.filter(request => answerTo(request) !== undefined)
  for (const request of [...named, ...arrived.filter(one => !named.includes(one))]) {
    const fault = faultOfArrival(request)
    if (fault !== undefined) return fault
    const answer = answerTo(request)
    const one = sent.find(stream =>
      answer === undefined
        ? !taken.has(stream) && stream.request !== undefined && differenceOf(stream.request, request) === undefined
        : stream.id === answer.stream,
    )
    if (one?.request === undefined || taken.has(one))
      return `a request arrived that was not sent: ${request.method} ${request.target}`
    taken.add(one)
    const difference = differenceOf(one.request, request)
    if (difference !== undefined) return `${difference} arrived otherwise: ${request.method} ${request.target}`
    const wrong = answer === undefined ? undefined : faultOfDecision(request, answer)
    if (wrong !== undefined) return wrong
    const own = answers.find(({ stream }) => stream === one.id)
    if (answer === undefined && request.complete && own?.isWhole) return 'what was refused has arrived whole'
  }
  for (const answer of answers) {
    const request = sent.find(({ id }) => id === answer.stream)?.request
    const number = field(answer, 'x-rec')
    if (number === undefined) {
      const fault = answer.isWhole ? faultOfOwnAnswer(request, answer) : undefined
      if (fault !== undefined) return `${answer.stream}: ${fault}`
      continue
    }
    if (!arrived.some(one => answered.get(one) === Number(number))) return `an answer to another request: ${number}`
    if (answer.isWhole && request?.method !== 'HEAD' && answer.body !== `answer ${number}`) return 'another content'
  }
  return undefined
}

const run = new FuzzRun()
t.setTimeout(run.milliseconds + 60_000)

t.test('what was authorised is what arrives over HTTP/2, and nothing else does', async t => {
  await tryInLanes(t, run, {
    cases: 'connections',
    open: owner => openLane(owner, { tls: true }),
    tryOne,
    enough: 200,
    oneIn: 100,
    kinds: ['forwarded', 'own 200', 'own 403', 'reset', 'GOAWAY'],
  })
})

// Whatever ends does so at once; this is for a machine that is busy with other things.
const longestMs = 30_000

async function tryOne(lane: Lane, { random }: FuzzCase, outcomes: Map<string, number>) {
  const { proxy, upstream, answered } = lane
  // Streams go up on connections of their own.
  const before = new Set(upstream.requests)
  const { bytes, mutated } = makeConnection(random)
  const client = await FrameClient.openSilent(proxy.port)
  await send(client, bytes, random)
  const sent = readSentStreams(bytes)
  if (mutated) await settle(client, lane)
  else await client.until(frames => frames.filter(isEnd).length >= sent.length || undefined, longestMs)
  const leaving = random.below(3)
  if (leaving === 0) client.socket.end()
  else if (leaving === 1) client.send(frame(frameTypes.goAway, 0, 0, Buffer.alloc(8)))
  if (leaving > 0) client.close()
  let fault = await findLeftover(lane)
  client.close()
  // The endpoint may read what was broken off later than that.
  const next = await askWell(lane)
  const arrived = upstream.requests.filter(request => !before.has(request) && request.target !== wellTarget)
  let answers: readonly Answer[] = []
  try {
    answers = readAnswers(client.frames)
  } catch (error) {
    fault ??= error instanceof Error ? error.message : 'answers that cannot be read'
  }
  for (const kind of kindsOf(client.frames, answers)) outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1)
  fault ??= upstream.faults[0]
  fault ??= judge(sent, arrived, answers, lane)
  if (!mutated && answers.filter(({ isWhole }) => isWhole).length !== sent.length)
    fault ??= 'a good request was not answered'
  fault ??= next
  if (fault === undefined) return undefined
  return {
    what: fault,
    bytes: bytes.toString('latin1'),
    sent,
    answers,
    frames: client.frames,
    arrived: arrived.map(one => ({ ...one, body: one.body.toString('latin1'), number: answered.get(one) })),
    warnings: proxy.warnings.splice(0),
  }
}

function kindsOf(frames: readonly Frame[], answers: readonly Answer[]): readonly string[] {
  return [
    ...answers.map(one => (field(one, 'x-rec') === undefined ? `own ${one.head?.statusCode}` : 'forwarded')),
    ...(frames.some(({ type }) => type === frameTypes.resetStream) ? ['reset'] : []),
    ...(frames.some(({ type }) => type === frameTypes.goAway) ? ['GOAWAY'] : []),
  ]
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

const wellTarget = '/good/k'

/** The client that comes next, on any connection to the endpoint that is left, gets the answer to its own request. */
async function askWell({ proxy, upstream, answered }: Lane): Promise<string | undefined> {
  const before = new Set(upstream.requests)
  const client = await FrameClient.open(proxy.port)
  client.headers(1, requestFields('GET', wellTarget, 'a'), true)
  const outcome = await client.outcome(1)
  client.close()
  const arrived = upstream.requests.filter(request => !before.has(request) && request.target === wellTarget)
  const body = `answer ${arrived[0] === undefined ? -1 : answered.get(arrived[0])}`
  const [answer] = readAnswers(client.frames)
  return arrived.length === 1 && outcome === 'end' && answer?.body === body
    ? undefined
    : `the next request ended with ${outcome} and ${JSON.stringify(answer)}`
}
