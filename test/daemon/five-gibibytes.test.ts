// The largest object that S3 takes in one request, both ways through a real proxy process. Its bytes follow from their places:
// nothing is kept, and each is compared on the other side.

import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import t, { type Test } from 'tap'
import { type HeadAndPattern, readPattern, sendPattern } from '../fixtures/patterned-object.ts'
import { megabytes, noProcessMemory, peakResidentBytes } from '../fixtures/process-memory.ts'
import { type ProxyProcess, startProxy } from '../fixtures/proxy-process.ts'
import { openRaw } from '../fixtures/raw-client.ts'

t.setTimeout(300_000)

const gibibyte = 1024 ** 3
const length = 5 * gibibyte

/**
 * Node's HTTP server reads into a new buffer of 64 KiB each time; up to some 80 MB of them wait for their collection, however
 * long the object is. Beside them the process has some 100 MB from its start.
 */
const most = { peak: 300_000_000, growthAfterTheFirstGibibyte: 80_000_000 }

/** An endpoint that gives the object to a GET, and takes it from a PUT. */
async function startObjectStore(t: Test, onProgress: (message: HeadAndPattern) => void) {
  const puts: HeadAndPattern[] = []
  const server = createServer({ noDelay: true }, socket => {
    socket.on('error', () => undefined)
    let answered = false
    readPattern(socket, async message => {
      onProgress(message)
      if (answered || message.head === undefined) return
      if (message.head.startsWith('GET ')) {
        answered = true
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`)
        await sendPattern(socket, length)
      } else if (message.check.bytes === length) {
        answered = true
        puts.push(message)
        socket.write('HTTP/1.1 200 OK\r\nETag: "whole"\r\nContent-Length: 0\r\n\r\n')
      } else if (message.check.wrongAt !== undefined) socket.destroy()
    })
    t.teardown(() => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, puts }
}

/** The proxy's memory as the object goes by, and the pace. */
class Watch {
  proxy: ProxyProcess | undefined
  #early = 0
  readonly #startedAt = performance.now()

  readonly see = ({ check }: HeadAndPattern): void => {
    if (this.#early === 0 && check.bytes > gibibyte) this.#early = peakResidentBytes(this.proxy?.pid ?? 0)
  }

  judge(t: Test, direction: string): void {
    const peak = peakResidentBytes(this.proxy?.pid ?? 0)
    const growth = peak - this.#early
    const pace = (length / 1e6 / ((performance.now() - this.#startedAt) / 1000)).toFixed(0)
    t.comment(`5 GiB ${direction}: peak RSS ${megabytes(peak)}, ${megabytes(growth)} of it after 1 GiB; ${pace} MB/s`)
    t.ok(peak < most.peak, megabytes(peak))
    t.ok(growth < most.growthAfterTheFirstGibibyte, megabytes(growth))
  }
}

async function start(t: Test) {
  const watch = new Watch()
  const store = await startObjectStore(t, watch.see)
  const proxy = await startProxy(`upstream: { url: "${store.url}", credentials: none }`)
  t.teardown(() => proxy.stop('SIGKILL'))
  watch.proxy = proxy
  const client = await openRaw(proxy.port)
  return { watch, store, client }
}

t.test('5 GiB down arrive whole, in flat memory', { skip: noProcessMemory }, async t => {
  const { watch, client } = await start(t)
  client.socket.removeAllListeners('data')
  const response = readPattern(client.socket, watch.see)
  await client.write('GET /b/k HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  await once(client.socket, 'end')
  t.match(response.head, /^HTTP\/1\.1 200 OK\r\n/)
  t.match(response.head, `\r\nContent-Length: ${length}\r\n`)
  t.strictSame([response.check.wrongAt, response.check.bytes], [undefined, length])
  watch.judge(t, 'down')
})

t.test('5 GiB up arrive whole, in flat memory', { skip: noProcessMemory }, async t => {
  const { watch, store, client } = await start(t)
  await client.write(`PUT /b/k HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`)
  t.equal(await sendPattern(client.socket, length), true)
  await client.until(({ ended }) => ended !== undefined, 120_000)
  t.match(client.text, /^HTTP\/1\.1 200 OK\r\nETag: "whole"\r\n/)
  t.equal(store.puts.length, 1)
  t.match(store.puts[0]?.head, `\r\nContent-Length: ${length}\r\n`)
  t.strictSame([store.puts[0]?.check.wrongAt, store.puts[0]?.check.bytes], [undefined, length])
  watch.judge(t, 'up')
})
