// s3fs, a bucket as a folder of this machine.

import { spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import {
  copyFile,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  statfs,
  truncate,
  unlink,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { CreateBucketCommand, DeleteBucketCommand } from '@aws-sdk/client-s3'
import { findSystemExecutable, usable } from '../servers/installed.ts'
import { startProcess, waitUntilReady } from '../servers/server-process.ts'
import { withSdk } from './cors-clients.ts'
import { awkward, large, small } from './objects.ts'
import { type ClientTarget, type Outcomes, sha256 } from './outcome.ts'
import { inToolSession, type ToolSession } from './tool-session.ts'

export const howToGetS3fs = 'apt-get install --no-install-recommends s3fs fuse3'

export function findS3fs(): string | undefined {
  return usable({ name: 's3fs', file: findSystemExecutable('s3fs'), oldest: '1.90' })
}

/** Whether this machine allows mounts: a container often has no device, or no right to use it, whatever is installed. */
export function hasFuse(): boolean {
  try {
    closeSync(openSync('/dev/fuse', 'r+'))
    const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]
    const isRoot = process.getuid?.() === 0
    // Others than root have fusermount do it.
    return !isRoot || (BigInt(`0x${capabilities}`) & capSysAdmin) !== 0n
  } catch {
    return false
  }
}

/** CAP_SYS_ADMIN of linux/capability.h. */
const capSysAdmin = 1n << 21n

/**
 * Creates the bucket, mounts it, does everything in it and deletes it. The kernel asks again for what it has not kept: the
 * kinds of writes are compared, and what the files hold.
 */
export function runS3fs(target: ClientTarget): Promise<Outcomes> {
  const command = findS3fs()
  if (command === undefined) throw new Error(`s3fs is not installed: ${howToGetS3fs}`)
  return inToolSession(target, { keep: 'kinds of writes' }, session => work(command, session))
}

async function work(command: string, session: ToolSession): Promise<void> {
  const { target, record, recordRefusal } = session
  const { bucket: Bucket } = target
  await record('create bucket', () =>
    withSdk(target, async client => void (await client.send(new CreateBucketCommand({ Bucket })))),
  )
  const liar = { ...target, secretAccessKey: 'not-the-secret-of-this-key' }
  await recordRefusal('mount with a wrong secret', async () => (await mount(command, liar, session)).stop())
  const mounted: { folder: string; stop(): Promise<void> }[] = []
  await record('mount', async () => void mounted.push(await mount(command, target, session)))
  for (const { folder, stop } of mounted) {
    try {
      await inFolder(folder, session)
    } finally {
      await record('unmount', stop)
    }
  }
  await record('delete bucket', () =>
    withSdk(target, async client => void (await client.send(new DeleteBucketCommand({ Bucket })))),
  )
}

// Only asynchronous calls: the tap, which s3fs waits for, is in this process.
async function inFolder(folder: string, { record, recordRefusal, file }: ToolSession): Promise<void> {
  const path = (name: string) => join(folder, name)
  const hashOf = async (name: string) => sha256(await readFile(path(name)))
  const strange = awkward.key.split('/').join('-')
  await record('put', () => writeFile(path(small.key), small.body))
  await record('put under an awkward key', () => writeFile(path(strange), awkward.body))
  await record('put, empty', () => writeFile(path('empty'), ''))
  await record('multipart upload', () => copyFile(file(large.key), path(large.key)))
  await record('get', () => hashOf(small.key))
  await record('get under an awkward key', () => hashOf(strange))
  await record('get, large', () => hashOf(large.key))
  await record('get of a range', async () => {
    const handle = await open(path(large.key))
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(100_000), 0, 100_000, 3_000_000)
      return { bytesRead, sha256: sha256(buffer) }
    } finally {
      await handle.close()
    }
  })
  await recordRefusal('get of a missing key', () => readFile(path('missing')))
  await record('list', async () => {
    const names = (await readdir(folder)).sort()
    return Promise.all(names.map(async name => [name, (await stat(path(name))).size]))
  })
  await record('append', async () => {
    await writeFile(path(small.key), 'one more line\n', { flag: 'a' })
    return hashOf(small.key)
  })
  await record('truncate', async () => {
    await truncate(path(strange), 1000)
    return hashOf(strange)
  })
  await record('copy', async () => {
    await copyFile(path(small.key), path('copied.txt'))
    return hashOf('copied.txt')
  })
  await record('move', async () => {
    await rename(path('copied.txt'), path('moved.txt'))
    return hashOf('moved.txt')
  })
  await record('move, large', async () => {
    await rename(path(large.key), path('moved.bin'))
    return hashOf('moved.bin')
  })
  await record('move of a folder', async () => {
    await mkdir(path('folder'))
    await writeFile(path('folder/in it.txt'), small.body)
    await rename(path('folder'), path('földer'))
    return { names: await readdir(path('földer')), sha256: await hashOf('földer/in it.txt') }
  })
  await record('delete', () => unlink(path(small.key)))
  await record('delete of all', async () => {
    for (const name of await readdir(folder)) await rm(path(name), { recursive: true })
    return readdir(folder)
  })
}

/** FUSE_SUPER_MAGIC of linux/magic.h. */
const fuseType = 0x65735546

/** Resolves once the bucket is there; rejects when s3fs gives up, as it does without access. */
async function mount(command: string, who: ClientTarget, { host, folder: home, file }: ToolSession) {
  const folder = file('mounted')
  mkdirSync(folder, { recursive: true })
  writeFileSync(file('passwd'), `${who.accessKeyId}:${who.secretAccessKey}`, { mode: 0o600 })
  const options = [
    `url=http://${host}`,
    `passwd_file=${file('passwd')}`,
    // s3fs takes no file of less than two parts of 5 MiB apart.
    'multipart_size=5',
    'max_dirty_data=50',
    'retries=1',
    ...(who.style === 'path' ? ['use_path_request_style'] : []),
  ]
  const server = startProcess(
    's3fs',
    home,
    command,
    [who.bucket, folder, '-f', ...options.flatMap(option => ['-o', option])],
    {
      PATH: process.env.PATH,
      HOME: home,
    },
  )
  const leave = () => void spawnSync('fusermount', ['-u', '-z', folder])
  process.once('exit', leave)
  const stop = async () => {
    await server.stop()
    process.off('exit', leave)
    leave()
  }
  try {
    // It mounts first and looks at the bucket then; no call is answered before that.
    await waitUntilReady(server, async () => (await statfs(folder)).type === fuseType, 30_000)
    return { folder, stop }
  } catch {
    await stop()
    throw Object.assign(new Error('not mounted'), { code: 'NotMounted' })
  }
}
