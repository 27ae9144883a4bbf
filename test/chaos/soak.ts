// An hour of everything at once: `npm run soak -- --minutes 60`. Good requests, slow clients, hostile ones and reloads share one
// proxy process, over HTTP/1.1, and another one over HTTP/2; at the end of each minute all of them rest, and what each process
// holds is read. It fails when the memory at the end is more than 1.05 times that after ten minutes, or when descriptors have not
// come back.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { answerMixed, mixedConfiguration, page, sendRound } from '../daemon/mixed-traffic.ts'
import { localhostCertificate, localhostKey } from '../fixtures/localhost-certificate.ts'
import { megabytes, residentBytes } from '../fixtures/process-memory.ts'
import { type ProxyProcess, startProxy } from '../fixtures/proxy-process.ts'
import { openRaw } from '../fixtures/raw-client.ts'
import { type Answer, startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { writeEndlessly } from '../fixtures/streams.ts'
import { beGoodOverHttp2, beHostileOverHttp2 } from './soak-http2.ts'

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '60' } } })
const minutes = Number(values.minutes)
if (!Number.isInteger(minutes) || minutes < 1) throw new Error('--minutes has to be a whole number from 1')

const busyMs = 48_000
const restMs = 12_000
const referenceMinute = Math.min(10, minutes)
const maxGrowth = 1.05
// Timers, a file being read again: not of requests.
const sparedDescriptors = 5

const releases: (() => unknown)[] = []
const owner = { teardown: (release: () => unknown) => releases.push(release) }

const answer: Answer = async (request, connection) => {
  if (request.target.includes('socket'))
    return 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
  if (!/endless|large/.test(request.target)) return answerMixed(request, connection)
  connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 300000000\r\n\r\n')
  await writeEndlessly(connection)
  return undefined
}

const consoleHost = 'console.test'
const head = (method: string, target: string, more = '', host = 'a') =>
  `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${more}\r\n`
const upgrade =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n'

/** What hostile and slow clients send; each is left after some seconds. */
const crowds: readonly { readonly count: number; readonly first: string; readonly later?: string }[] = [
  { count: 20, first: head('GET', '/media/hang') + head('GET', '/media/a').repeat(2000) },
  { count: 20, first: `GET /media/a HTTP/1.1\r\nHost: a\r\nX-Fill: ${'x'.repeat(50_000)}`, later: 'x' },
  { count: 20, first: head('PUT', '/media/slow', 'Content-Length: 1000000\r\n'), later: 'x' },
  { count: 10, first: head('PUT', '/media/slow', 'Content-Length: 1000000\r\nExpect: 100-continue\r\n') },
  { count: 10, first: head('PUT', '/kept?cors', 'Content-Length: 60000\r\n'), later: 'x'.repeat(1000) },
  { count: 10, first: head('GET', '/media/endless', `Origin: ${page}\r\n`) },
  { count: 10, first: 'GET / HTTP/9.9\r\n\r\n\0\0\0' },
  { count: 10, first: head('GET', '/page', '', consoleHost).repeat(3) },
  { count: 10, first: head('PUT', '/hang', 'Content-Length: 1000000\r\n', consoleHost), later: 'x'.repeat(1000) },
  { count: 10, first: head('GET', '/socket', upgrade, consoleHost), later: 'x'.repeat(1000) },
  { count: 10, first: head('GET', '/endless', '', consoleHost) },
]

async function beHostile(port: number, isOver: () => boolean): Promise<void> {
  for (let turn = 0; !isOver(); turn++) {
    const crowd = crowds[turn % crowds.length]
    if (crowd === undefined) continue
    const clients = await Promise.all(Array.from({ length: crowd.count }, () => openRaw(port)))
    for (const client of clients) {
      client.socket.pause()
      void client.write(crowd.first)
    }
    for (let second = 0; second < 4 && !isOver(); second++) {
      await delay(1000)
      if (crowd.later !== undefined) for (const client of clients) void client.write(crowd.later)
    }
    for (const client of clients) client.destroy()
  }
}

async function beGood(port: number, isOver: () => boolean): Promise<number> {
  let rounds = 0
  for (; !isOver(); rounds++) {
    await sendRound(port, rounds)
    await delay(100)
  }
  return rounds
}

/** Another rule with every reload, and now and then another way to reach the endpoint. */
async function reload(proxy: ProxyProcess, isOver: () => boolean): Promise<void> {
  const first = readFileSync(proxy.configFile, 'utf8')
  for (let turn = 0; !isOver(); turn++) {
    await delay(3000)
    const other = first
      .replaceAll('MaxAgeSeconds: 60', `MaxAgeSeconds: ${60 + (turn % 100)}`)
      .replace('connections: 64', `connections: ${turn % 4 === 0 ? 63 : 64}`)
    writeFileSync(proxy.configFile, turn % 10 === 9 ? `${other}unknown: key\n` : other)
  }
  writeFileSync(proxy.configFile, first)
}

interface Held {
  readonly residentBytes: number
  readonly descriptors: number
}

/** The least of several looks: between two collections memory only rises. */
async function held({ pid }: ProxyProcess): Promise<Held> {
  const looks: number[] = []
  for (let look = 0; look < 5; look++) {
    looks.push(residentBytes(pid))
    await delay(400)
  }
  return { residentBytes: Math.min(...looks), descriptors: readdirSync(`/proc/${pid}/fd`).length }
}

/** What the process itself says of its memory: which part of it grows. */
async function heapLine({ adminUrl, pid }: ProxyProcess): Promise<string> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text()
  const bytesOf = (series: string) =>
    megabytes(Number(new RegExp(`^${series.replaceAll(/[{}]/g, '\\$&')} (\\d+)`, 'm').exec(text)?.[1] ?? 0))
  const space = (name: string) => bytesOf(`nodejs_heap_space_size_total_bytes{space="${name}"}`)
  // Without pages of Node's own file, which come in as its code is used.
  const anonymous = /^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
  return `${megabytes(Number(anonymous) * 1024)} of its own; heap: ${space('new')} young, ${space('old')} old, ${bytesOf('nodejs_external_memory_bytes')} outside`
}

/** A process that is measured. */
interface Subject {
  readonly name: string
  readonly proxy: ProxyProcess
  readonly base: Held
  readonly beGood: (port: number, isOver: () => boolean) => Promise<number>
  readonly beHostile: (port: number, isOver: () => boolean) => Promise<void>
  /** After ten minutes, and at last. */
  reference: Held
  last: Held
}

async function startSubject(
  name: string,
  upstreamUrl: string,
  traffic: Pick<Subject, 'beGood' | 'beHostile'>,
  tls: boolean,
): Promise<Subject> {
  const configuration = `upstream: { url: "${upstreamUrl}", credentials: none, connections: 64, responseSeconds: 2, idleSeconds: 5, keepAliveSeconds: 2 }
limits: { idleSeconds: 8, headersSeconds: 8, keepAliveSeconds: 2 }
console: { host: ${consoleHost}, url: "${upstreamUrl}" }
${tls ? 'tls: { certFile: cert.pem, keyFile: key.pem }\n' : ''}${mixedConfiguration}`
  const files: Record<string, string> = tls ? { 'cert.pem': localhostCertificate, 'key.pem': localhostKey } : {}
  const proxy = await startProxy(configuration, { files })
  releases.push(() => proxy.stop('SIGKILL'))
  await delay(2000)
  const base = await held(proxy)
  console.log(`start, ${name}: ${megabytes(base.residentBytes)}, ${base.descriptors} descriptors`)
  return { name, proxy, base, ...traffic, reference: base, last: base }
}

async function run(): Promise<boolean> {
  const upstream = await startRecordingUpstream(owner, { answer, keepBytes: false })
  const subjects = [
    await startSubject('HTTP/1.1', upstream.url, { beGood, beHostile }, false),
    await startSubject('HTTP/2', upstream.url, { beGood: beGoodOverHttp2, beHostile: beHostileOverHttp2 }, true),
  ]
  for (let minute = 1; minute <= minutes; minute++) {
    const endMs = performance.now() + busyMs
    const isOver = () => performance.now() >= endMs
    const rounds = await Promise.all(
      subjects.map(async subject => {
        const { port } = subject.proxy
        const [good] = await Promise.all([
          subject.beGood(port, isOver),
          subject.beHostile(port, isOver),
          reload(subject.proxy, isOver),
        ])
        return good
      }),
    )
    // The endpoint of this test keeps what it has answered, which is not what is measured.
    upstream.forget()
    await delay(restMs)
    for (const [index, subject] of subjects.entries()) {
      subject.last = await held(subject.proxy)
      if (minute === referenceMinute) subject.reference = subject.last
      const { residentBytes, descriptors } = subject.last
      console.log(
        `minute ${minute}, ${subject.name}: ${rounds[index]} rounds of good and odd requests, ${megabytes(residentBytes)}, ${descriptors} descriptors; ${await heapLine(subject.proxy)}`,
      )
    }
    console.log(`minute ${minute}, this test itself: ${megabytes(process.memoryUsage.rss())}`)
  }
  return subjects.map(judge).every(isGood => isGood)
}

function judge({ name, base, reference, last }: Subject): boolean {
  const growth = last.residentBytes / reference.residentBytes
  console.log(`${name}: memory at the end ÷ after ${referenceMinute} minutes: ${growth.toFixed(3)}`)
  console.log(`${name}: descriptors: ${base.descriptors} at the start, ${last.descriptors} at the end`)
  return growth <= maxGrowth && last.descriptors <= base.descriptors + sparedDescriptors
}

try {
  process.exitCode = (await run()) ? 0 : 1
} finally {
  for (const release of releases.reverse()) await release()
}
