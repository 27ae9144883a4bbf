// A client that is a program of its own: it runs alone in a folder and sees nothing of this machine's user.

import { execFile } from '../fixtures/children.ts'
import { patientMs } from '../fixtures/patience.ts'

export interface Printed {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  /** Its HOME and working directory, so that the paths it prints do not depend on where that is. */
  readonly home: string
  readonly env?: Readonly<Record<string, string>> | undefined
  readonly input?: Uint8Array | undefined
  readonly timeoutMs?: number | undefined
}

/** Resolves whatever the exit code is; rejects when the program cannot be run or takes longer than it may. */
export function runCommand(
  command: string,
  args: readonly string[],
  { home, env, input, timeoutMs = patientMs(120_000) }: CommandOptions,
): Promise<Printed> {
  return new Promise((resolve, reject) => {
    const options = {
      cwd: home,
      env: { PATH: process.env.PATH, HOME: home, ...env },
      timeout: timeoutMs,
      maxBuffer: 64 * 1024 * 1024,
    }
    const child = execFile(command, args, { ...options, encoding: 'latin1' }, (error, stdout, stderr) => {
      if (error === null) resolve({ exitCode: 0, stdout, stderr })
      else if (typeof error.code === 'number') resolve({ exitCode: error.code, stdout, stderr })
      else reject(error)
    })
    // A program that fails at once does not read what it is given.
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
}
