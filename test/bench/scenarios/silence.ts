// What a page view takes after silence, when the endpoint is far away and speaks TLS: six GETs at once through a relay that delays
// each direction by 25 ms. Peers whose connections to the endpoint are gone by then open them again.

import { Agent, request } from 'node:http'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { BenchRun, Part } from '../bench-run.ts'
import type { RunningPeer } from '../peers/peer.ts'
import { median } from '../report/figures.ts'
import type { Section } from '../report/section.ts'
import { ratio } from '../report/table.ts'
import { realisticSize, requestedBucket } from '../rule-set.ts'

const onWayMs = 25
const atOnce = 6
const silencesSeconds = [0, 1, 5, 10, 30, 55]
/** Once after the longer ones: all of them together are minutes. */
const mostRuns = 3
const longSeconds = 10

/** One peer after one silence. */
export interface SilenceFigures {
  readonly peer: string
  readonly silenceSeconds: number
  /** From the first request to the end of the last answer. */
  readonly tookMs: number
  /** Connections to the endpoint, for the six requests. */
  readonly opened: number
  readonly toNginx: number | undefined
}

export const silence: Part = {
  name: 'silence',
  title: `${atOnce} GETs at once after silence, HTTPS endpoint ${2 * onWayMs} ms away`,
  async run(run): Promise<Section> {
    const figures = await measure(run)
    return {
      name: silence.name,
      title: silence.title,
      columns: ['seconds of silence, peer', 'ms', 'connections opened', '÷ nginx'],
      rows: figures.map(one => [
        `${one.silenceSeconds}, ${one.peer}`,
        one.tookMs.toFixed(0),
        String(one.opened),
        ratio(one.toNginx),
      ]),
      notes: [],
      data: figures,
      errors: [],
    }
  },
}

async function measure({ upstream, peers, runs, progress }: BenchRun): Promise<readonly SilenceFigures[]> {
  let opened = 0
  const relay = createServer({ noDelay: true }, near => {
    opened++
    near.on('error', () => undefined).pause()
    // The handshake of TCP is a round trip, too.
    setTimeout(() => {
      const far = connect({ port: upstream.tlsPort, host: '127.0.0.1', noDelay: true })
      pass(near, far)
      pass(far, near)
    }, 2 * onWayMs)
  })
  await new Promise<void>(resolve => relay.listen(0, '127.0.0.1', resolve))
  const { port } = relay.address() as AddressInfo
  const running: { readonly peer: string; readonly process: RunningPeer }[] = []
  const found: SilenceFigures[] = []
  try {
    for (const peer of peers) {
      const setting = { upstream: { ...upstream, tlsPort: port }, tls: true, size: realisticSize }
      running.push({ peer: peer.name, process: await peer.start(setting) })
    }
    for (const { process } of running) for (let i = 0; i < 20; i++) await six(process.port)
    for (const silenceSeconds of silencesSeconds) {
      progress(`${silenceSeconds} s of silence`)
      const times = running.map(() => ({ tookMs: [] as number[], opened: [] as number[] }))
      for (let run = 0; run < (silenceSeconds > longSeconds ? 1 : Math.min(runs, mostRuns)); run++) {
        await delay(silenceSeconds * 1000)
        for (const [index, { process }] of running.entries()) {
          const before = opened
          times[index]?.tookMs.push(await six(process.port))
          times[index]?.opened.push(opened - before)
        }
      }
      const medians = running.map(({ peer }, index) => ({ peer, tookMs: median(times[index]?.tookMs ?? []) }))
      const nginxMs = medians.find(({ peer }) => peer === 'nginx')?.tookMs
      for (const [index, { peer, tookMs }] of medians.entries()) {
        const toNginx = nginxMs === undefined ? undefined : tookMs / nginxMs
        found.push({ peer, silenceSeconds, tookMs, opened: median(times[index]?.opened ?? []), toNginx })
      }
    }
  } finally {
    for (const { process } of running) await process.stop()
    relay.close()
  }
  return found
}

/** What comes from one side goes to the other, later. */
function pass(from: Socket, to: Socket): void {
  from.on('data', bytes => setTimeout(() => to.write(bytes), onWayMs))
  from.on('end', () => setTimeout(() => to.end(), onWayMs))
  from.on('error', () => to.destroy())
  from.on('close', () => setTimeout(() => to.destroy(), 2 * onWayMs))
}

async function six(port: number): Promise<number> {
  // As browsers do, on connections of their own.
  const agent = new Agent({ keepAlive: false })
  const beganMs = performance.now()
  await Promise.all(Array.from({ length: atOnce }, () => get(agent, port)))
  return performance.now() - beganMs
}

function get(agent: Agent, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const path = `/${requestedBucket}/1k`
    request({ agent, port, host: '127.0.0.1', path, headers: { host: 'localhost' } }, response => {
      if (response.statusCode !== 200) reject(new Error(`expected 200, got ${response.statusCode}`))
      response.on('error', reject).on('end', resolve).resume()
    })
      .on('error', reject)
      .end()
  })
}
