// An object as large as a single PUT may not be, in parts through the proxy and back: whole, and without filling memory.

import { createHash } from 'node:crypto'
import { createReadStream, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { DeleteObjectCommand, GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import t from 'tap'
import { findRclone, howToGetRclone, rcloneRemote } from '../clients/rclone.ts'
import { runCommand } from '../clients/run-command.ts'
import { startProxy } from '../fixtures/proxy-process.ts'
import { skipWithout } from '../servers/installed.ts'
import { findMinio, howToGetMinio, startMinio } from '../servers/minio.ts'
import { createBuckets, createClient } from './cors-requests.ts'

t.setTimeout(900_000)

const mebibytes = Number(process.env.S3CORS_TEST_OBJECT_MIB || 512)
const size = mebibytes * 1024 * 1024 + 1
const partMebibytes = 64
/** Half of the object by default: more than a young heap and what is under way in four parts, and far from all of it. */
const mostGrownMebibytes = 256

const skip =
  skipWithout('MinIO', findMinio() !== undefined, howToGetMinio) ||
  skipWithout('rclone', findRclone() !== undefined, howToGetRclone)

const how = mebibytes === 5120 ? '' : ' (S3CORS_TEST_OBJECT_MIB=5120 makes it 5 GiB)'

t.test(`${mebibytes} MiB in parts of ${partMebibytes} MiB go up and come back whole${how}`, { skip }, async t => {
  const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-large-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const server = await startMinio()
  t.teardown(() => server.stop({ keepLogs: !t.passing() }))
  await createBuckets(server, ['media'])
  const proxy = await startProxy(`upstream:\n  url: ${server.endpoint}\nbuckets:\n  media: { from: none }\n`)
  t.teardown(() => proxy.stop())
  const file = join(folder, 'large.bin')
  writeSparse(file)
  const expected = await hashOf(createReadStream(file, { highWaterMark: 1 << 20 }))
  const seconds = stopwatch()
  const before = residentMebibytes(proxy.pid)

  const target = { ...server, endpoint: proxy.url, style: 'path', bucket: 'media' } as const
  const parts = [`--s3-chunk-size=${partMebibytes}Mi`, '--s3-upload-cutoff=64Mi', '--s3-upload-concurrency=4']
  const options = ['--config=', '--retries=1', '--low-level-retries=1', '--s3-disable-checksum', ...parts]
  const { exitCode, stderr } = await runCommand(
    findRclone() ?? '',
    [...options, 'copyto', file, 's3:media/large.bin'],
    {
      home: folder,
      env: rcloneRemote(target, new URL(proxy.url).host),
      timeoutMs: 600_000,
    },
  )
  t.equal(exitCode, 0, stderr)
  const up = seconds()

  const client = createClient(server, proxy.url, 'path')
  t.teardown(() => client.destroy())
  const object = { Bucket: 'media', Key: 'large.bin' }
  const head = await client.send(new HeadObjectCommand(object))
  t.equal(head.ContentLength, size)
  t.match(head.ETag, new RegExp(`-${Math.ceil(size / partMebibytes / 1024 / 1024)}"$`), 'as many parts')
  const url = await getSignedUrl(client, new GetObjectCommand(object))
  t.strictSame(await hashOf(await download(url)), expected, 'the same bytes')
  const down = seconds()
  await client.send(new DeleteObjectCommand(object))

  const most = residentMebibytes(proxy.pid)
  t.comment(`up ${up} s, down ${down} s; resident ${before} MiB before, ${most} MiB at most`)
  t.ok(most - before < mostGrownMebibytes, `the proxy took less than ${mostGrownMebibytes} MiB for it`)
  t.equal(await proxy.stop(), 0)
})

/** Holes but for a different word every quarter of a mebibyte, so that no part can stand for another. */
function writeSparse(file: string): void {
  const descriptor = openSync(file, 'w')
  ftruncateSync(descriptor, size)
  for (let at = 0; at < size - 100; at += 256 * 1024) writeSync(descriptor, `this is byte ${at}\n`, at)
}

async function hashOf(stream: Readable): Promise<{ length: number; sha256: string }> {
  const hash = createHash('sha256')
  let length = 0
  for await (const bytes of stream as AsyncIterable<Buffer>) {
    hash.update(bytes)
    length += bytes.length
  }
  return { length, sha256: hash.digest('hex') }
}

function download(url: string): Promise<Readable> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, resolve).once('error', reject)
  })
}

/** Since the last call. */
function stopwatch(): () => string {
  let from = performance.now()
  return () => {
    const now = performance.now()
    const passed = ((now - from) / 1000).toFixed(1)
    from = now
    return passed
  }
}

/** The most that was ever resident. */
function residentMebibytes(pid: number): number {
  const [, kibibytes = '0'] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? []
  return Math.round(Number(kibibytes) / 1024)
}
