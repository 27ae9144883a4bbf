// Floods of HTTP/2 (RFC 9113 §10.5) in a short form, by few clients: each ends its connection, or costs bounded memory, and others are
// answered meanwhile. With fifty clients, memory groups and milliseconds: `npm run floods`.

import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { connect, type TLSSocket } from 'node:tls'
import t from 'tap'
import { type Http2FloodKind, http2FloodKinds, http2Floods } from '../fixtures/http2-floods.ts'
import { FrameClient, frame, frameTypes, preface, requestFields, settingsPayload } from '../fixtures/http2-frames.ts'
import { localhostCertificate, localhostKey } from '../fixtures/localhost-certificate.ts'
import { patientMs } from '../fixtures/patience.ts'
import { megabytes, noProcessMemory, peakResidentBytes, residentBytes } from '../fixtures/process-memory.ts'
import { startProxy } from '../fixtures/proxy-process.ts'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { writeEndlessly } from '../fixtures/streams.ts'

t.setTimeout(600_000)

const origin = 'https://app.example'
const preflight = requestFields(
  ...(['OPTIONS', '/web/k', 'a'] as const),
  ...['origin', origin, 'access-control-request-method', 'GET'],
)

/** They take part in HTTP/2 as it allows, and read nothing: limits of time end them. */
const lasting: readonly Http2FloodKind[] = ['h2-unread', 'h2-stalled']
/** A thousand streams are stalled by ten connections. */
const clientsOf = (kind: Http2FloodKind) => (kind === 'h2-stalled' ? 10 : 3)
/** More than any flood was seen to cost; without bounds the floods cost gigabytes within seconds. */
const mostBytes = 150e6

interface Flood {
  /** Connections that the proxy has ended. */
  readonly ended: () => number
  readonly stop: () => void
}

/** A client that is ended comes again, until the flood is stopped. */
function startFlood(kind: Http2FloodKind, port: number): Flood {
  const { settings, opening, repeated, reads } = http2Floods[kind]
  const sockets = new Set<TLSSocket>()
  let ended = 0
  let isOver = false
  const open = (index: number): void => {
    if (isOver) return
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] })
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => {
      sockets.delete(socket)
      if (!isOver) ended++
      setTimeout(() => open(index), 100)
    })
    if (reads) socket.resume()
    let round = 0
    const more = (): void => {
      if (!socket.destroyed && repeated !== undefined) socket.write(repeated(round++), () => setImmediate(more))
    }
    socket.once('secureConnect', () => {
      const start = frame(frameTypes.settings, 0, 0, settingsPayload(settings))
      socket.write(Buffer.concat([Buffer.from(preface), start, opening(index)]))
      more()
    })
  }
  for (let index = 0; index < clientsOf(kind); index++) open(index)
  return {
    ended: () => ended,
    stop() {
      isOver = true
      for (const socket of sockets) socket.destroy()
    },
  }
}

for (const kind of http2FloodKinds) {
  t.test(kind, { skip: noProcessMemory }, async t => {
    const upstream = await startRecordingUpstream(t, {
      keepBytes: false,
      answer: async ({ target }, connection) => {
        if (!target.startsWith('/web/large')) return undefined
        connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 655360000\r\n\r\n')
        await writeEndlessly(connection)
        return undefined
      },
    })
    const proxy = await startProxy(
      `upstream: { url: "${upstream.url}", credentials: none }
tls: { certFile: cert.pem, keyFile: key.pem }
buckets:
  web: { CORSRules: [{ AllowedOrigins: ["${origin}"], AllowedMethods: [GET] }] }
`,
      { files: { 'cert.pem': localhostCertificate, 'key.pem': localhostKey } },
    )
    t.teardown(() => proxy.stop())
    const neighbour = await FrameClient.open(proxy.port)
    t.teardown(() => neighbour.close())
    const before = residentBytes(proxy.pid)
    const flood = startFlood(kind, proxy.port)
    t.teardown(() => flood.stop())
    let descriptors = 0
    // The flood goes on until all of them are answered.
    for (let asked = 0; asked < 5; asked++) {
      neighbour.headers(1 + 2 * asked, preflight, true)
      t.equal(await neighbour.outcome(1 + 2 * asked), 'end', 'on a connection from before')
      const stranger = await FrameClient.open(proxy.port)
      stranger.headers(1, preflight, true)
      t.equal(await stranger.outcome(1), 'end', 'on a connection of its own')
      stranger.close()
      descriptors = Math.max(descriptors, readdirSync(`/proc/${proxy.pid}/fd`).length)
      await delay(50)
    }
    const lastMs = performance.now() + patientMs(20_000)
    while (!lasting.includes(kind) && flood.ended() < clientsOf(kind) && performance.now() < lastMs) await delay(20)
    const ended = flood.ended()
    flood.stop()
    t.equal(ended >= clientsOf(kind), !lasting.includes(kind), `${ended} of its connections were ended`)
    const peak = peakResidentBytes(proxy.pid) - before
    t.ok(peak < mostBytes, `${megabytes(peak)} more than before`)
    t.comment(
      `${kind}: ${ended} ended, ${megabytes(peak)} more, ${descriptors} descriptors, ${cpuMs(proxy.pid)} ms of CPU`,
    )
    neighbour.close()
    t.equal(await proxy.stop(), 0)
  })
}

/** Of the process, since it started: https://docs.kernel.org/filesystems/proc.html, in hundredths of a second. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10
}
