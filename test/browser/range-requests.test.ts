// A page that reads many small ranges of one object, as readers of tiles, Parquet and Zarr do, over a path with a round trip.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { startDelayingRelay } from '../fixtures/delaying-relay.ts'
import { startTestProxy } from '../fixtures/test-proxy.ts'
import { launchChromium, skipWithoutChromium } from './chromium.ts'

t.setTimeout(300_000)

const ranges = 300
const rangeBytes = 16 * 1024
const oneWayMs = 25

/** Asks for all ranges at once; resolves with the milliseconds until the last one was whole, and how many were. */
const readAll = `async url => {
  const read = async at => {
    const last = at * ${rangeBytes} + ${rangeBytes - 1}
    const response = await fetch(url, { cache: 'no-store', headers: { range: 'bytes=' + at * ${rangeBytes} + '-' + last } })
    const content = await response.arrayBuffer()
    return response.status === 206 && content.byteLength === ${rangeBytes}
  }
  await read(0)
  const startMs = performance.now()
  const read300 = await Promise.all(Array.from({ length: ${ranges} }, (_, at) => read(at)))
  return { tookMs: performance.now() - startMs, whole: read300.filter(Boolean).length }
}`

async function startServer(t: Test, answer: Parameters<typeof createServer>[1]): Promise<string> {
  const server = createServer(answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.closeAllConnections())
  t.teardown(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const title = `${ranges} ranges of 16 KiB at ${2 * oneWayMs} ms of round trip take over HTTP/2 at most half the time they take over HTTP/1.1`

t.test(title, { skip: skipWithoutChromium() }, async t => {
  const object = Buffer.alloc(ranges * rangeBytes, 'x')
  const endpoint = await startServer(t, (request, response) => {
    const [, first = '0', last = '0'] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    response.writeHead(206, { 'Content-Range': `bytes ${first}-${last}/${object.length}` })
    response.end(object.subarray(Number(first), Number(last) + 1))
  })
  const site = await startServer(t, (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>tiles</title>')
  })
  const rule = { AllowedOrigins: [site], AllowedMethods: ['GET'], AllowedHeaders: ['range'], MaxAgeSeconds: 300 }
  const browser = await launchChromium(t)

  async function read(t: Test, http2: boolean): Promise<number> {
    const settings = {
      hosts: ['localhost'],
      buckets: { web: { CORSRules: [rule] } },
      tls: { certFile: 'cert.pem', keyFile: 'key.pem', http2 },
    }
    const proxy = await startTestProxy(t, endpoint, settings, { tls: true })
    const { port } = await startDelayingRelay(t, proxy.port, oneWayMs)
    const context = await browser.newContext({ ignoreHTTPSErrors: true })
    const page: Page = await context.newPage()
    await page.goto(site)
    const { tookMs, whole } = await page.evaluate<{ tookMs: number; whole: number }>(
      `(${readAll})('https://localhost:${port}/web/tiles')`,
    )
    t.equal(whole, ranges, `${http2 ? 'h2' : 'http/1.1'}: every range is whole`)
    const protocols = new Set(proxy.records.map(({ protocol }) => protocol))
    t.strictSame([...protocols], [http2 ? 'HTTP/2.0' : 'HTTP/1.1'], 'what the browser spoke')
    await context.close()
    return tookMs
  }

  const overHttp1 = await read(t, false)
  const overHttp2 = await read(t, true)
  t.comment(`HTTP/1.1: ${overHttp1.toFixed(0)} ms, HTTP/2: ${overHttp2.toFixed(0)} ms`)
  // Six connections need fifty round trips for them.
  t.ok(overHttp1 >= 50 * 2 * oneWayMs, `HTTP/1.1: ${overHttp1.toFixed(0)} ms`)
  t.ok(overHttp2 <= overHttp1 / 2, `HTTP/2: ${overHttp2.toFixed(0)} ms of ${overHttp1.toFixed(0)} ms`)
})
