// Clients of HTTP/2 for a soak: good ones, and those whose frames make a proxy hold or do much.

import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { page, uploadBytes } from '../daemon/mixed-traffic.ts'
import { askHttp2, openHttp2 } from '../fixtures/http2-client.ts'
import { type Http2Flood, http2FloodKinds, http2Floods } from '../fixtures/http2-floods.ts'
import { frame, frameTypes, preface, settingsPayload } from '../fixtures/http2-frames.ts'

const originField = ['Origin', page] as const
const asked = (method: string, target: string, fields: readonly (readonly [string, string])[], content?: string) => ({
  method,
  target,
  authority: 'a',
  fields,
  content,
})

const questions = [
  asked('OPTIONS', '/media/a', [originField, ['Access-Control-Request-Method', 'GET']]),
  asked('OPTIONS', '/media/a', [originField, ['Access-Control-Request-Method', 'DELETE']]),
  asked('GET', '/media/a', [originField]),
  asked('GET', '/media/a', [['Origin', 'https://evil.example']]),
  asked('GET', '/blocked/a', [['Origin', 'https://evil.example']]),
  asked('GET', '/live/a', [originField]),
  asked('PUT', '/media/a', [originField], 'x'.repeat(uploadBytes)),
  asked('GET', '/media/truncated', [originField]),
  asked('GET', '/media/hang', [originField]),
  asked('PATCH', '/media/a', []),
]

/** Resolves with how many connections asked each of the questions. */
export async function beGoodOverHttp2(port: number, isOver: () => boolean): Promise<number> {
  let rounds = 0
  for (; !isOver(); rounds++) {
    const releases: (() => unknown)[] = []
    const session = await openHttp2({ teardown: release => releases.push(release) }, port)
    await Promise.all(questions.map(question => askHttp2(session, question)))
    for (const release of releases) release()
    await delay(100)
  }
  return rounds
}

const clients = 5
const everyMs = 250
const turnMs = 3000

export async function beHostileOverHttp2(port: number, isOver: () => boolean): Promise<void> {
  for (let turn = 0; !isOver(); turn++) {
    const kind = http2FloodKinds[turn % http2FloodKinds.length]
    if (kind === undefined) continue
    await Promise.all(Array.from({ length: clients }, (_, index) => flood(port, http2Floods[kind], index, isOver)))
  }
}

async function flood(
  port: number,
  { settings, opening, repeated, reads }: Http2Flood,
  index: number,
  isOver: () => boolean,
): Promise<void> {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] })
  socket.on('error', () => {})
  if (reads) socket.resume()
  socket.write(
    Buffer.concat([Buffer.from(preface), frame(frameTypes.settings, 0, 0, settingsPayload(settings)), opening(index)]),
  )
  for (let round = 0; round * everyMs < turnMs && !isOver(); round++) {
    if (repeated !== undefined && !socket.destroyed) socket.write(repeated(round))
    await delay(everyMs)
  }
  socket.destroy()
}
