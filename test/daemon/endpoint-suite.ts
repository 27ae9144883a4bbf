// What holds in front of every real endpoint: clients get what they get without the proxy, and browsers get S3's CORS.

import type { Test } from 'tap'
import type { Exchange, Outcome, Outcomes } from '../clients/outcome.ts'
import { carried } from '../clients/tool-session.ts'
import { type ProxyProcess, startProxy } from '../fixtures/proxy-process.ts'
import { clientMatrix, type MatrixRow, matrixOrigin } from '../servers/client-matrix.ts'
import type { S3Endpoint } from '../servers/s3-endpoint.ts'
import { corsBuckets, testCors } from './cors-suite.ts'

export interface EndpointSuite {
  readonly name: string
  /** The `skip` option of its test. */
  readonly skip: string | false
  readonly start: () => Promise<S3Endpoint>
  /** What this server, unlike S3, refuses by itself; by client. */
  readonly refuses: Readonly<Record<string, readonly string[]>>
  /** Other clients than those that every endpoint is asked by; their file asks nothing about CORS. */
  readonly matrix?: readonly MatrixRow[] | undefined
  /** Makes the server itself let any origin at `bucket`; absent where it cannot. */
  readonly openToAnyOrigin?: ((server: S3Endpoint, bucket: string) => Promise<void>) | undefined
}

/** Takes minutes where awscli is there: the caller's file sets its own timeout. */
export function testEndpoint(t: Test, suite: EndpointSuite): Promise<unknown> {
  const { name, skip, matrix = clientMatrix() } = suite
  const onTop = suite.matrix === undefined ? ", with S3's CORS on top" : ''
  return t.test(`behind the proxy, ${name} answers as it does without it${onTop}`, { skip }, async t => {
    const server = await suite.start()
    t.teardown(() => server.stop({ keepLogs: !t.passing() }))
    const proxy = await startProxy(configuration(server, matrix))
    t.teardown(() => proxy.stop())
    for (const [index, row] of matrix.entries()) await compareRuns(t, suite, { server, proxy, row, index })
    if (suite.matrix === undefined) await testCors(t, suite, server, proxy)
    t.equal(await proxy.stop(), 0, 'the proxy drains and exits 0')
    if (!t.passing()) t.comment(proxy.logs())
  })
}

/** Bucket names are as long as each other, so that documents that hold one are. */
const directBucket = (index: number) => `direct-${index}`
const behindBucket = (index: number) => `behind-${index}`

function configuration(server: S3Endpoint, matrix: readonly MatrixRow[]): string {
  const rule = `{ CORSRules: [{ AllowedOrigins: ["${matrixOrigin}"], AllowedMethods: [GET, PUT, POST, DELETE, HEAD] }] }`
  return `upstream:
  url: ${server.endpoint}
  credentials: none
virtualHosts: [${server.virtualHost}]
buckets:
${matrix.map((_, index) => `  ${behindBucket(index)}: ${rule}`).join('\n')}
${corsBuckets}`
}

interface Comparison {
  readonly server: S3Endpoint
  readonly proxy: ProxyProcess
  readonly row: MatrixRow
  readonly index: number
}

function compareRuns(t: Test, suite: EndpointSuite, { server, proxy, row, index }: Comparison): Promise<unknown> {
  const { client, style, origin, skip, carries = [], hidesParts = false } = row
  const title = `${client}, ${style}-style${origin === undefined ? '' : ', with an Origin'}`
  return t.test(title, { skip }, async t => {
    const target = { ...server, style, origin }
    const startedAt = performance.now()
    const runDirectly = row.run({ ...target, bucket: directBucket(index) })
    const runThrough = () => row.run({ ...target, endpoint: proxy.url, bucket: behindBucket(index) })
    const [direct, through] = await Promise.all([runDirectly, row.alone ? runDirectly.then(runThrough) : runThrough()])
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
    t.strictSame(refusalsOf(direct), suite.refuses[client] ?? [], `${suite.name} itself does the rest`)
    t.strictSame(Object.keys(through), Object.keys(direct), 'the same operations are done')
    if (!hidesParts) t.equal(partsOf(direct), 2, 'a multipart upload has two parts')
    for (const what of carries) t.ok(listOf(direct[carried]?.result).includes(what), `its requests carry ${what}`)
    for (const [operation, outcome] of Object.entries(direct))
      t.strictSame(through[operation], asRelayed(outcome), operation)
    t.comment(`${suite.name}, ${title}, ${seconds} s: ${summary(direct, through)}`)
  })
}

/**
 * The one thing that is not passed on: RFC 9110 §8.6 forbids Content-Length in a 204, where Swift sends `0` and a reader
 * might wait for more.
 */
function asRelayed(outcome: Outcome): Outcome {
  const exchanges = outcome.exchanges.map(exchange => {
    const { 'content-length': _, ...fields } = exchange.fields
    return exchange.status === 204 ? { ...exchange, fields } : exchange
  })
  return { ...outcome, exchanges }
}

/** What did not come out as it would with S3. */
function refusalsOf(outcomes: Outcomes): string[] {
  return Object.keys(outcomes).filter(operation => outcomes[operation]?.succeeded === outcomes[operation]?.toBeRefused)
}

function partsOf(outcomes: Outcomes): number {
  const isPart = ({ method, status }: Exchange) => method === 'PUT' && status === 200
  return outcomes['multipart upload']?.exchanges.filter(isPart).length ?? 0
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** `put 200/200, …`: the last status without the proxy and through it, or the outcome where no status was seen. */
function summary(direct: Outcomes, through: Outcomes): string {
  const last = (outcomes: Outcomes, operation: string) => {
    const outcome = outcomes[operation]
    return outcome?.exchanges.at(-1)?.status ?? (outcome?.succeeded ? 'done' : 'refused')
  }
  return Object.keys(direct)
    .map(operation => `${operation} ${last(direct, operation)}/${last(through, operation)}`)
    .join(', ')
}
