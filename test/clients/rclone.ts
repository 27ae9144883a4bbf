// rclone, which copies, moves and synchronises.

import { mkdirSync, readFileSync } from 'node:fs'
import { findSystemExecutable, usable } from '../servers/installed.ts'
import { awkward, large, small } from './objects.ts'
import { type ClientTarget, type Outcomes, sha256 } from './outcome.ts'
import { presignedSender } from './presigned.ts'
import { changeTree, inToolSession, readTree, type ToolSession, writeTree } from './tool-session.ts'

export const howToGetRclone = 'apt-get install --no-install-recommends rclone'

export function findRclone(): string | undefined {
  return usable({ name: 'rclone', file: findSystemExecutable('rclone'), oldest: '1.60', versionArguments: ['version'] })
}

/** Creates the bucket, does everything in it and purges it. */
export function runRclone(target: ClientTarget): Promise<Outcomes> {
  const command = findRclone()
  if (command === undefined) throw new Error(`rclone is not installed: ${howToGetRclone}`)
  return inToolSession(target, {}, session => work(command, session))
}

/** One request after another, and two parts at the size the other clients use. */
const orderly = [
  '--config=',
  '--retries=1',
  '--low-level-retries=1',
  '--transfers=1',
  '--checkers=1',
  '--s3-no-check-bucket',
]
const parts = [
  `--s3-upload-cutoff=${large.partSize}B`,
  `--s3-chunk-size=${large.partSize}B`,
  '--s3-upload-concurrency=1',
]

async function work(command: string, session: ToolSession): Promise<void> {
  const { file, target, record, recordRefusal } = session
  const at = (key: string) => `s3:${target.bucket}/${key}`
  const runAs = (who: ClientTarget, args: readonly string[], input?: Uint8Array) =>
    session.run(command, [...orderly, ...parts, ...args], rcloneRemote(who, session.host), input)
  const rclone = async (...args: string[]) => {
    const { output, error } = await runAs(target, args)
    return { output, error }
  }
  const cat = async (...args: string[]) => {
    const { stdout, error } = await runAs(target, ['cat', ...args])
    return { length: stdout.length, sha256: sha256(Buffer.from(stdout, 'latin1')), error }
  }
  await record('create bucket', () => rclone('mkdir', '--s3-no-check-bucket=false', at('')))
  await record('put', () => rclone('copyto', file(small.key), at(small.key)))
  await record('put under an awkward key', () => rclone('copyto', file('awkward.bin'), at(awkward.key)))
  await record('put of a stream', async () => {
    const { error } = await runAs(target, ['rcat', at('streamed.bin')], awkward.body)
    return error
  })
  await record('multipart upload', () => rclone('copyto', file(large.key), at(large.key)))
  await record('get', () => cat(at(small.key)))
  await record('get under an awkward key', () => cat(at(awkward.key)))
  await record('get of a range', () => cat('--offset=1000', '--count=40000', at(awkward.key)))
  await record('get, large', async () => {
    const { error } = await rclone('copyto', at(large.key), file('download'))
    return { error, sha256: sha256(readFileSync(file('download'))) }
  })
  // rclone takes a key that is not there for an empty folder.
  await recordRefusal('delete of a missing key', () => rclone('deletefile', at('missing')))
  await record('list', () => rclone('lsjson', '--recursive', '--hash', at('')))
  await record('copy', () => rclone('copyto', at(small.key), at('copied.txt')))
  await record('copy under an awkward key', () => rclone('copyto', at(awkward.key), at(`copied ${awkward.key}`)))
  await record('copy, large', () => rclone('--s3-copy-cutoff=5Mi', 'copyto', at(large.key), at('copied.bin')))
  await record('move', () => rclone('moveto', at('copied.txt'), at('moved.txt')))
  await record('presigned GET', async () => {
    const { stdout } = await runAs(target, ['link', '--expire=10m', at(small.key)])
    return presignedSender(target, session.exchanged)({ url: stdout.trim() })
  })
  await synchronise(session, rclone, at('tree'))
  const liar = { ...target, secretAccessKey: 'not-the-secret-of-this-key' }
  await recordRefusal('list with a wrong secret', () => runAs(liar, ['lsf', at('')]))
  await recordRefusal('put with a wrong secret', () => runAs(liar, ['copyto', file(small.key), at(small.key)]))
  await record('delete', () => rclone('deletefile', at(awkward.key)))
  await record('delete of all, and of the bucket', () => rclone('purge', at('')))
}

async function synchronise(
  { file, record }: ToolSession,
  rclone: (...args: string[]) => Promise<unknown>,
  remote: string,
): Promise<void> {
  writeTree(file('tree'))
  mkdirSync(file('back'))
  const back = async () => {
    await rclone('sync', remote, file('back'))
    return readTree(file('back'))
  }
  await record('synchronise up', () => rclone('sync', file('tree'), remote))
  await record('synchronise down', back)
  changeTree(file('tree'))
  await record('synchronise up what has changed', () => rclone('sync', file('tree'), remote))
  await record('synchronise down what has changed', back)
  await record('compare', () => rclone('check', '--download', file('tree'), remote))
}

/** Variables that make the endpoint at `host` the remote `s3:`. */
export function rcloneRemote(
  target: Omit<ClientTarget, 'virtualHost'>,
  host: string,
): Readonly<Record<string, string>> {
  const remote = {
    RCLONE_CONFIG_S3_TYPE: 's3',
    RCLONE_CONFIG_S3_PROVIDER: 'Other',
    RCLONE_CONFIG_S3_ENDPOINT: `http://${host}`,
    RCLONE_CONFIG_S3_REGION: target.region,
    RCLONE_CONFIG_S3_FORCE_PATH_STYLE: String(target.style === 'path'),
    RCLONE_CONFIG_S3_ACCESS_KEY_ID: target.accessKeyId,
    RCLONE_CONFIG_S3_SECRET_ACCESS_KEY: target.secretAccessKey,
  }
  return target.style === 'path' ? remote : { ...remote, HTTP_PROXY: target.endpoint }
}
