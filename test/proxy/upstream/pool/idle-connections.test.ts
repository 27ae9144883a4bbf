// The lab of idle limits, in simulated time: an endpoint at 50 ms round trip that ends idle connections, and clients that send
// after pauses of every length. A request may fail only where a fresh connection would have failed, which none does here.

import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import type { PoolClient, PoolConnection } from '../../../../src/proxy/upstream/pool/pool-client.ts'
import { UpstreamPool } from '../../../../src/proxy/upstream/pool/upstream-pool.ts'
import type { SocketReader } from '../../../../src/proxy/upstream/socket-reader.ts'
import { FakeSocket, socketError } from '../../../fixtures/fake-socket.ts'
import { seededRandom } from '../../../fixtures/request-records.ts'

t.setTimeout(180_000)

const onWayMs = 25
const clients = 40
const requestsOfAll = 10_000

/** Timers in the order of their time; what one sets going is done before the next. */
class Lab {
  nowMs = 0
  readonly #timers: { readonly atMs: number; readonly run: () => void }[] = []

  after(ms: number, run: () => void): void {
    const atMs = this.nowMs + ms
    let at = this.#timers.length
    // The next one stands last.
    while (at > 0 && (this.#timers[at - 1]?.atMs ?? 0) <= atMs) at--
    this.#timers.splice(at, 0, { atMs, run })
  }

  async run(ended: () => boolean): Promise<void> {
    while (!ended()) {
      const timer = this.#timers.pop()
      if (timer === undefined) throw new Error('nothing more happens')
      this.nowMs = timer.atMs
      timer.run()
      await new Promise(resolve => setImmediate(resolve))
    }
  }
}

/** The endpoint's side of a connection. */
class FarEnd {
  readonly #lab: Lab
  readonly #socket: FakeSocket
  readonly #endpoint: Endpoint
  #closed = false
  #idlePeriod = 0

  constructor(lab: Lab, socket: FakeSocket, endpoint: Endpoint) {
    this.#lab = lab
    this.#socket = socket
    this.#endpoint = endpoint
  }

  /** A request was sent to it. */
  receive(): void {
    this.#lab.after(onWayMs, () => {
      const { fields = '', isSilent = false } = this.#endpoint
      if (this.#closed) {
        if (!isSilent) this.#lab.after(onWayMs, () => this.#socket.destroy(socketError('ECONNRESET')))
        return
      }
      this.#idlePeriod++
      this.#lab.after(onWayMs, () => {
        if (!this.#socket.destroyed) this.#socket.receive(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${fields}\r\nok`)
      })
      this.#rest()
    })
  }

  #rest(): void {
    const period = this.#idlePeriod
    this.#lab.after(this.#endpoint.limitMs(), () => {
      if (period !== this.#idlePeriod || this.#socket.destroyed) return
      this.#closed = true
      if (this.#endpoint.isSilent !== true)
        this.#lab.after(onWayMs, () => {
          if (!this.#socket.destroyed) this.#socket.receiveEnd()
        })
    })
  }
}

interface Endpoint {
  readonly name: string
  readonly limitMs: () => number
  readonly fields?: string
  /** Then it forgets a connection without a word, as a firewall does, and does not end it. */
  readonly isSilent?: boolean
}

const random = seededRandom(16)

async function run(t: Test, endpoint: Endpoint, share: number): Promise<void> {
  const lab = new Lab()
  let opened = 0
  const pool = new UpstreamPool({
    open(servername: string, reader: SocketReader) {
      opened++
      const socket = new FakeSocket(servername, reader)
      const farEnd = new FarEnd(lab, socket, endpoint)
      socket.onWritten = () => farEnd.receive()
      lab.after(2 * onWayMs, () => socket.connect())
      return socket as unknown as Socket
    },
    connections: 256,
    longBuffers: 1,
    queue: 100,
    queueMs: 5000,
    connectMs: 5000,
    keepAliveMs: 60_000,
    parserLimits: { headerBytes: 1000, fields: 10, informational: 1 },
    now: () => lab.nowMs,
  })
  let sent = 0
  let answered = 0
  const failures: string[] = []

  function send(repeatable: boolean, then: () => void): void {
    let connection: PoolConnection | undefined
    let again = false
    const fail = (why: string) => {
      failures.push(`${repeatable ? 'GET' : 'PUT'} at ${lab.nowMs.toFixed(0)} ms: ${why}`)
      then()
    }
    const client: PoolClient = {
      client: 'a',
      pace: undefined,
      awaitsEndpoint: true,
      repeatable,
      fail: ({ detail }) => fail(detail),
      onConnection(given) {
        connection = given
        lab.after(repeatable ? 3000 : 30_000, () => {
          if (connection !== given || !given.mayBeLost) return
          if (!repeatable) {
            fail(`idle for ${given.idleMs.toFixed(0)} ms: no answer`)
            return
          }
          pool.onLost(given)
          given.destroy()
          pool.acquire(client, '', true)
        })
        given.begin(exchange, repeatable ? 'GET' : 'PUT')
        given.writeText('a request')
      },
    }
    const exchange = {
      onInformation: () => undefined,
      onHead() {
        if (connection !== undefined) connection.activeMs = lab.nowMs
      },
      onBody: () => undefined,
      onDrain: () => undefined,
      onFault: (error: unknown) => {
        throw error
      },
      onRead(ended: boolean) {
        if (!ended || connection === undefined) return
        answered++
        pool.release(connection)
        connection = undefined
        then()
      },
      onFailure({ detail }: { readonly detail: string }) {
        if (!repeatable || again || connection?.reused !== true || connection.answered) {
          fail(`idle for ${connection?.idleMs.toFixed(0)} ms: ${detail}`)
          return
        }
        again = true
        pool.acquire(client, '', true)
      },
    }
    sent++
    pool.acquire(client, '', false)
  }

  /** From a millisecond to over a minute, short ones as often as long ones. */
  const pauseMs = () => 10 ** (random() * 4.85)
  const goOn = () => {
    if (sent < requestsOfAll) lab.after(pauseMs(), () => send(random() > share, goOn))
  }
  for (let i = 0; i < clients; i++) goOn()
  const sweep = () => {
    pool.sweep()
    lab.after(250, sweep)
  }
  sweep()
  await lab.run(() => answered + failures.length === requestsOfAll)
  t.strictSame(failures, [])
  t.comment(`${opened} connections for ${requestsOfAll} requests`)
}

const endpoints: readonly Endpoint[] = [
  { name: 'after 1 s', limitMs: () => 1000 },
  { name: 'after 5 s', limitMs: () => 5000 },
  { name: 'after 5 s, and says so', limitMs: () => 5000, fields: 'Keep-Alive: timeout=5\r\n' },
  { name: 'after 15 s', limitMs: () => 15_000 },
  { name: 'after 60 s', limitMs: () => 60_000 },
  { name: 'after 75 s', limitMs: () => 75_000 },
  { name: 'after 5 or 60 s, as servers behind one name do', limitMs: () => (random() < 0.5 ? 5000 : 60_000) },
  { name: 'at random', limitMs: () => random() * 20_000 },
  { name: 'at random, and soon', limitMs: () => random() * 5000 },
  { name: 'after 8 s without a word', limitMs: () => 8000, isSilent: true },
  {
    name: 'after 8 s without a word, and says a minute',
    limitMs: () => 8000,
    fields: 'Keep-Alive: timeout=60\r\n',
    isSilent: true,
  },
]
for (const endpoint of endpoints) {
  for (const [what, share] of [
    ['PUT and GET', 0.5],
    ['PUT alone', 1],
  ] as const) {
    t.test(`an endpoint that ends idle connections ${endpoint.name}: ${what}`, t => run(t, endpoint, share))
  }
}
