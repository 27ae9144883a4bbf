// A client for what wrk cannot do: HEAD, Expect: 100-continue, and a fixed rate. It counts, and prints one line of JSON.
// At a fixed rate a request is sent when it is due, whatever became of those before; its time counts from the sending,
// so that neither a slow answer nor the coarse timer hides in it.

import { createConnection, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type AnswerReader, createAnswerReader } from './answer-reader.ts'
import type { RepeatedRequest, TimedLoadResult } from './load-result.ts'
import type { OwnLoad } from './own-load.ts'

const { port, request, seconds, rate } = JSON.parse(process.argv[2] ?? '') as OwnLoad

const head = requestHead(request)
const body = Buffer.alloc(request.bodyBytes, 'x')
const whole = Buffer.concat([Buffer.from(head, 'latin1'), body])
const maxConnections = 512

interface Connection {
  readonly socket: Socket
  readonly reader: AnswerReader
  sentAtMs: number
}

const idle: Connection[] = []
const open = new Set<Connection>()
const milliseconds: number[] = []
let bytes = 0
let badStatuses = 0
let socketErrors = 0
let stopping = false
let sent = 0
let unsent = 0

function connect(): Connection {
  const tcp = createConnection({ host: '127.0.0.1', port, noDelay: true })
  const socket = request.tls === true ? connectTls({ socket: tcp, rejectUnauthorized: false }) : tcp
  const reader = createAnswerReader(request.method, () => socket.write(body))
  const connection: Connection = { socket, reader, sentAtMs: 0 }
  open.add(connection)
  socket.on('data', data => {
    bytes += data.length
    const answer = reader.read(data)
    if (answer === undefined) return
    if (answer.kind === 'malformed') {
      socket.destroy(new Error('malformed'))
      return
    }
    milliseconds.push(performance.now() - connection.sentAtMs)
    connection.sentAtMs = 0
    if (answer.status >= 400) badStatuses++
    if (answer.closes) {
      open.delete(connection)
      socket.destroy()
      if (rate === undefined && !stopping) send(connect())
    } else if (rate === undefined && !stopping) {
      send(connection)
    } else {
      idle.push(connection)
    }
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    if (!open.delete(connection)) return
    const at = idle.indexOf(connection)
    if (at !== -1) idle.splice(at, 1)
    if (connection.sentAtMs === 0 || stopping) return
    socketErrors++
    if (rate === undefined) setTimeout(() => !stopping && send(connect()), 10)
  })
  return connection
}

function send(connection: Connection): void {
  sent++
  connection.sentAtMs = performance.now()
  if (request.expectsContinue === true) connection.socket.write(head, 'latin1')
  else connection.socket.write(whole)
}

function requestHead({ method, target, fields, bodyBytes, expectsContinue }: RepeatedRequest): string {
  const lines = [`${method} ${target} HTTP/1.1`, ...fields]
  if (bodyBytes > 0 || method === 'PUT') lines.push(`Content-Length: ${bodyBytes}`)
  if (expectsContinue === true) lines.push('Expect: 100-continue')
  return `${lines.join('\r\n')}\r\n\r\n`
}

const startedAtMs = performance.now()

function elapsedSeconds(): number {
  return (performance.now() - startedAtMs) / 1000
}

function sendWhatIsDue(perSecond: number): void {
  const due = Math.floor(elapsedSeconds() * perSecond)
  while (sent < due) {
    if (idle.length === 0 && open.size >= maxConnections) {
      unsent++
      sent++
    } else {
      send(idle.pop() ?? connect())
    }
  }
  if (!stopping) setTimeout(() => sendWhatIsDue(perSecond), 1)
}

if (rate === undefined) for (let i = 0; i < request.connections; i++) send(connect())
else sendWhatIsDue(rate)

setTimeout(() => {
  const took = elapsedSeconds()
  stopping = true
  // The first half second is this client's own warming up.
  if (rate !== undefined) milliseconds.splice(0, rate / 2)
  milliseconds.sort((a, b) => a - b)
  const percentile = (part: number) => Math.round((milliseconds[Math.floor(milliseconds.length * part)] ?? 0) * 1000)
  const result: TimedLoadResult = {
    requests: milliseconds.length,
    seconds: took,
    bytes,
    badStatuses,
    socketErrors,
    unsent,
    p50: percentile(0.5),
    p99: percentile(0.99),
  }
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit())
}, seconds * 1000)
