import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { readInheritedSockets } from '../../../src/daemon/process/inherited-sockets.ts'
import { spawn } from '../../fixtures/children.ts'
import { freePort } from '../../servers/free-ports.ts'

t.setTimeout(600_000)

const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))

t.test('what LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES say', async t => {
  const read = (environment: Record<string, string>) => readInheritedSockets({ LISTEN_PID: '7', ...environment }, 7)
  t.strictSame(read({}), {}, 'none')
  t.strictSame(read({ LISTEN_PID: '8', LISTEN_FDS: '1' }), {}, 'those of another process')
  t.match(read({ LISTEN_FDS: '1' }), { listen: { fd: 3 }, admin: undefined }, 'one without a name')
  t.match(read({ LISTEN_FDS: '1', LISTEN_FDNAMES: 's3-cors-proxy.socket' }), { listen: { fd: 3 }, admin: undefined })
  t.match(read({ LISTEN_FDS: '2', LISTEN_FDNAMES: 'admin:s3' }), { listen: { fd: 4 }, admin: { fd: 3 } }, 'both ports')
  t.match(
    read({ LISTEN_FDS: '1', LISTEN_FDNAMES: 'admin' }),
    { listen: undefined, admin: { fd: 3 } },
    'the admin port alone',
  )
  for (const environment of [
    { LISTEN_FDS: '2' },
    { LISTEN_FDS: '3', LISTEN_FDNAMES: 'a:b:admin' },
    { LISTEN_FDS: '2', LISTEN_FDNAMES: 'admin:admin' },
  ])
    t.throws(() => read(environment), { message: /^expected at most one socket for listen and one named "admin"/ })
  for (const LISTEN_FDS of ['', '-1', '1e3', 'three', '99999'])
    t.throws(() => read({ LISTEN_FDS }), { message: `LISTEN_FDS: expected a number of sockets, got "${LISTEN_FDS}"` })
})

interface Holder {
  readonly port: number
  /** Starts the proxy with the socket, and resolves when it takes connections. */
  start(): Promise<{ readonly pid: number; readonly started: Readonly<Record<string, unknown>> }>
  lines(): string
}

/** As systemd: a process that keeps a listening socket, never accepts, and starts others that do. */
async function holdSocket(t: Test, configuration: (port: number) => string): Promise<Holder> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', 4096, resolve))
  const { port } = server.address() as AddressInfo
  const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-holder-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'proxy.yaml')
  writeFileSync(file, configuration(port))
  const script = `while read -r _; do
    bash -c 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"' - "$@" </dev/null &
    echo "pid $!" >&2
  done; for pid in $(jobs -p); do kill -9 "$pid"; done`
  const { PATH, HOME } = process.env
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle
  const holder: ChildProcess = spawn('bash', ['-c', script, '-', process.execPath, cli, 'serve', '--config', file], {
    env: { PATH, HOME },
    stdio: ['pipe', 'pipe', 'pipe', fd],
  })
  // This process accepts no more; the holder's copy of the socket goes on listening.
  server.close()
  const ended = once(holder, 'close')
  t.teardown(async () => {
    holder.stdin?.end()
    await ended
  })
  let printed = ''
  const pids: number[] = []
  const waiting: ((line: Record<string, unknown>) => void)[] = []
  if (holder.stdout === null || holder.stderr === null) throw new Error('no pipes')
  createInterface(holder.stdout).on('line', line => {
    printed += `${line}\n`
    const said = JSON.parse(line) as Record<string, unknown>
    if (said.event === 'started') waiting.shift()?.(said)
  })
  createInterface(holder.stderr).on('line', line => {
    printed += `${line}\n`
    if (line.startsWith('pid ')) pids.push(Number(line.slice(4)))
  })
  return {
    port,
    lines: () => printed,
    async start() {
      const started = new Promise<Record<string, unknown>>(resolve => waiting.push(resolve))
      holder.stdin?.write('start\n')
      const said = await started
      return { pid: pids.at(-1) ?? 0, started: said }
    },
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

const request = (connection: 'close' | 'keep-alive') =>
  [
    'OPTIONS /media/a HTTP/1.1',
    'Host: 127.0.0.1',
    'Origin: https://app.example',
    'Access-Control-Request-Method: GET',
    `Connection: ${connection}`,
    '',
    '',
  ].join('\r\n')

/** A client of the port: the status of one preflight, or why there was none. */
type Ask = () => Promise<string>

/** Each preflight has a connection of its own. */
function askOnce(port: number): Ask {
  return () =>
    new Promise(resolve => {
      let text = ''
      const socket = connect(port, '127.0.0.1', () => socket.write(request('close')))
      socket.setEncoding('latin1').on('data', (part: string) => {
        text += part
      })
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
      socket.once('close', () => resolve(text.slice(0, 12) || 'closed without an answer'))
    })
}

/** Each preflight follows the last one on its connection, until the server says that it closes it. */
function askOnward(port: number): Ask {
  let socket: Socket | undefined
  return () =>
    new Promise(resolve => {
      let text = ''
      const current = socket ?? connect(port, '127.0.0.1').setEncoding('latin1')
      socket = current
      const finish = (answer: string, isOver: boolean) => {
        current.removeAllListeners().on('error', () => {})
        if (isOver) {
          current.destroy()
          socket = undefined
        }
        resolve(answer)
      }
      current.on('data', (part: string) => {
        text += part
        if (text.endsWith('\r\n\r\n')) finish(text.slice(0, 12), /\r\nconnection: close\r\n/i.test(text))
      })
      current.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.message, true))
      current.on('close', () => finish('closed without an answer', true))
      current.write(request('keep-alive'))
    })
}

const rows = [
  { workers: 1, restarts: 20, requests: 10_000 },
  { workers: 2, restarts: 20, requests: 10_000 },
]
for (const { workers, restarts, requests } of rows) {
  t.test(`${restarts} restarts of ${workers} workers refuse none of ${requests} requests`, async t => {
    const admin = await freePort()
    const holder = await holdSocket(
      t,
      port => `upstream: { url: "http://127.0.0.1:9", credentials: none }
buckets: { media: { CORSRules: [{ AllowedOrigins: ["https://app.example"], AllowedMethods: [GET] }] } }
workers: ${workers}
listen: 127.0.0.1:${port}
admin: 127.0.0.1:${admin}
`,
    )
    let { pid, started } = await holder.start()
    t.match(started, { url: `http://127.0.0.1:${holder.port}`, inherited: true })

    const answers: Record<string, number> = {}
    let asked = 0
    let restarted = 0
    /** As many requests between two restarts as every time, however long a restart takes. */
    const mayAsk = () =>
      asked < requests && (restarted === restarts || asked < ((restarted + 1) * requests) / (restarts + 1))
    async function keepAsking(ask: Ask) {
      while (asked < requests) {
        if (!mayAsk()) {
          await sleep(5)
          continue
        }
        asked++
        const answer = await ask()
        answers[answer] = (answers[answer] ?? 0) + 1
      }
    }
    const clients = Promise.all(
      Array.from({ length: 8 }, (_, at) => keepAsking((at % 2 === 0 ? askOnce : askOnward)(holder.port))),
    )
    for (; restarted < restarts; restarted++) {
      process.kill(pid, 'SIGTERM')
      while (isRunning(pid)) await sleep(5)
      pid = (await holder.start()).pid
    }
    await clients
    t.strictSame(answers, { 'HTTP/1.1 200': requests })
    t.notMatch(holder.lines(), /"level":"error"/)
    process.kill(pid, 'SIGTERM')
    while (isRunning(pid)) await sleep(5)
  })
}
