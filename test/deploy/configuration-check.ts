// A configuration of the proxy as an operator checks it: by the command, in a process of its own.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { spawn } from '../fixtures/children.ts'

export const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

export interface CheckResult {
  readonly exitCode: number | null
  /** The faults and warnings, without their file name. */
  readonly issues: readonly string[]
}

/** What `s3-cors-proxy check` says of `configuration`, with `files` beside it. */
export async function checkConfiguration(
  configuration: string,
  {
    files = {},
    env = {},
    args = [],
  }: {
    readonly files?: Readonly<Record<string, string>>
    readonly env?: Readonly<Record<string, string>>
    readonly args?: readonly string[]
  } = {},
): Promise<CheckResult> {
  const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-check-'))
  try {
    const file = join(folder, 'proxy.yaml')
    for (const [name, content] of Object.entries({ ...files, 'proxy.yaml': configuration })) {
      writeFileSync(join(folder, name), content)
    }
    const child = spawn(process.execPath, [cli, 'check', '--config', file, ...args], {
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const exitCode = new Promise<number | null>(resolve => child.once('close', resolve))
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
    const lines = `${stderr}${stdout}`.split('\n').filter(line => line !== '')
    return {
      exitCode: await exitCode,
      issues: lines
        .filter(line => !/: \d+ faults?, \d+ warnings?/.test(line))
        .map(line => line.replace(`${file}:`, '')),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
