// What tests of several workers ask of the process.

import { type HttpResponse, sendHttp } from '../../clients/http-request.ts'
import { patientMs } from '../../fixtures/patience.ts'
import type { ProxyProcess } from '../../fixtures/proxy-process.ts'

export const page = 'https://app.example'

/** The log so far; every line is one whole JSON document. */
export function logLines(proxy: ProxyProcess): readonly Record<string, unknown>[] {
  return proxy
    .logs()
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Record<string, unknown>)
}

/** The workers that have been started, in that order. */
export function startedWorkers(proxy: ProxyProcess): readonly number[] {
  return logLines(proxy)
    .filter(({ event }) => event === 'worker_started')
    .map(({ pid }) => Number(pid))
}

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

export function preflight(proxy: ProxyProcess, bucket = 'media', origin = page): Promise<HttpResponse> {
  const headers = { Origin: origin, 'Access-Control-Request-Method': 'GET' }
  return sendHttp({ url: `${proxy.url}/${bucket}/key`, method: 'OPTIONS', headers })
}

/** The worker that gave an answer of the proxy's own. */
export function workerOf({ rawHeaders }: HttpResponse): string {
  const at = rawHeaders.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === 'x-amz-id-2')
  return rawHeaders[at + 1] ?? ''
}

/** Asks on new connections until each of `workers` has answered; the answers of each. */
export async function askEach(
  workers: number,
  ask: () => Promise<HttpResponse>,
): Promise<ReadonlyMap<string, readonly HttpResponse[]>> {
  const answers = new Map<string, HttpResponse[]>()
  const deadline = Date.now() + patientMs(30_000)
  while (answers.size < workers && Date.now() < deadline) {
    for (const answer of await Promise.all(Array.from({ length: 2 * workers }, ask))) {
      const worker = workerOf(answer)
      answers.set(worker, [...(answers.get(worker) ?? []), answer])
    }
  }
  if (answers.size < workers) throw new Error(`only ${answers.size} of ${workers} workers have answered`)
  return answers
}
