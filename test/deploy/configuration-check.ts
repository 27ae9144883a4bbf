// A configuration of the proxy as an operator checks it: by the command.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand } from '../fixtures/run-cli.ts'

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
    const { code: exitCode, out, err } = await runCommand(['check', '--config', file, ...args], env)
    const lines = `${err}${out}`.split('\n').filter(line => line !== '')
    return {
      exitCode,
      issues: lines
        .filter(line => !/: \d+ faults?, \d+ warnings?/.test(line))
        .map(line => line.replace(`${file}:`, '')),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
