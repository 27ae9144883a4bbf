// The AWS CLI, as a person at a shell uses it.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execFile } from '../fixtures/children.ts'
import { patientMs } from '../fixtures/patience.ts'
import { findSystemExecutable, usable } from '../servers/installed.ts'
import { awkward, large, small } from './objects.ts'
import { type ClientTarget, createRecorder, type Outcomes, sha256, withoutTarget } from './outcome.ts'
import { presignedSender } from './presigned.ts'

export const howToGetAwsCli = 'apt-get install --no-install-recommends awscli'

/** Debian's before another in PATH, so that every machine runs the same one. */
export function findAwsCli(): string | undefined {
  return usable({ name: 'awscli', file: findSystemExecutable('aws'), oldest: '1.22' })
}

interface Printed {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Creates the bucket, does everything in it and deletes it. The CLI speaks path-style to an IP literal. */
export async function runAwsCli(target: ClientTarget): Promise<Outcomes> {
  const { record, recordRefusal, exchanged, outcomes } = createRecorder(target)
  const { bucket } = target
  const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-aws-'))
  const file = (name: string) => join(folder, name)
  for (const { key, body } of [small, large]) writeFileSync(file(key), body)
  const runAs = async (who: ClientTarget, ...args: string[]) => {
    const { exitCode, stdout, stderr } = await runAws(who, folder, args)
    const neutral = (text: string) => withoutTarget(text, target).replaceAll(folder, 'FOLDER')
    const outcome = { exitCode, output: parseOutput(neutral(stdout)), error: neutral(stderr) }
    if (exitCode !== 0) throw Object.assign(new Error('refused'), { outcome })
    return outcome
  }
  const aws = (...args: string[]) => runAs(target, ...args)
  const where = ['--bucket', bucket]
  const download = async (key: string, ...args: string[]) => {
    const result = await aws('s3api', 'get-object', ...where, '--key', key, ...args, file('download'))
    return { ...result, sha256: sha256(readFileSync(file('download'))) }
  }
  try {
    await record('create bucket', () => aws('s3api', 'create-bucket', ...where))
    // Sent with Expect: 100-continue.
    await record('put', () => aws('s3api', 'put-object', ...where, '--key', small.key, '--body', file(small.key)))
    await record('put under an awkward key', () =>
      aws('s3api', 'put-object', ...where, '--key', awkward.key, '--body', file(small.key)),
    )
    await record('get', () => download(small.key))
    await record('get of a range', () => download(awkward.key, '--range', 'bytes=10-99'))
    await recordRefusal('get of a missing key', () => download('missing'))
    await record('multipart upload', () =>
      aws('s3', 'cp', '--no-progress', file(large.key), `s3://${bucket}/${large.key}`),
    )
    await record('get, large', () => download(large.key))
    await record('copy', () =>
      aws('s3api', 'copy-object', ...where, '--key', 'copy.txt', '--copy-source', `${bucket}/${small.key}`),
    )
    await record('list', () => aws('s3api', 'list-objects-v2', ...where))
    await record('presigned GET', async () => {
      const { stdout } = await runAws(target, folder, ['s3', 'presign', `s3://${bucket}/${small.key}`])
      return presignedSender(target, exchanged)({ url: stdout.trim() })
    })
    const liar = { ...target, secretAccessKey: 'not-the-secret-of-this-key' }
    await recordRefusal('list with a wrong secret', () => runAs(liar, 's3api', 'list-objects-v2', ...where))
    await record('delete of all, and of the bucket', () => aws('s3', 'rb', '--force', `s3://${bucket}`))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return outcomes
}

/** Runs in `home`, so that the paths it prints do not depend on where that is. */
export function runAws(
  target: Pick<ClientTarget, 'endpoint' | 'region' | 'accessKeyId' | 'secretAccessKey'> & {
    readonly sessionToken?: string | undefined
  },
  home: string,
  args: readonly string[],
): Promise<Printed> {
  const command = findAwsCli()
  if (command === undefined) throw new Error(`awscli is not installed: ${howToGetAwsCli}`)
  // No file of this machine's user counts, and nothing waits for a metadata service that is not there.
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    AWS_CONFIG_FILE: awsConfig(home),
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_MAX_ATTEMPTS: '1',
    AWS_PAGER: '',
    AWS_ACCESS_KEY_ID: target.accessKeyId,
    AWS_SECRET_ACCESS_KEY: target.secretAccessKey,
    ...(target.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: target.sessionToken }),
    AWS_DEFAULT_REGION: target.region,
  }
  return new Promise((resolve, reject) => {
    const all = ['--endpoint-url', target.endpoint, '--output', 'json', ...args]
    execFile(command, all, { cwd: home, env, timeout: patientMs(120_000) }, (error, stdout, stderr) => {
      if (error === null) resolve({ exitCode: 0, stdout, stderr })
      else if (typeof error.code === 'number') resolve({ exitCode: error.code, stdout, stderr })
      else reject(error)
    })
  })
}

/** Two parts at the size the other clients use; one at a time, so that two runs do the same. */
function awsConfig(home: string): string {
  const file = join(home, 'config')
  writeFileSync(
    file,
    `[default]
s3 =
  signature_version = s3v4
  multipart_threshold = ${large.partSize}
  multipart_chunksize = ${large.partSize}
  max_concurrent_requests = 1
`,
  )
  return file
}

/** JSON without the times in it; lines of text in order, because the CLI deletes in several threads. */
function parseOutput(text: string): unknown {
  try {
    return JSON.parse(text, (name, value) => (name === 'LastModified' ? undefined : value))
  } catch {
    return text.split('\n').sort()
  }
}
