// A configuration as large as one may be: how long a start takes, and what reloading it under load does to latency. Beside it, what
// the same reading does in a process that has nothing to do with the proxy: that much is the machine's.

import { once } from 'node:events'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { spawn } from '../../fixtures/children.ts'
import type { Part } from '../bench-run.ts'
import { runOwnLoad } from '../load/own-load.ts'
import { runWrk } from '../load/wrk.ts'
import { pinned } from '../machine.ts'
import { median } from '../report/figures.ts'
import { number } from '../report/table.ts'
import { bucketsYaml, realisticSize } from '../rule-set.ts'
import { scenarios } from './requests.ts'

const limitBytes = 1024 ** 2
// The configuration's other lines.
const roomBytes = 1024
const requestsPerSecond = 1000
const rewriteEveryMs = 500
const cores = '0,1'
const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))

export const fullConfiguration: Part = {
  name: 'full-configuration',
  title: 'a configuration of 1 MiB',
  async run({ upstream, variant, runs }) {
    const request = scenarios.find(({ name }) => name === 'get-1k')?.request
    if (request === undefined) throw new Error('there is no request for this')
    const { rules } = realisticSize
    const perBucket = bucketsYaml({ buckets: 1000, rules }).length / 1000
    const setting = { upstream, tls: false, size: { buckets: Math.floor((limitBytes - roomBytes) / perBucket), rules } }
    // Not on one core alone: what is parsed off the event loop would still take its time from it.
    const peer = variant({ name: 'full-configuration', cores })
    const startMs: number[] = []
    const quiet: number[] = []
    const besideOther: number[] = []
    const reloading: number[] = []
    const errors: string[] = []
    let bytes = 0
    let reloads = 0
    for (let run = 0; run < runs; run++) {
      const process = await peer.start(setting)
      const file = join(process.folder, 'config.yaml')
      const text = readFileSync(file, 'utf8')
      bytes = Buffer.byteLength(text)
      try {
        const tookMs = timeOf('started', process.logFile) - process.spawnedAtMs
        startMs.push(tookMs)
        // A reload takes no longer than a start did: time for several.
        const seconds = Math.max(4, Math.ceil((tookMs * 2.5) / 1000))
        await runWrk(process.port, request, 1)
        const load = () => runOwnLoad(process.port, request, seconds, requestsPerSecond)
        quiet.push((await load()).p99)
        const other = readAgainAndAgain(file)
        besideOther.push((await load().finally(other.stop)).p99)
        let edition = 0
        const editing = setInterval(() => {
          if (reloadsOf(process.logFile) < edition) return
          writeFileSync(`${file}.next`, `${text}# ${++edition}\n`)
          renameSync(`${file}.next`, file)
        }, rewriteEveryMs)
        const result = await load().finally(() => clearInterval(editing))
        reloading.push(result.p99)
        if (result.badStatuses + result.socketErrors > 0) {
          errors.push(`${result.badStatuses} bad statuses, ${result.socketErrors} socket errors`)
        }
        const seen = reloadsOf(process.logFile)
        if (seen === 0) errors.push('nothing was reloaded')
        reloads += seen
      } finally {
        await process.stop()
      }
    }
    const movedBy = (p99s: readonly number[]) => median(p99s.map((p99, run) => p99 - (quiet[run] ?? Number.NaN))) / 1000
    const found = {
      bytes,
      startMs: median(startMs),
      quietP99Ms: median(quiet) / 1000,
      reloadingP99Ms: median(reloading) / 1000,
      movedP99Ms: movedBy(reloading),
      movedByOtherMs: movedBy(besideOther),
      reloads,
    }
    return {
      name: fullConfiguration.name,
      title: fullConfiguration.title,
      columns: ['figure', 'median'],
      rows: [
        ['bytes of configuration', String(found.bytes)],
        ['start, ms', number(found.startMs)],
        [`p99 at ${requestsPerSecond} requests/s, ms`, number(found.quietP99Ms)],
        ['p99 while it is reloaded again and again, ms', number(found.reloadingP99Ms)],
        ['p99 moved by, ms', found.movedP99Ms.toFixed(3)],
        ['by another process that reads the file again and again, ms', found.movedByOtherMs.toFixed(3)],
        ['reloads seen, all runs', String(found.reloads)],
      ],
      notes: [],
      data: { ...found, runs: { startMs, quiet, besideOther, reloading } },
      errors,
    }
  },
}

/** Another process, with cores and time like a reload's: `check`, which neither listens nor answers. */
function readAgainAndAgain(file: string): { stop: () => Promise<void> } {
  let isStopped = false
  const loop = (async () => {
    while (!isStopped) {
      const [command, args] = pinned(cores, process.execPath, [cli, 'check', '--config', file])
      await once(spawn(command, args, { stdio: 'ignore' }), 'exit')
    }
  })()
  return {
    async stop() {
      isStopped = true
      await loop
    },
  }
}

function reloadsOf(logFile: string): number {
  return readFileSync(logFile, 'utf8').split('"configuration_reloaded"').length - 1
}

/** When an event was logged first. */
function timeOf(event: string, logFile: string): number {
  const line = readFileSync(logFile, 'utf8')
    .split('\n')
    .find(one => one.includes(`"event":"${event}"`))
  if (line === undefined) throw new Error(`${event} was not logged`)
  return Date.parse((JSON.parse(line) as { time: string }).time)
}
