// How several workers start, or do not.

import { once } from 'node:events'
import { createServer } from 'node:net'
import t from 'tap'
import { until } from '../../fixtures/patience.ts'
import { startProxy } from '../../fixtures/proxy-process.ts'
import { isAlive } from './worker-setup.ts'

t.setTimeout(300_000)

const rules = 'buckets: { media: { CORSRules: [{ AllowedOrigins: ["https://app.example"], AllowedMethods: [GET] }] } }'
const nowhere = `upstream: { url: "http://127.0.0.1:9" }\ndrainSeconds: 1\n${rules}\n`

t.test('a port that is taken ends with 1 and the words of a single process', async t => {
  const blocker = createServer().listen(0, '127.0.0.1')
  t.teardown(() => blocker.close())
  await once(blocker, 'listening')
  const { port } = blocker.address() as { port: number }
  const said = async (workers: number) => {
    const env = { S3CORS_LISTEN: `127.0.0.1:${port}`, S3CORS_WORKERS: String(workers) }
    const failure: unknown = await startProxy(nowhere, { env }).catch(error => error)
    const text = String(failure)
    t.match(text, /exit code 1\b/)
    return /"event":"start_failed".*/.exec(text)?.[0]
  }
  const alone = await said(1)
  t.match(alone, /EADDRINUSE/)
  t.equal(await said(2), alone)
})

t.test('an admin port that is taken ends with 1, and leaves no worker', async t => {
  const blocker = createServer().listen(0, '127.0.0.1')
  t.teardown(() => blocker.close())
  await once(blocker, 'listening')
  const { port } = blocker.address() as { port: number }
  const env = { S3CORS_ADMIN: `127.0.0.1:${port}`, S3CORS_WORKERS: '2' }
  const failure = String(await startProxy(nowhere, { env }).catch((error: unknown) => error))
  t.match(failure, /exit code 1\b.*"event":"start_failed".*EADDRINUSE/s)
  const pids = [...failure.matchAll(/"event":"worker_started","worker":\d,"pid":(\d+)/g)].map(([, pid]) => Number(pid))
  t.equal(pids.length, 2)
  await until(() => !pids.some(isAlive), 'no worker is left')
})
