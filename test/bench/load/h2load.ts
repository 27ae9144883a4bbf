// h2load, https://nghttp2.org/documentation/h2load.1.html: HTTP/2 over TLS, as fast as the proxy takes it.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { execFile } from '../../fixtures/children.ts'
import { loadCore, pinned, program } from '../machine.ts'
import type { LoadResult, RepeatedRequest } from './load-result.ts'

const execute = promisify(execFile)

export async function runH2load(port: number, request: RepeatedRequest, seconds: number): Promise<LoadResult> {
  const { method, target, fields, bodyBytes, connections, streams = 1 } = request
  const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-h2load-'))
  try {
    const args = ['-t', '1', '-c', String(connections), '-m', String(streams), '-D', String(seconds)]
    args.push('-H', `:method: ${method}`)
    for (const line of fields) args.push('-H', line.replace(/^host:/i, ':authority:'))
    if (bodyBytes > 0) {
      const content = join(folder, 'content')
      writeFileSync(content, Buffer.alloc(bodyBytes, 'x'))
      args.push('-d', content)
    }
    args.push(`--connect-to=127.0.0.1:${port}`, `https://localhost${target}`)
    const [command, all] = pinned(loadCore, program('h2load'), args)
    const { stdout } = await execute(command, all, { timeout: (seconds + 60) * 1000, maxBuffer: 16 * 1024 ** 2 })
    return resultOf(stdout)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What it prints for people. */
function resultOf(text: string): LoadResult {
  const numbers = (pattern: RegExp) => (pattern.exec(text) ?? []).slice(1).map(Number)
  const [seconds] = numbers(/^finished in ([\d.]+)s,/m)
  const [done, failed, errored, timedOut] = numbers(
    / (\d+) done, \d+ succeeded, (\d+) failed, (\d+) errored, (\d+) timeout/,
  )
  const [clientFaults, serverFaults] = numbers(/^status codes: \d+ 2xx, \d+ 3xx, (\d+) 4xx, (\d+) 5xx/m)
  const [bytes] = numbers(/^traffic: [\d.]+\w+ \((\d+)\) total/m)
  const isWhole = [seconds, done, failed, errored, timedOut, clientFaults, serverFaults, bytes].every(Number.isFinite)
  if (!isWhole || !text.includes('Application protocol: h2')) throw new Error(`h2load said nothing of use:\n${text}`)
  const badStatuses = (clientFaults ?? 0) + (serverFaults ?? 0)
  return {
    requests: done ?? 0,
    seconds: seconds ?? 0,
    bytes: bytes ?? 0,
    badStatuses,
    // It counts a bad status as failed, too.
    socketErrors: (errored ?? 0) + (timedOut ?? 0) + Math.max(0, (failed ?? 0) - (errored ?? 0) - badStatuses),
  }
}
