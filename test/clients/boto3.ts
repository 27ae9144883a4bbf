// boto3, Debian's and a current one: they sign and digest differently.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { fileURLToPath } from 'node:url'
import { spawn } from '../fixtures/children.ts'
import { findExecutable, findSystemExecutable } from '../servers/installed.ts'
import { writeLoopbackNames } from './loopback-names.ts'
import { awkward, large, small } from './objects.ts'
import { type ClientTarget, type Outcomes, sha256 } from './outcome.ts'
import { presignedSender } from './presigned.ts'
import { inToolSession, type ToolSession } from './tool-session.ts'

export const howToGetBoto3 = 'apt-get install --no-install-recommends python3-boto3'
export const howToGetCurrentBoto3 = 'bash test/clients/install-boto3.sh'

export interface Boto3 {
  readonly python: string
  readonly version: string
  /** Those of {@link checksums} that it can compute: some need its C runtime, awscrt, which is a package of its own. */
  readonly checksums: readonly string[]
}

/** The names of ChecksumAlgorithm. */
export const checksums = ['CRC32', 'CRC32C', 'SHA1', 'SHA256', 'CRC64NVME']

/** Every Python of this machine that has boto3: Debian's, the pinned one of the user's cache folder, PATH's. */
export function findBoto3(): readonly Boto3[] {
  const found = new Map<string, Boto3>()
  for (const python of [findSystemExecutable('python3'), findExecutable(currentPython()), findExecutable('python3')]) {
    const boto3 = python === undefined ? undefined : askPython(python)
    if (boto3 !== undefined && !found.has(boto3.version)) found.set(boto3.version, boto3)
  }
  return [...found.values()]
}

/** One that is `install-boto3.sh`'s, or another from 1.36 on, with which checksums became the default. */
export function findCurrentBoto3(): Boto3 | undefined {
  const isCurrent = (version: string) => /^(?:1\.(?:3[6-9]|[4-9]\d|\d{3,})|[2-9])\./.test(version)
  return findBoto3().find(({ version }) => isCurrent(version))
}

function currentPython(): string {
  const version = readFileSync(new URL('boto3-version', import.meta.url), 'utf8').trim()
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  return join(cache, 's3-cors-proxy', 'boto3', version, 'bin', 'python3')
}

function askPython(python: string): Boto3 | undefined {
  try {
    // The table that botocore itself fills from what it could import.
    const script = 'import boto3, botocore.httpchecksum as h; print(boto3.__version__, *h._CHECKSUM_CLS)'
    const printed = execFileSync(python, ['-c', script], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    const [version = '', ...names] = printed.trim().toUpperCase().split(' ')
    return { python, version, checksums: checksums.filter(name => names.includes(name)) }
  } catch {
    return undefined
  }
}

export interface Boto3Run extends Pick<Boto3, 'python' | 'checksums'> {
  /** Over TLS bodies are not hashed for the signature: boto3 sends them in chunks with a checksum as trailer. */
  readonly tls?: boolean | undefined
}

/** Creates the bucket, does everything in it and deletes it. */
export function runBoto3(run: Boto3Run, target: ClientTarget): Promise<Outcomes> {
  return inToolSession(target, { tls: run.tls }, session => work(run, session))
}

interface Job {
  readonly call: string
  readonly arguments: Readonly<Record<string, unknown>>
  /** A file for the argument `Body`; `stream`: one that can be read once. */
  readonly body?: string | undefined
  readonly stream?: boolean | undefined
}

async function work({ python, tls = false, checksums }: Boto3Run, session: ToolSession): Promise<void> {
  const { file, target, neutral, record, recordRefusal } = session
  const Bucket = target.bucket
  const driver = startDriver(python, session)
  const connect = (secret: string) => {
    const client = {
      endpoint_url: `${tls ? 'https' : 'http'}://${session.host}`,
      region_name: target.region,
      aws_access_key_id: target.accessKeyId,
      aws_secret_access_key: secret,
      ...(tls ? { verify: false } : {}),
    }
    return driver.ask({ client, config: { signature_version: 's3v4', s3: { addressing_style: target.style } } })
  }
  const inBucket = async (call: string, args: object = {}, more: Partial<Job> = {}) => {
    const job: Job = { call, arguments: { Bucket, ...args }, ...more }
    return JSON.parse(neutral(JSON.stringify((await driver.ask(job)) ?? null))) as unknown
  }
  const put = (Key: string, body: string, args: object = {}, more: Partial<Job> = {}) =>
    inBucket('put_object', { Key, ...args }, { body: file(body), ...more })
  try {
    await connect(target.secretAccessKey)
    await record('create bucket', () => inBucket('create_bucket'))
    await record('put', () => put(small.key, small.key, { ContentType: 'text/plain', Metadata: { case: 'Kept' } }))
    await record('put under an awkward key', () => put(awkward.key, 'awkward.bin'))
    await record('put, large', () => put('put-large.bin', large.key))
    // What can be read once is not sent over plain HTTP, where it would have to be hashed first.
    if (tls) await record('put of a stream', () => put('streamed.bin', 'awkward.bin', {}, { stream: true }))
    for (const algorithm of checksums) {
      await record(`put with ${algorithm}`, () =>
        put(`${algorithm}.bin`, 'awkward.bin', { ChecksumAlgorithm: algorithm }),
      )
    }
    await record('multipart upload', () => inBucket('upload_file', { Key: large.key, Filename: file(large.key) }))
    await record('head', () => inBucket('head_object', { Key: small.key, ChecksumMode: 'ENABLED' }))
    await record('get', () => inBucket('get_object', { Key: small.key }))
    await record('get under an awkward key', () => inBucket('get_object', { Key: awkward.key }))
    await record('get of a range', () => inBucket('get_object', { Key: awkward.key, Range: 'bytes=1000-40000' }))
    await record('get, large', async () => {
      await inBucket('download_file', { Key: large.key, Filename: file('download') })
      return sha256(readFileSync(file('download')))
    })
    await recordRefusal('get of a missing key', () => inBucket('get_object', { Key: 'missing' }))
    await record('list', () => inBucket('list_objects_v2', { Delimiter: '/' }))
    await record('copy', () => inBucket('copy_object', { Key: 'copied.bin', CopySource: { Bucket, Key: awkward.key } }))
    await record('copy, large', () =>
      inBucket('copy', { Key: 'copied-large.bin', CopySource: { Bucket, Key: large.key } }),
    )
    if (!tls) await presigned(session, driver)
    await connect('not-the-secret-of-this-key')
    await recordRefusal('list with a wrong secret', () => inBucket('list_objects_v2'))
    await recordRefusal('put with a wrong secret', () => put(small.key, small.key))
    await recordRefusal('put with a wrong secret, large', () => put('put-large.bin', large.key))
    await connect(target.secretAccessKey)
    await record('delete', () => inBucket('delete_object', { Key: awkward.key }))
    const keys = async () => ((await inBucket('list_objects_v2')) as { Contents?: { Key: string }[] }).Contents ?? []
    await record('delete of many', async () =>
      inBucket('delete_objects', { Delete: { Objects: (await keys()).map(({ Key }) => ({ Key })), Quiet: true } }),
    )
    await record('delete of what is left', async () => {
      const left = await keys()
      for (const { Key } of left) await inBucket('delete_object', { Key })
      return left.map(({ Key }) => Key)
    })
    await record('delete bucket', () => inBucket('delete_bucket'))
  } finally {
    await driver.stop()
  }
}

async function presigned({ target, exchanged, record, recordRefusal }: ToolSession, driver: Driver): Promise<void> {
  const send = presignedSender(target, exchanged)
  const url = async (ClientMethod: string, Key: string) => {
    const args = { ClientMethod, Params: { Bucket: target.bucket, Key }, ExpiresIn: 600 }
    return String(await driver.ask({ call: 'generate_presigned_url', arguments: args }))
  }
  await record('presigned GET', async () => send({ url: await url('get_object', awkward.key) }))
  await recordRefusal('presigned GET for another key', async () =>
    send({ url: (await url('get_object', awkward.key)).replace('.bin?', '.bim?') }),
  )
  await record('presigned PUT', async () =>
    send({ url: await url('put_object', 'presigned put.bin'), method: 'PUT', body: awkward.body }),
  )
}

interface Driver {
  ask(job: object): Promise<unknown>
  stop(): Promise<void>
}

function startDriver(python: string, { folder, file }: ToolSession): Driver {
  const child = spawn(python, ['-W', 'ignore', fileURLToPath(new URL('boto3-driver.py', import.meta.url))], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      AWS_CONFIG_FILE: file('none'),
      AWS_SHARED_CREDENTIALS_FILE: file('none'),
      AWS_EC2_METADATA_DISABLED: 'true',
      ...writeLoopbackNames(folder),
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = new Promise<void>(resolve => child.once('close', () => resolve()))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    async ask(job) {
      child.stdin.write(`${JSON.stringify(job)}\n`)
      const { value, done } = await lines.next()
      if (done === true) throw new Error('Python has ended')
      const answer = JSON.parse(value) as { done?: unknown; refused?: string; text?: string }
      if (answer.refused !== undefined) throw Object.assign(new Error(answer.text), { code: answer.refused })
      return answer.done
    },
    async stop() {
      child.stdin.end()
      await exited
    },
  }
}
