// The proxy's own credentials: from the environment or from files, read at each call, so that a rotation needs no restart.

import { readFile as readFileOfDisk } from 'node:fs/promises'

/** What a request is signed with. */
export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

/** Asked at each call. Undefined means anonymous; it rejects when credentials are configured and cannot be used, and its message holds no secret. */
export type CredentialProvider = () => Promise<Credentials | undefined>

/** Calls anonymously, whatever the environment holds (`credentials: none`). */
export const anonymous: CredentialProvider = async () => undefined

/** Reads `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, or the files that `…_FILE` names. */
export function createEnvironmentCredentials(
  env: Readonly<Record<string, string | undefined>>,
  readFile: (path: string) => Promise<string> = path => readFileOfDisk(path, 'utf8'),
): CredentialProvider {
  // The files are read anew each time: they are small, calls are few, and a modification time can miss two changes in one tick.
  async function value(name: string): Promise<string | undefined> {
    const direct = env[name]
    const path = env[`${name}_FILE`]
    if (direct && path) throw new Error(`${name} and ${name}_FILE are both set; one of them is allowed`)
    if (!path) return check(name, direct)
    try {
      return check(name, (await readFile(path)).trim())
    } catch (error) {
      if (error instanceof UnusableValue) throw error
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown fault'
      throw new Error(`the file of ${name}_FILE cannot be read (${code})`, { cause: error })
    }
  }

  return async () => {
    const [accessKeyId, secretAccessKey, sessionToken] = await Promise.all([
      value('AWS_ACCESS_KEY_ID'),
      value('AWS_SECRET_ACCESS_KEY'),
      value('AWS_SESSION_TOKEN'),
    ])
    if (accessKeyId === undefined && secretAccessKey === undefined) return undefined
    if (accessKeyId === undefined || secretAccessKey === undefined) {
      throw new Error('AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong together; only one is set')
    }
    return { accessKeyId, secretAccessKey, sessionToken }
  }
}

class UnusableValue extends Error {}

/** Nothing that could not stand in a field value: these go into headers as they are. */
function check(name: string, value: string | undefined): string | undefined {
  if (value === undefined || value === '') return undefined
  if (!/^[\x21-\x7e]{1,8192}$/.test(value))
    throw new UnusableValue(`${name} holds a space, a control or a non-ASCII character`)
  return value
}
