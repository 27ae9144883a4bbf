// s3cmd, an older client with signatures and habits of its own.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { findSystemExecutable, usable } from '../servers/installed.ts'
import { writeLoopbackNames } from './loopback-names.ts'
import { awkward, large, small } from './objects.ts'
import { type ClientTarget, type Outcomes, sha256 } from './outcome.ts'
import { presignedSender } from './presigned.ts'
import { changeTree, inToolSession, readTree, type ToolSession, writeTree } from './tool-session.ts'

export const howToGetS3cmd = 'apt-get install --no-install-recommends s3cmd'

export function findS3cmd(): string | undefined {
  return usable({ name: 's3cmd', file: findSystemExecutable('s3cmd'), oldest: '2.3' })
}

/** Creates the bucket, does everything in it and deletes it. */
export function runS3cmd(target: ClientTarget): Promise<Outcomes> {
  const command = findS3cmd()
  if (command === undefined) throw new Error(`s3cmd is not installed: ${howToGetS3cmd}`)
  return inToolSession(target, {}, session => work(command, session))
}

async function work(command: string, session: ToolSession): Promise<void> {
  const { file, target, record, recordRefusal } = session
  const env = writeLoopbackNames(session.folder)
  writeFileSync(file('s3cfg'), '[default]\nmax_retries = 1\n')
  const at = (key: string) => `s3://${target.bucket}/${key}`
  const runAs = (who: ClientTarget, args: readonly string[], input?: Uint8Array) =>
    session.run(command, [...options(who, session.host), ...args], env, input)
  const s3cmd = async (...args: string[]) => {
    const { output, error } = await runAs(target, args)
    return { output, error }
  }
  const download = async (key: string, ...args: string[]) => {
    const done = await s3cmd('get', '--force', ...args, at(key), file('download'))
    return { ...done, sha256: sha256(readFileSync(file('download'))) }
  }
  const inParts = ['--multipart-chunk-size-mb=5']
  await record('create bucket', () => s3cmd('mb', at('')))
  await record('put', () => s3cmd('put', file(small.key), at(small.key)))
  await record('put under an awkward key', () => s3cmd('put', file('awkward.bin'), at(awkward.key)))
  await record('put of a stream', async () => {
    const { error } = await runAs(target, ['put', ...inParts, '-', at('streamed.bin')], large.body)
    return error
  })
  await record('multipart upload', () => s3cmd('put', ...inParts, file(large.key), at(large.key)))
  await record('head', () => s3cmd('info', at(small.key)))
  await record('get', () => download(small.key))
  await record('get, large', () => download(large.key))
  await record('get of a range', async () => {
    writeFileSync(file('download'), awkward.body.subarray(0, 1000))
    const done = await s3cmd('get', '--continue', at(awkward.key), file('download'))
    return { ...done, sha256: sha256(readFileSync(file('download'))) }
  })
  await recordRefusal('get of a missing key', () => download('missing'))
  await record('list', () => s3cmd('ls', '--recursive', '--list-md5', at('')))
  await record('copy', () => s3cmd('cp', at(small.key), at('copied.txt')))
  await record('move under an awkward key', () => s3cmd('mv', at(awkward.key), at(`moved ${awkward.key}`)))
  await record('presigned GET', async () => {
    const { stdout } = await runAs(target, ['signurl', at(small.key), '+600'])
    return presignedSender(target, session.exchanged)({ url: stdout.trim() })
  })
  await synchronise(session, s3cmd, at('tree/'))
  const liar = { ...target, secretAccessKey: 'not-the-secret-of-this-key' }
  await recordRefusal('list with a wrong secret', () => runAs(liar, ['ls', at('')]))
  await recordRefusal('put with a wrong secret', () => runAs(liar, ['put', file(small.key), at(small.key)]))
  await record('delete', () => s3cmd('del', at(`moved ${awkward.key}`)))
  await record('delete of all, and of the bucket', () => s3cmd('rb', '--recursive', '--force', at('')))
}

async function synchronise(
  { file, record }: ToolSession,
  s3cmd: (...args: string[]) => Promise<unknown>,
  remote: string,
): Promise<void> {
  writeTree(file('tree'))
  mkdirSync(file('back'))
  const back = async () => {
    await s3cmd('sync', '--delete-removed', remote, `${file('back')}/`)
    return readTree(file('back'))
  }
  await record('synchronise up', () => s3cmd('sync', `${file('tree')}/`, remote))
  await record('synchronise down', back)
  changeTree(file('tree'))
  await record('synchronise up what has changed', () => s3cmd('sync', '--delete-removed', `${file('tree')}/`, remote))
}

function options(target: ClientTarget, host: string): readonly string[] {
  return [
    '--config=s3cfg',
    '--no-ssl',
    '--no-progress',
    `--region=${target.region}`,
    `--access_key=${target.accessKeyId}`,
    `--secret_key=${target.secretAccessKey}`,
    `--host=${host}`,
    `--host-bucket=${target.style === 'path' ? host : `%(bucket)s.${host}`}`,
  ]
}
