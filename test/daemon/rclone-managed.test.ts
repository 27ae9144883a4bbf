// `from: managed` in front of a real rclone, which answers 501 to PUT ?cors and 204 to DELETE ?cors, and changes nothing.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HeadBucketCommand } from '@aws-sdk/client-s3'
import t from 'tap'
import { awsSdk } from '../clients/cors-clients.ts'
import { callManaged, ruleFor } from '../fixtures/managed-caller.ts'
import { startProxy } from '../fixtures/proxy-process.ts'
import { skipWithout } from '../servers/installed.ts'
import { findRclone, howToGetRclone, startRclone } from '../servers/rclone.ts'
import { ask, createBuckets, createClient } from './cors-requests.ts'
import { adminBuckets } from './managed-setup.ts'

t.setTimeout(180_000)

const page = 'https://my-app.xyz'
const rules = [
  { AllowedHeaders: ['*'], AllowedMethods: ['GET', 'PUT'], AllowedOrigins: [page], ExposeHeaders: ['ETag'] },
]
const skip = skipWithout('rclone', findRclone() !== undefined, howToGetRclone)

t.test('managed rules in front of rclone', { skip }, async t => {
  const server = await startRclone()
  t.teardown(() => server.stop({ keepLogs: !t.passing() }))
  await createBuckets(server, ['media', 'empty'])
  const directory = mkdtempSync(join(tmpdir(), 's3-cors-proxy-rules-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  const buckets = 'buckets:\n  media: { from: managed }\n  empty: { from: managed }\n'
  const text = `upstream:\n  url: ${server.endpoint}\nmanaged:\n  store:\n    directory: ${directory}\n${buckets}`
  const env = { AWS_ACCESS_KEY_ID: server.accessKeyId, AWS_SECRET_ACCESS_KEY: server.secretAccessKey }
  const first = await startProxy(text, { env })
  t.teardown(() => first.stop('SIGINT'))
  const through = (url: string) => ({ ...server, endpoint: url })
  const preflight = async (url: string) =>
    (
      await ask({
        url: `${url}/media/page.txt`,
        method: 'OPTIONS',
        headers: { Origin: page, 'Access-Control-Request-Method': 'GET' },
      })
    ).status

  t.equal(await awsSdk.get(through(first.url), 'media'), 'NoSuchCORSConfiguration')
  t.equal(await awsSdk.put(through(first.url), 'media', rules), 'done')
  t.strictSame(await awsSdk.get(through(first.url), 'media'), rules)
  t.equal(await preflight(first.url), 200)
  const wrong = { accessKeyId: server.accessKeyId, secretAccessKey: 'wrong' }
  for (const method of ['PUT', 'DELETE'] as const) {
    const body = method === 'PUT' ? ruleFor('https://evil.example') : ''
    const refused = await callManaged(first.url, { method, target: '/media?cors', body, account: wrong })
    t.strictSame([refused.status, refused.code], [403, 'SignatureDoesNotMatch'], `${method} with a wrong secret`)
  }
  t.equal(await preflight(first.url), 200)

  t.equal(await awsSdk.remove(through(first.url), 'media'), 'done')
  t.equal(await preflight(first.url), 403, 'removed rules are not in force')
  t.equal(await awsSdk.get(through(first.url), 'media'), 'NoSuchCORSConfiguration')
  t.equal(await awsSdk.remove(through(first.url), 'empty'), 'done')
  t.notMatch((await adminBuckets(first)).flatMap(({ notes = [] }) => notes).join(), /\?cors is answered 503/)
  await first.stop('SIGKILL')

  const second = await startProxy(text, { env })
  t.teardown(() => second.stop('SIGINT'))
  t.equal(await preflight(second.url), 403, 'nor after a restart')
  t.equal(await awsSdk.get(through(second.url), 'media'), 'NoSuchCORSConfiguration')
  const client = createClient(server, server.endpoint, 'path')
  t.teardown(() => client.destroy())
  for (const Bucket of ['media', 'empty']) {
    const { $metadata } = await client.send(new HeadBucketCommand({ Bucket }))
    t.equal($metadata.httpStatusCode, 200, `${Bucket} is still there`)
  }
})
