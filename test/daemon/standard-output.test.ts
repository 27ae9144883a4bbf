// Standard output that takes no lines: whatever is wrong with it, the proxy serves, counts what is lost, and says so afterwards.

import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { patientMs, until } from '../fixtures/patience.ts'
import { type ProxyOptions, type ProxyProcess, startProxy } from '../fixtures/proxy-process.ts'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { canMountSmallDisk, mountSmallDisk } from '../fixtures/small-disk.ts'
import { findExecutable, skipWithout, usable } from '../servers/installed.ts'

t.setTimeout(180_000)

const longKey = 'k'.repeat(1000)

const withoutDisk = skipWithout('a small disk', canMountSmallDisk(), 'mount -t tmpfs as root')

async function start(t: Test, workers: number, options: ProxyOptions): Promise<ProxyProcess> {
  const upstream = await startRecordingUpstream(t, { answer: () => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok' })
  const proxy = await startProxy(
    `upstream: { url: "${upstream.url}" }\nworkers: ${workers}\nlog: { access: true }\ndrainSeconds: 5\nbuckets: { media: { from: none, enforcement: report } }`,
    options,
  )
  t.teardown(() => proxy.stop('SIGKILL'))
  return proxy
}

/** Each of them is a line of more than a kilobyte, and each is answered. */
async function request(t: Test, proxy: ProxyProcess, count: number): Promise<void> {
  const answered = new Map<number, number>()
  for (let left = count; left > 0; left -= 50) {
    const some = Array.from({ length: Math.min(50, left) }, async () => {
      const response = await fetch(`${proxy.url}/media/${longKey}`, { signal: AbortSignal.timeout(patientMs(30_000)) })
      await response.arrayBuffer()
      answered.set(response.status, (answered.get(response.status) ?? 0) + 1)
    })
    await Promise.all(some)
  }
  t.strictSame([...answered], [[200, count]])
}

async function suppressed(proxy: ProxyProcess): Promise<number> {
  const text = await (await fetch(`${proxy.adminUrl}/metrics`)).text()
  return Number(/^s3cors_log_suppressed_total (\d+)$/m.exec(text)?.[1])
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Whether it comes to hold. */
function comes(holds: () => boolean | Promise<boolean>): Promise<boolean> {
  return until(holds).then(
    () => true,
    () => false,
  )
}

for (const workers of [1, 2]) {
  t.test(
    `a disk that is full loses lines and nothing else, and the log says so once there is space: ${workers} processes`,
    { skip: withoutDisk },
    async t => {
      const disk = mountSmallDisk()
      t.teardown(() => disk?.remove())
      const file = join(disk?.folder ?? '', 'log')
      const descriptor = openSync(file, 'a')
      const proxy = await start(t, workers, { stdout: descriptor })
      closeSync(descriptor)
      await request(t, proxy, 2500)
      t.ok(await comes(async () => (await suppressed(proxy)) > 0), 'what is lost is counted')
      disk?.grow()
      const last = () => readFileSync(file, 'utf8').trimEnd().split('\n')
      const isLoss = (line: string) => line.includes('"event":"log_lines_lost"')
      t.ok(await comes(() => last().some(isLoss)), 'the log says so')
      await request(t, proxy, 10)
      t.equal(await proxy.stop(), 0)
      const lines = last().map(line => JSON.parse(line))
      const lost = lines.filter(({ event }) => event === 'log_lines_lost')
      t.equal(lost.length, 1)
      t.match(lost[0], { level: 'warn', code: 'ENOSPC', since: /^\d{4}-\d\d-\d\dT[\d:.]+Z$/ })
      const logged = lines.filter(({ event }) => event === 'request').length
      t.equal(logged + lost[0].count, 2510, 'every line is there, whole, or counted')
    },
  )

  t.test(
    `a disk that was full before the start, and stays so, keeps the proxy from nothing: ${workers} processes`,
    async t => {
      const descriptor = openSync('/dev/full', 'w')
      const proxy = await start(t, workers, { stdout: descriptor })
      closeSync(descriptor)
      await request(t, proxy, 20)
      t.equal(await proxy.stop(), 0)
      t.equal(proxy.logs(), '')
    },
  )

  t.test(`a reader that ends keeps the proxy from nothing: ${workers} processes`, async t => {
    const proxy = await start(t, workers, { stdout: 'unread' })
    proxy.closeStdout()
    await request(t, proxy, 2000)
    t.ok(await comes(async () => (await suppressed(proxy)) > 0), 'what is lost is counted')
    t.equal(await proxy.stop(), 0)
  })

  t.test(`a reader that reads nothing keeps the proxy from nothing: ${workers} processes`, async t => {
    const proxy = await start(t, workers, { stdout: 'unread' })
    await request(t, proxy, 2500)
    t.ok(await comes(async () => (await suppressed(proxy)) > 0), 'what is lost is counted')
    t.equal(await proxy.stop(), 0)
  })

  t.test(`a file that may not grow keeps the proxy from nothing: ${workers} processes`, async t => {
    const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-output-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    const descriptor = openSync(join(folder, 'log'), 'a')
    // In units of 512 or 1024 bytes, as the shell has it. What tap has every Node load takes SIGXFSZ for an end of the process.
    const proxy = await start(t, workers, {
      stdout: descriptor,
      through: ['sh', '-c', 'ulimit -f 16 && unset NODE_OPTIONS NODE_COMPILE_CACHE && exec "$0" "$@"'],
    })
    closeSync(descriptor)
    await request(t, proxy, 100)
    t.equal(await proxy.stop(), 0)
  })
}

// The one of util-linux: others have other options.
const script = usable({ name: 'script', file: findExecutable('script'), oldest: '2.30' })
t.test(
  'a terminal that is stopped, and then gone, keeps the proxy from nothing',
  { skip: skipWithout('script', script !== undefined, 'apt-get install bsdutils') },
  async t => {
    const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-terminal-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    const pidFile = join(folder, 'pid')
    // `script` gives a terminal; its own output is a pipe that is not read.
    const command = `echo $$ >${pidFile}; exec "$0" "$@"`
    const proxy = await start(t, 1, {
      stdout: 'unread',
      through: [
        'sh',
        '-c',
        `exec script -qec "sh -c '${command.replaceAll('$', '\\$').replaceAll('"', '\\"')}' $0 $*" /dev/null`,
      ],
    })
    const pid = Number(readFileSync(pidFile, 'utf8'))
    t.teardown(() => {
      if (isRunning(pid)) process.kill(pid, 'SIGKILL')
    })
    await request(t, proxy, 300)
    await proxy.stop('SIGKILL')
    await request(t, proxy, 300)
    t.equal((await fetch(`${proxy.adminUrl}/livez`)).status, 200)
    process.kill(pid, 'SIGTERM')
    t.ok(await comes(() => !isRunning(pid)), 'and it ends when it is told to')
  },
)
