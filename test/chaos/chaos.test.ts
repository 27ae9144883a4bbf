// An endpoint that does everything wrong, clients that leave, a new configuration every five milliseconds,
// plain and over TLS; round after round. Whatever a client takes for whole is what the endpoint meant, with the CORS fields
// of one configuration; and after each round the process is what it was. `npm run chaos -- --minutes 10`, see long-run.ts.

import { setTimeout as delay } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import type { Configuration } from '../../src/config/configuration.ts'
import { FuzzRun } from '../fixtures/fuzz-run.ts'
import { localhostCertificate, localhostKey } from '../fixtures/localhost-certificate.ts'
import { SeededRandom } from '../fixtures/seeded-random.ts'
import { readSettings, type Settings, startTestProxy, type TestProxy } from '../fixtures/test-proxy.ts'
import { allowedOrigin, type ChaosTraffic, runClient } from './chaos-clients.ts'
import { type ChaosUpstream, startChaosUpstream } from './chaos-upstream.ts'

const run = new FuzzRun(5000)
const roundMs = run.long ? 5000 : 1500
const clients = 16
const reloadMs = 5
// After the first round, which warms most things up. What leaks a little per request or reload comes to far more in a long run.
const heapGrowth = (run.long ? 3 : 6) * 1024 * 1024
// Every configuration has other rules than the one before. By turns every fourth of forty changes how the endpoint is reached,
// and none of forty does, so that connections live long enough to be used again; one of all finds no endpoint there.
const variants = 400
const turn = 40
const changeEvery = 4

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const unhandled: unknown[] = []
process.on('unhandledRejection', reason => unhandled.push(reason))
process.on('warning', warning => unhandled.push(warning))

const rule = (name: string) => ({
  AllowedOrigins: [allowedOrigin],
  AllowedMethods: ['GET', 'PUT', 'HEAD'],
  ExposeHeaders: [`x-${name}`],
})
const corsOf = (methods: string, name: string) =>
  `Access-Control-Allow-Origin: ${allowedOrigin}; Access-Control-Allow-Methods: ${methods}; Access-Control-Expose-Headers: x-${name}; Access-Control-Allow-Credentials: true`
const allowed = new Set(['', corsOf('GET, PUT, HEAD', 'one'), corsOf('GET, PUT, HEAD', 'two'), corsOf('GET', 'live')])

/** One configuration of many: the rules change with each, the connections to the endpoint now and then. */
function settingsOf(index: number, connections: number): Settings {
  const web = index === 2 ? { from: 'none' } : { CORSRules: [rule(index === 0 ? 'one' : 'two')] }
  return {
    buckets: { web, live: { from: 'upstream' } },
    rules: { freshSeconds: 0.05, staleSeconds: 0.2, negativeSeconds: 0.05, timeoutSeconds: 0.3 },
    limits: { keepAliveSeconds: 1, idleSeconds: 3 },
    upstream: {
      connections,
      queue: 4,
      queueSeconds: 0.5,
      responseSeconds: 1,
      idleSeconds: 1,
      keepAliveSeconds: 0.2,
    },
  }
}

interface Stage {
  readonly proxy: TestProxy
  readonly upstream: ChaosUpstream
  readonly traffic: ChaosTraffic
  readonly configurations: readonly Configuration[]
  /** Asks the endpoint for nothing by itself. */
  readonly quiet: Configuration
  /** Records that are no longer kept. */
  forgotten: number
  /** How often a configuration was put into force, and how often it reached the endpoint in another way than the one before. */
  reloads: number
  replaced: number
  current: Configuration
}

const quietSettings: Settings = {
  ...settingsOf(0, 8),
  buckets: { web: { CORSRules: [rule('one')] }, live: { CORSRules: [rule('two')] } },
}

async function openStage(random: SeededRandom, tls: boolean): Promise<Stage> {
  const upstream = await startChaosUpstream(random, tls)
  t.teardown(() => upstream.close())
  const options = tls ? { tls, upstreamCa: localhostCertificate } : {}
  const proxy = await startTestProxy(t, upstream.url, quietSettings, options)
  const three = (connections: number) =>
    [0, 1, 2].map(index => readSettings(settingsOf(index, connections), upstream.url))
  const [usual, other] = [three(8), three(12)]
  // Nothing listens there: every connection is refused.
  const refused = readSettings(settingsOf(0, 8), 'http://127.0.0.1:1')
  const configurations = Array.from({ length: variants }, (_, index) => {
    const isOther = Math.floor(index / turn) % 2 === 0 && Math.floor(index / changeEvery) % 2 === 1
    return index === variants - 1 ? refused : ((isOther ? other : usual)[index % 3] ?? refused)
  })
  const traffic = { port: proxy.port, tls, random, allowed, outcomes: new Map(), faults: [], nextId: 1 }
  const quiet = readSettings(quietSettings, upstream.url)
  const counts = { forgotten: 0, reloads: 0, replaced: 0, current: quiet }
  return { proxy, upstream, traffic, configurations, quiet, ...counts }
}

function apply(stage: Stage, configuration: Configuration): void {
  const { proxy, traffic } = stage
  const certificate = { cert: Buffer.from(localhostCertificate), key: Buffer.from(localhostKey) }
  const files = traffic.tls
    ? { upstream: { ca: Buffer.from(localhostCertificate) }, certificate }
    : { upstream: {}, certificate: undefined }
  stage.reloads++
  if (JSON.stringify(configuration.upstream) !== JSON.stringify(stage.current.upstream)) stage.replaced++
  stage.current = configuration
  proxy.plane.apply(configuration, files)
}

/** Traffic on all sides for a while, until its last client has gone. */
async function runRound(stages: readonly Stage[]): Promise<void> {
  const deadline = Date.now() + roundMs
  const reloading = setInterval(() => {
    for (const stage of stages) {
      const { configurations, reloads, quiet } = stage
      apply(stage, configurations[reloads % configurations.length] ?? quiet)
    }
  }, reloadMs)
  const loop = async ({ traffic }: Stage): Promise<void> => {
    while (Date.now() < deadline) await runClient(traffic)
  }
  await Promise.all(
    stages.flatMap((stage, index) => Array.from({ length: index === 0 ? clients : clients / 4 }, () => loop(stage))),
  )
  clearInterval(reloading)
  for (const stage of stages) apply(stage, stage.quiet)
}

/** What is open in this process, by kind. */
function resources(): string {
  const counts = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return JSON.stringify(Object.fromEntries([...counts].toSorted()))
}

async function until(holds: () => boolean | Promise<boolean>, withinMs: number): Promise<boolean> {
  for (const deadline = Date.now() + withinMs; !(await holds()); await delay(20))
    if (Date.now() > deadline) return false
  return true
}

/** What is in use without garbage: as soon as that is at most `wanted`, or the least of it after a while. */
async function settledHeap(wanted: number, withinMs: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  await until(() => {
    collectGarbage()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    least = Math.min(least, heapUsed + arrayBuffers)
    return least <= wanted
  }, withinMs)
  return least
}

/** Waits for everything to be over; says what is not. */
async function settle({ proxy, upstream, forgotten }: Stage): Promise<string | undefined> {
  const inFlight = () => proxy.started - proxy.records.length - forgotten
  if (!(await until(() => inFlight() === 0, 8000)))
    return `${inFlight()} requests do not end, or have ended more than once`
  if (!(await until(async () => (await proxy.connections()) === 0, 8000))) return 'client connections stay open'
  if (!(await until(() => upstream.sockets.size === 0, 8000)))
    return `${upstream.sockets.size} connections to the endpoint stay open`
  return undefined
}

/** Good requests, as ever, from an endpoint that behaves for once. */
async function servesWell(stage: Stage): Promise<string | undefined> {
  const { upstream, traffic } = stage
  upstream.misbehaves = false
  const before = traffic.outcomes
  const outcomes = new Map<string, number>()
  await Promise.all(Array.from({ length: 4 }, () => runClient({ ...traffic, outcomes, random: new SeededRandom(0) })))
  upstream.misbehaves = true
  const good = [...outcomes]
    .filter(([outcome]) => /^[A-Z]+ 200 /.test(outcome))
    .reduce((sum, [, count]) => sum + count, 0)
  for (const [outcome, count] of outcomes) before.set(outcome, (before.get(outcome) ?? 0) + count)
  return good >= 4 ? undefined : `good requests are not served: ${JSON.stringify([...outcomes])}`
}

t.setTimeout(run.milliseconds + 180_000)

t.test('chaos: what looks whole is, and nothing stays behind', async t => {
  const random = new SeededRandom(run.seed)
  const stages = [await openStage(random, false), await openStage(random, true)]
  for (const stage of stages) await settle(stage)
  const base = resources()
  let heapBase = 0
  let heap = 0
  let largest = 0
  let rounds = 0
  const faults: string[] = []
  for (
    const deadline = Date.now() + run.milliseconds;
    (rounds < 2 || Date.now() < deadline) && faults.length === 0;
    rounds++
  ) {
    await runRound(stages)
    for (const stage of stages) {
      const { proxy, upstream, traffic } = stage
      const leftover = (await settle(stage)) ?? (await servesWell(stage)) ?? (await settle(stage))
      if (leftover !== undefined) faults.push(leftover)
      faults.push(...traffic.faults.splice(0), ...upstream.faults.splice(0))
      const own = proxy.warnings.splice(0).filter(({ event }) => event === 'internal_error')
      faults.push(...own.map(({ detail }) => JSON.stringify(detail)))
    }
    faults.push(...unhandled.splice(0).map(String))
    if (!(await until(() => resources() === base, 8000))) faults.push(`left open: ${resources()} and not ${base}`)
    for (const stage of stages) stage.forgotten += stage.proxy.records.splice(0).length
    if (rounds === 0) heapBase = await settledHeap(0, 1000)
    heap = await settledHeap(heapBase + heapGrowth, 8000)
    largest = Math.max(largest, heap)
  }
  t.comment(`FUZZ_SEED=${run.seed}: ${rounds} rounds, memory ${heapBase}, at most ${largest}, then ${heap} bytes`)
  t.comment(`open: ${base} then ${resources()}`)
  for (const { traffic, upstream, reloads, replaced } of stages) {
    t.comment(`${traffic.nextId - 1} transfers, ${reloads} reloads, ${replaced} with another way to the endpoint`)
    t.comment(Object.fromEntries([...traffic.outcomes].toSorted()), Object.fromEntries([...upstream.seen].toSorted()))
  }
  t.strictSame(faults.slice(0, 10), [], `FUZZ_SEED=${run.seed}`)
  t.ok(largest <= heapBase + heapGrowth, 'memory returns to what it was, after every round')
  for (const { reloads, replaced } of stages) {
    t.ok(replaced > reloads / 20, 'the endpoint was reached in other ways often enough to mean something')
  }
})
