// What a page view takes after silence, when the endpoint is far away and speaks TLS: six GETs at once through a relay that delays
// each direction by 25 ms. Peers whose connections to the endpoint are gone by then open them again.

import { Agent, request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { startDelayingRelay } from '../../fixtures/delaying-relay.ts'
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
  const ends: (() => unknown)[] = []
  const { port, opened } = await startDelayingRelay({ teardown: end => ends.push(end) }, upstream.tlsPort, onWayMs)
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
          const before = opened()
          times[index]?.tookMs.push(await six(process.port))
          times[index]?.opened.push(opened() - before)
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
    for (const end of ends) end()
  }
  return found
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
