// wrk, https://github.com/wg/wrk: the cheapest load there is, as fast as the proxy takes it.

import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { execFile } from '../../fixtures/children.ts'
import { loadCore, pinned, program } from '../machine.ts'
import type { RepeatedRequest, TimedLoadResult } from './load-result.ts'

const oneRequest = fileURLToPath(new URL('request.lua', import.meta.url))
const requestsByBucket = fileURLToPath(new URL('requests-by-bucket.lua', import.meta.url))
const execute = promisify(execFile)

export async function runWrk(port: number, request: RepeatedRequest, seconds: number): Promise<TimedLoadResult> {
  const { method, target, fields, bodyBytes, connections, tls, byBucket } = request
  const script = byBucket === undefined ? oneRequest : requestsByBucket
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '30s', '-s', script]
  args.push(`${tls === true ? 'https' : 'http'}://127.0.0.1:${port}${target}`, '--')
  if (byBucket === undefined) args.push(method, String(bodyBytes), ...fields)
  else args.push(String(byBucket.buckets), String(byBucket.rules - 1))
  const [command, all] = pinned(loadCore, program('wrk'), args)
  const { stdout } = await execute(command, all, { timeout: (seconds + 60) * 1000 })
  const line = stdout.split('\n').find(one => one.startsWith('{'))
  if (line === undefined) throw new Error(`wrk said nothing of use:\n${stdout}`)
  const { microseconds, ...sums } = JSON.parse(line) as Omit<TimedLoadResult, 'seconds'> & { microseconds: number }
  return { ...sums, seconds: microseconds / 1e6 }
}
