import { createServer } from 'node:http'
import t from 'tap'
import { askExplanation, demoRequests, isDemoRequestName } from '../../src/demo/demo-request.ts'
import { listenLocally } from '../../src/demo/local-server.ts'
import type { Owner } from '../fixtures/recording-upstream.ts'

/** An admin port that answers everything alike. */
async function adminPort(t: Owner, status: number, body: string) {
  const targets: string[] = []
  const server = createServer((request, response) => {
    targets.push(request.url ?? '')
    response.writeHead(status, { Connection: 'close' }).end(body)
  })
  t.teardown(() => server.close())
  const { url } = await listenLocally(server, 0)
  return { url, targets }
}

t.test('the question is one of two', async t => {
  for (const name of Object.keys(demoRequests)) t.equal(isDemoRequestName(name), true, name)
  for (const name of [null, '', 'other', 'toString', 'allowed ']) t.equal(isDemoRequestName(name), false, String(name))
})

t.test('the admin port is asked about the request that the page makes', async t => {
  const { url, targets } = await adminPort(t, 200, '{}')
  await askExplanation(url, 'refused', 'http://127.0.0.1:8000')
  t.strictSame(targets, ['/explain?bucket=incoming&origin=http%3A%2F%2F127.0.0.1%3A8000&method=GET&actual=true'])
})

t.test('only what the page shows is passed on', async t => {
  const shown = { allowed: false, reason: 'origin', summary: 'no rule lists this origin', rules: [] }
  const { url } = await adminPort(t, 200, JSON.stringify({ ...shown, bucket: 'incoming', responseFields: [] }))
  t.strictSame(await askExplanation(url, 'refused', 'http://127.0.0.1:8000'), {
    ...shown,
    rule: undefined,
    change: undefined,
  })
})

t.test('an admin port that refuses is a failure', async t => {
  const { url } = await adminPort(t, 403, '{}')
  await t.rejects(askExplanation(url, 'allowed', 'http://127.0.0.1:8000'), { message: 'the admin port answered 403' })
})
