// Processes that are killed while they store rules, alone over a directory and two of them over one bucket: nothing that was
// acknowledged is torn or lost.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import t, { type Test } from 'tap'
import { sendHttp } from '../clients/http-request.ts'
import { callManaged } from '../fixtures/managed-caller.ts'
import { type Account, callerAccount, proxyAccount, startMinioEndpoint } from '../fixtures/minio-endpoint.ts'
import { type ProxyProcess, startProxy } from '../fixtures/proxy-process.ts'
import { SeededRandom } from '../fixtures/seeded-random.ts'
import { WriteHistory } from '../fixtures/write-history.ts'
import { skipWithout } from '../servers/installed.ts'
import { findMinio, howToGetMinio, startMinio } from '../servers/minio.ts'
import { createClient } from './cors-requests.ts'

t.setTimeout(1_200_000)

// A start of the process takes a second on a busy machine; CI takes the time for all.
const required = process.env.S3CORS_REQUIRE_SERVERS === '1'
const kills = Number(process.env.S3CORS_KILLS ?? (required ? 100 : 10))
const chance = new SeededRandom(Number(process.env.FUZZ_SEED ?? 1))
const random = () => chance.next()
const freshSeconds = 1
const rulesPerDocument = 100

function documentOf(number: number): string {
  const rule = (index: number) =>
    `<CORSRule><ID>${index}</ID><AllowedMethod>GET</AllowedMethod><AllowedOrigin>https://n-${number}.example</AllowedOrigin></CORSRule>`
  return `<CORSConfiguration>${Array.from({ length: rulesPerDocument }, (_, index) => rule(index)).join('')}</CORSConfiguration>`
}

/** The number of the document that is stored now, 0 for none; throws when it is not one document and whole. */
async function stored(proxy: ProxyProcess, account: Account): Promise<number> {
  const answer = await callManaged(proxy.url, { method: 'GET', target: '/media?cors', account })
  if (answer.code === 'NoSuchCORSConfiguration') return 0
  const origins = [...answer.body.matchAll(/<AllowedOrigin>https:\/\/n-(\d+)\.example<\/AllowedOrigin>/g)]
  const numbers = new Set(origins.map(match => Number(match[1])))
  const [number = -1] = numbers
  if (answer.status !== 200 || origins.length !== rulesPerDocument || numbers.size !== 1) {
    throw new Error(
      `torn: ${answer.status}, ${origins.length} rules of documents ${[...numbers]}: ${answer.body.slice(0, 300)}`,
    )
  }
  return number
}

/** Puts the next document; a process that is gone or a store that is busy does not acknowledge it. */
async function putNext(history: WriteHistory, proxy: ProxyProcess, account: Account): Promise<number> {
  const number = history.begin()
  const call = { method: 'PUT', target: '/media?cors', body: documentOf(number), account } as const
  const status = await callManaged(proxy.url, call).then(
    answer => answer.status,
    () => 0,
  )
  history.end(number, status === 200)
  return status
}

/** S3's clients ask again after a 503: the endpoint may be slow to be probed, or the other replica may write all the time. */
async function putAsClientsDo(history: WriteHistory, proxy: ProxyProcess, account: Account): Promise<number> {
  let status = 503
  for (let tries = 0; status === 503 && tries < 5; tries++) status = await putNext(history, proxy, account)
  return status
}

async function preflightStatus(proxy: ProxyProcess, number: number): Promise<number> {
  const headers = { Origin: `https://n-${number}.example`, 'Access-Control-Request-Method': 'GET' }
  return (await sendHttp({ url: `${proxy.url}/media/key`, method: 'OPTIONS', headers })).status
}

interface Place {
  readonly account: Account
  /** Starts one more replica. */
  readonly start: () => Promise<ProxyProcess>
}

function place(url: string, store: string, own: Account, account: Account): Place {
  const text = `upstream:
  url: ${url}
managed:
  store:
    ${store}
rules:
  freshSeconds: ${freshSeconds}
  negativeSeconds: ${freshSeconds}
buckets:
  media: { from: managed }
`
  const env = { AWS_ACCESS_KEY_ID: own.accessKeyId, AWS_SECRET_ACCESS_KEY: own.secretAccessKey }
  return { account, start: () => startProxy(text, { env }) }
}

/** Kills a process while it has a document to store, and starts another: `times` over. The one that is left goes with the test. */
async function killMidPut(t: Test, { account, start }: Place, history: WriteHistory, times: number): Promise<void> {
  let proxy = await start()
  t.teardown(() => proxy.stop('SIGINT'))
  for (let round = 0; round < times; round++) {
    // The first put of a process has the endpoint probed as well; most kills are to hit the storing.
    if (round % 4 !== 0) await putNext(history, proxy, account)
    const put = putNext(history, proxy, account)
    await sleep(random() * 40)
    await proxy.stop('SIGKILL')
    await put
    proxy = await start()
    const readAt = performance.now()
    const lost = history.lost(await stored(proxy, account), readAt)
    if (lost !== undefined) t.fail(`kill ${round + 1}: ${lost}`)
  }
  t.equal(await putAsClientsDo(history, proxy, account), 200, 'the last one goes on')
}

t.test(`one process over a directory, killed ${kills} times while it stores`, async t => {
  const endpoint = await startMinioEndpoint(t, 'media')
  const directory = mkdtempSync(join(tmpdir(), 's3-cors-proxy-rules-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  const history = new WriteHistory()
  await killMidPut(t, place(endpoint.url, `directory: ${directory}`, proxyAccount, callerAccount), history, kills)
  t.comment(`${history.acknowledged} configurations were acknowledged`)
})

/** One replica is killed again and again while both store; the other is there all the time. */
async function replicas(t: Test, where: Place, times: number): Promise<void> {
  const { account } = where
  const history = new WriteHistory()
  const steady = await where.start()
  t.teardown(() => steady.stop('SIGINT'))
  let writing = true
  const steadyWriter = (async () => {
    const refused: number[] = []
    while (writing) {
      const status = await putNext(history, steady, account)
      if (status !== 200) refused.push(status)
      await sleep(random() * 20)
    }
    return refused
  })()
  const steadyReader = (async () => {
    while (writing) {
      const readAt = performance.now()
      const lost = history.lost(await stored(steady, account), readAt)
      if (lost !== undefined) t.fail(`beside the writing: ${lost}`)
      await sleep(50)
    }
  })()
  await killMidPut(t, where, history, times)
  writing = false
  const refused = await steadyWriter
  await steadyReader
  t.ok(
    refused.length < history.acknowledged / 10,
    `${refused.length} puts of the other were refused: ${[...new Set(refused)]}`,
  )
  t.comment(`${history.acknowledged} configurations were acknowledged`)
}

/** How long it takes until a preflight obeys what was put: on the replica it was put to, and on the other. */
async function delays(t: Test, { account, start }: Place): Promise<void> {
  const [one, other] = [await start(), await start()]
  t.teardown(() => Promise.all([one.stop('SIGINT'), other.stop('SIGINT')]))
  const same: number[] = []
  const across: number[] = []
  let slowestCallMs = 0
  for (let round = 0; round < 5; round++) {
    const body = documentOf(1_000_000 + round)
    const put = await callManaged(one.url, { method: 'PUT', target: '/media?cors', body, account })
    t.equal(put.status, 200)
    const from = performance.now()
    t.equal(await preflightStatus(one, 1_000_000 + round), 200, 'the first preflight on the same replica obeys')
    same.push(performance.now() - from)
    for (let status = 0; status !== 200 && performance.now() - from < 60_000; await sleep(5)) {
      const askedAt = performance.now()
      status = await preflightStatus(other, 1_000_000 + round)
      slowestCallMs = Math.max(slowestCallMs, performance.now() - askedAt)
    }
    across.push(performance.now() - from)
  }
  const text = (all: readonly number[]) => all.map(ms => ms.toFixed(0)).join(', ')
  t.comment(`obeyed after ${text(same)} ms on the same replica, ${text(across)} ms on the other`)
  // A fetch of the rules takes what a call takes here and now.
  const mostMs = freshSeconds * 1000 + 500 + 3 * slowestCallMs
  t.ok(
    Math.max(...across) < mostMs,
    `within freshSeconds, and the time of calls, on the other: ${mostMs.toFixed(0)} ms`,
  )
}

t.test(`two replicas over one bucket, one killed ${kills} times while both store`, async t => {
  const endpoint = await startMinioEndpoint(t, 'media', 'private-rules')
  // An endpoint that takes its time with each write, before it happens or after.
  endpoint.instead = async request => {
    if (request.method === 'PUT' && request.target.startsWith('/private-rules/')) await sleep(random() * 10)
    return undefined
  }
  const where = place(endpoint.url, 'bucket: private-rules', proxyAccount, callerAccount)
  await replicas(t, where, kills)
  await delays(t, where)
})

t.test(
  'two replicas over one bucket of a real MinIO',
  { skip: skipWithout('MinIO', findMinio() !== undefined, howToGetMinio) },
  async t => {
    const server = await startMinio()
    t.teardown(() => server.stop({ keepLogs: !t.passing() }))
    const client = createClient(server, server.endpoint, 'path')
    for (const Bucket of ['media', 'private-rules']) await client.send(new CreateBucketCommand({ Bucket }))
    client.destroy()
    const where = place(server.endpoint, 'bucket: private-rules', server, server)
    await replicas(t, where, Math.ceil(kills / 10))
    await delays(t, where)
  },
)
