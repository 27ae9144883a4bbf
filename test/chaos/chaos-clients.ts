import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { localhostCertificate } from '../fixtures/localhost-certificate.ts'
import { type ReferenceResponse, readReferenceResponse } from '../fixtures/reference-response-parser.ts'
import type { SeededRandom } from '../fixtures/seeded-random.ts'
import { contentOf, hashOf, targetOf } from './chaos-object.ts'

/** What the clients of a chaos run share. */
export interface ChaosTraffic {
  readonly port: number
  readonly tls: boolean
  readonly random: SeededRandom
  /** The CORS fields, as one string, that an answer for the allowed origin may have: those of one configuration or another. */
  readonly allowed: ReadonlySet<string>
  readonly outcomes: Map<string, number>
  readonly faults: string[]
  nextId: number
}

/** The origin that some of the configurations allow. */
export const allowedOrigin = 'https://app.example'

const limits = { headerBytes: 65536, fields: 256, informational: 32 }
// Every wait of the proxy in this run is shorter; what takes longer hangs.
const longestMs = 15_000

interface Exchange {
  readonly method: string
  readonly target: string
}

type Ending = 'fin' | 'reset' | 'left'

/** One connection with one to three requests, good or broken off, and a look at all that came back. */
export async function runClient(traffic: ChaosTraffic): Promise<void> {
  const { random } = traffic
  const kind = random.pick([
    'get',
    'get',
    'get',
    'put',
    'put',
    'pipelined',
    'pipelined',
    'slow',
    'abort',
    'abort-put',
    'preflight',
    'head',
  ] as const)
  const socket = await open(traffic)
  if (socket === undefined) return
  const parts: Buffer[] = []
  let ending: Ending = 'left'
  const startedAt = performance.now()
  let lastAt = startedAt
  socket.on('data', bytes => {
    parts.push(bytes)
    lastAt = performance.now()
  })
  socket.on('end', () => {
    ending = ending === 'left' ? 'fin' : ending
  })
  socket.on('error', () => {
    ending = 'reset'
  })
  const closed = once(socket, 'close').catch(() => undefined)
  const exchanges = write(traffic, socket, kind)
  if (kind === 'slow') void readSlowly(socket, random)
  if (kind === 'abort' || kind === 'abort-put') {
    await delay(random.below(30))
    if (random.below(2) === 0 || traffic.tls) socket.destroy()
    else socket.resetAndDestroy()
  }
  const timer = setTimeout(() => {
    const wished = exchanges.map(({ method, target }) => `${method} ${target}`).join(' ')
    const received = Buffer.concat(parts).toString('latin1')
    const times = [lastAt, performance.now()].map(at => Math.round(at - startedAt)).join(' of ')
    const last = received.slice(received.lastIndexOf('HTTP/1.1 ')).slice(0, 300)
    traffic.faults.push(`hangs: ${kind} ${wished}: ${received.length} bytes, the last after ${times} ms, ${last}`)
    socket.destroy()
  }, longestMs)
  await closed
  clearTimeout(timer)
  judge(traffic, Buffer.concat(parts).toString('latin1'), ending, exchanges)
}

async function open({ port, tls }: ChaosTraffic): Promise<Socket | undefined> {
  const socket = tls
    ? connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: localhostCertificate })
    : connect({ port, host: '127.0.0.1', noDelay: true })
  try {
    await once(socket, tls ? 'secureConnect' : 'connect')
    return socket
  } catch {
    return undefined
  }
}

/** Writes the requests; the last one asks for the connection to be closed, so that its end is the end. */
function write(traffic: ChaosTraffic, socket: Socket, kind: string): Exchange[] {
  const { random } = traffic
  const count = kind === 'pipelined' ? 3 : 1
  const exchanges: Exchange[] = []
  for (let index = 0; index < count; index++) {
    const isLast = index === count - 1
    const isPut = kind === 'put' || kind === 'abort-put' || (kind === 'pipelined' && random.below(3) === 0)
    const size = random.below(random.pick([10, 5000, 100_000, kind === 'slow' || kind === 'put' ? 2_000_000 : 300_000]))
    const id = traffic.nextId++
    const method = kind === 'preflight' ? 'OPTIONS' : kind === 'head' ? 'HEAD' : isPut ? 'PUT' : 'GET'
    const target = targetOf(random.pick(['web', 'web', 'live']), id, size)
    exchanges.push({ method, target })
    const asked = method === 'OPTIONS' ? 'Access-Control-Request-Method: GET\r\n' : ''
    const version = isLast && !isPut && random.below(8) === 0 ? '1.0' : '1.1'
    const head = `${method} ${target} HTTP/${version}\r\nHost: a\r\nOrigin: ${allowedOrigin}\r\n${asked}${isLast ? 'Connection: close\r\n' : ''}`
    if (!isPut) socket.write(`${head}\r\n`)
    else writeUpload(traffic, socket, head, contentOf(id, size), kind === 'abort-put')
  }
  return exchanges
}

function writeUpload(
  { random }: ChaosTraffic,
  socket: Socket,
  head: string,
  content: Buffer,
  isAborted: boolean,
): void {
  const whole = isAborted ? content.subarray(0, random.below(content.length + 1)) : content
  const expect = random.below(6) === 0 ? 'Expect: 100-continue\r\n' : ''
  if (random.below(2) === 0) {
    // An aborted one announces more than there is, so that it cannot be whole.
    socket.write(`${head}${expect}Content-Length: ${content.length + (isAborted ? 1 : 0)}\r\n\r\n`)
    socket.write(whole)
    return
  }
  socket.write(`${head}${expect}Transfer-Encoding: chunked\r\n\r\n`)
  for (let at = 0; at < whole.length; ) {
    const piece = whole.subarray(at, at + 1 + random.below(1 + whole.length / 4))
    socket.write(`${piece.length.toString(16)}\r\n`)
    socket.write(piece)
    socket.write('\r\n')
    at += piece.length
  }
  if (!isAborted) socket.write('0\r\n\r\n')
}

async function readSlowly(socket: Socket, random: SeededRandom): Promise<void> {
  for (let count = 0; count < 40 && !socket.destroyed; count++) {
    socket.pause()
    await delay(random.below(20))
    socket.resume()
    await delay(1)
  }
}

function judge(traffic: ChaosTraffic, received: string, ending: Ending, exchanges: readonly Exchange[]): void {
  const { faults, outcomes } = traffic
  const count = (outcome: string): unknown => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  let rest = received
  for (const { method, target } of exchanges) {
    const response = readReferenceResponse(rest, method, limits)
    const whole = response.verdict === 'complete' || (response.verdict === 'open' && ending === 'fin')
    const { head } = response
    if (response.verdict === 'malformed') faults.push(`malformed: ${method} ${target}: ${rest.slice(0, 300)}`)
    const cors = head === undefined ? '' : corsOf(response)
    if (!traffic.allowed.has(cors)) faults.push(`a mix of configurations: ${method} ${target}: ${cors}`)
    if (!whole || head === undefined) {
      count(rest === '' ? 'nothing' : 'broken off')
      return
    }
    const hash = value(response, 'x-hash')
    if (hash === undefined) count(`own ${head.statusCode}`)
    else {
      count(`${method} ${head.statusCode} ${response.framing}`)
      if (value(response, 'x-target') !== target) faults.push(`${target} got ${value(response, 'x-target')}`)
      const content = Buffer.from(response.body, 'latin1')
      if (method !== 'HEAD' && hashOf(content) !== hash)
        faults.push(`a wrong content: ${method} ${target}: ${content.length} bytes`)
    }
    rest = rest.slice(rest.length - response.excess)
    if (head.closes || response.verdict === 'open') return
  }
  if (rest !== '') faults.push(`more than was asked for: ${rest.slice(0, 300)}`)
}

function value({ head }: ReferenceResponse, name: string): string | undefined {
  const fields = head?.fields ?? []
  return fields.find((_, index) => index % 2 === 1 && fields[index - 1]?.toLowerCase() === name)
}

/** The CORS fields of a response as one string. */
function corsOf({ head }: ReferenceResponse): string {
  const fields = head?.fields ?? []
  return fields
    .flatMap((name, index) =>
      index % 2 === 0 && /^access-control-/i.test(name) ? `${name}: ${fields[index + 1]}` : [],
    )
    .join('; ')
}
