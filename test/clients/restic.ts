// restic, whose backups are many small objects that only a correct server gives back.

import { mkdirSync, rmSync } from 'node:fs'
import { findSystemExecutable, usable } from '../servers/installed.ts'
import { large } from './objects.ts'
import type { ClientTarget, Outcomes } from './outcome.ts'
import { changeTree, inToolSession, readTree, type ToolSession, writeTimed, writeTree } from './tool-session.ts'

export const howToGetRestic = 'apt-get install --no-install-recommends restic'

export function findRestic(): string | undefined {
  return usable({ name: 'restic', file: findSystemExecutable('restic'), oldest: '0.14', versionArguments: ['version'] })
}

/**
 * Creates the bucket with a repository in it, and leaves both without a snapshot. What restic stores is encrypted and cut at
 * random, so that no two runs make the same requests: their kinds are compared, and the files that come back.
 */
export function runRestic(target: ClientTarget): Promise<Outcomes> {
  const command = findRestic()
  if (command === undefined) throw new Error(`restic is not installed: ${howToGetRestic}`)
  return inToolSession(target, { keep: 'kinds' }, session => work(command, session))
}

async function work(command: string, session: ToolSession): Promise<void> {
  const { file, target, record, recordRefusal } = session
  const restic = async (who: ClientTarget, ...args: string[]) => {
    const options = ['--no-cache', '--option=s3.connections=2', `--option=s3.bucket-lookup=${lookup[target.style]}`]
    const { output } = await session.run(command, [...options, '--quiet', ...args], environment(who, session.host))
    return output
  }
  const restored = async () => {
    rmSync(file('back'), { recursive: true, force: true })
    mkdirSync(file('back'))
    await restic(target, 'restore', 'latest', '--target', file('back'))
    return readTree(file('back'))
  }
  writeTree(file('tree'))
  // More than one pack.
  writeTimed(file('tree/large.bin'), large.body)
  await record('create bucket and repository', () => restic(target, 'init'))
  await recordRefusal('create it again', async () => void (await restic(target, 'init').catch(withoutText)))
  await record('back up', () => restic(target, 'backup', 'tree'))
  await record('check every byte', () => restic(target, 'check', '--read-data'))
  await record('restore', restored)
  changeTree(file('tree'))
  await record('back up what has changed', () => restic(target, 'backup', 'tree'))
  await record('restore what has changed', restored)
  await record('list', async () => (await restic(target, 'ls', 'latest')).filter(line => line.startsWith('/')))
  await record('forget the first, and prune', () => restic(target, 'forget', '--keep-last=1', '--prune'))
  await record('restore after that', restored)
  await record('check after that', () => restic(target, 'check', '--read-data'))
  const liar = { ...target, secretAccessKey: 'not-the-secret-of-this-key' }
  await recordRefusal('list with a wrong secret', () => restic(liar, 'snapshots').catch(withoutText))
}

const lookup = { path: 'path', virtual: 'dns' } as const

/** Its messages name what it has made up for this repository. */
function withoutText(error: unknown): never {
  const { exitCode } = (error as { outcome?: { exitCode?: number } }).outcome ?? {}
  throw Object.assign(new Error('refused'), { outcome: { exitCode } })
}

function environment(target: ClientTarget, host: string): Readonly<Record<string, string>> {
  const repository = {
    RESTIC_REPOSITORY: `s3:http://${host}/${target.bucket}/backups`,
    RESTIC_PASSWORD: 'of this repository',
    AWS_ACCESS_KEY_ID: target.accessKeyId,
    AWS_SECRET_ACCESS_KEY: target.secretAccessKey,
    AWS_DEFAULT_REGION: target.region,
  }
  return target.style === 'path' ? repository : { ...repository, HTTP_PROXY: target.endpoint }
}
