// The lab of idle limits with real sockets: `npm run idle-lab -- --seconds 300`. Each endpoint, 50 ms away, ends idle connections in its
// own way, and has a proxy of its own. Clients send GET and PUT after pauses of every length. It fails when one is not answered
// with 200: no endpoint here would have failed it on a fresh connection.

import { Agent, request } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { createServer as createTlsServer, TLSSocket } from 'node:tls'
import { parseArgs } from 'node:util'
import { localhostCertificate, localhostKey } from '../fixtures/localhost-certificate.ts'
import { startProxy } from '../fixtures/proxy-process.ts'
import { seededRandom } from '../fixtures/request-records.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '300' },
    clients: { type: 'string', default: '100' },
    ends: { type: 'string', default: '' },
  },
})
const seconds = Number(values.seconds)
const clients = Number(values.clients)

const onWayMs = 25
const content = Buffer.alloc(100, 'x')
const random = seededRandom(16)

interface Kind {
  readonly name: string
  /** How long a connection may be idle. */
  readonly limitMs: () => number
  /** Then it is forgotten without a word, as by a firewall, and not ended. */
  readonly isSilent?: boolean
}

const kinds: readonly Kind[] = [
  { name: 'after 1 s', limitMs: () => 1000 },
  { name: 'after 5 s', limitMs: () => 5000 },
  { name: 'after 15 s', limitMs: () => 15_000 },
  { name: 'after 60 s', limitMs: () => 60_000 },
  { name: 'at random', limitMs: () => random() * 20_000 },
  { name: 'forgets after 8 s', limitMs: () => 8000, isSilent: true },
]

/** Answers every request of a connection with 200, as from afar. */
function serve(socket: Socket, { limitMs, isSilent = false }: Kind): void {
  let received = ''
  let isOver = false
  let timer: NodeJS.Timeout | undefined
  const rest = () => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      isOver = true
      if (!isSilent) setTimeout(() => socket.end(), onWayMs)
    }, limitMs())
  }
  // Not before the first answer: a fresh connection must not fail a request.
  socket.setNoDelay(true)
  socket.on('error', () => undefined)
  socket.on('close', () => clearTimeout(timer))
  socket.on('data', bytes => {
    received += bytes.toString('latin1')
    const headEnd = received.indexOf('\r\n\r\n')
    if (headEnd < 0) return
    const [, length = '0'] = /^content-length: (\d+)/im.exec(received.slice(0, headEnd)) ?? []
    if (received.length < headEnd + 4 + Number(length)) return
    received = ''
    setTimeout(() => {
      if (isOver && isSilent) return
      // Node sends no reset for a TLS socket.
      if (isOver && socket instanceof TLSSocket) socket.destroy()
      else if (isOver) socket.resetAndDestroy()
      else {
        rest()
        setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'), onWayMs)
      }
    }, onWayMs)
  })
}

interface Outcome {
  readonly requests: number
  readonly failures: readonly string[]
  readonly opened: number
  /** Of GET, sorted. */
  readonly tookMs: readonly number[]
}

async function measure(kind: Kind, isTls: boolean): Promise<Outcome> {
  let opened = 0
  const take = (socket: Socket) => {
    opened++
    // The handshake of TCP takes its time, too.
    setTimeout(() => serve(socket, kind), 2 * onWayMs)
  }
  const server = isTls ? createTlsServer({ cert: localhostCertificate, key: localhostKey }, take) : createServer(take)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const url = isTls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`
  const proxy = await startProxy(
    `upstream: { url: "${url}", credentials: none, connectSeconds: 20, responseSeconds: 30${isTls ? ', caFile: ca.pem' : ''} }\nhosts: [a]\nbuckets: { media: { from: none, enforcement: report } }`,
    { files: { 'ca.pem': localhostCertificate } },
  )
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  const failures: string[] = []
  const tookMs: number[] = []
  let requests = 0
  const endMs = performance.now() + seconds * 1000
  const client = async (_: unknown, index: number) => {
    // Not all at once.
    await delay((index / clients) * 20_000)
    for (;;) {
      // From a millisecond to over a minute, short ones as often as long ones.
      const pauseMs = 10 ** (random() * 4.85)
      if (performance.now() + pauseMs > endMs) return
      await delay(pauseMs)
      const method = random() < 0.5 ? 'GET' : 'PUT'
      const beganMs = performance.now()
      requests++
      const status = await ask(agent, proxy.port, method).catch((error: NodeJS.ErrnoException) => error.code)
      const took = performance.now() - beganMs
      if (method === 'GET') tookMs.push(took)
      if (status !== 200) failures.push(`${method} ${status} after ${took.toFixed(0)} ms`)
    }
  }
  try {
    await Promise.all(Array.from({ length: clients }, client))
  } finally {
    agent.destroy()
    await proxy.stop()
    server.close()
  }
  return { requests, failures, opened, tookMs: tookMs.sort((a, b) => a - b) }
}

function ask(agent: Agent, port: number, method: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request({ agent, port, method, path: '/media/k', headers: { host: 'a' } }, response => {
      response
        .on('error', reject)
        .on('end', () => resolve(response.statusCode))
        .resume()
    })
    asked.on('error', reject).end(method === 'PUT' ? content : undefined)
  })
}

const runs = kinds
  .filter(({ name }) => name.includes(values.ends))
  .flatMap(kind => [false, true].map(isTls => ({ kind, isTls })))
if (runs.length === 0)
  throw new Error(`expected a word of ${kinds.map(({ name }) => name).join(', ')}, got ${values.ends}`)
console.log('the endpoint ends idle connections    requests failed opened    GET ms: p50   p99   max')
// All at the same time: each does little.
for (const outcome of runs.map(({ kind, isTls }) => ({ kind, isTls, measured: measure(kind, isTls) }))) {
  const { requests, failures, opened, tookMs } = await outcome.measured
  const at = (part: number) => (tookMs[Math.min(tookMs.length - 1, Math.floor(tookMs.length * part))] ?? 0).toFixed(0)
  const name = `${outcome.kind.name}${outcome.isTls ? ', TLS' : ''}`
  const figures = [requests, failures.length, opened].map(figure => String(figure).padStart(8)).join('')
  console.log(
    `${name.padEnd(34)}${figures}${' '.repeat(12)}${[0.5, 0.99, 1].map(part => at(part).padStart(6)).join('')}`,
  )
  console.log(failures.slice(0, 10).join('\n'))
  if (failures.length > 0) process.exitCode = 1
}
