import { createServer } from 'node:net'
import t from 'tap'
import { hasCode, listenLocally, portOrAny } from '../../src/demo/local-server.ts'
import type { Owner } from '../fixtures/recording-upstream.ts'

/** Closes whatever listens when the test is over. */
function serverFor(t: Owner): ReturnType<typeof createServer> {
  const server = createServer()
  t.teardown(() => server.close())
  return server
}

t.test('a server listens where it wants to be', async t => {
  const first = serverFor(t)
  const { url } = await listenLocally(first, 0)
  const wantedPort = Number(new URL(url).port)
  await new Promise(resolve => first.close(resolve))
  t.strictSame(await listenLocally(serverFor(t), wantedPort), { url, wantedPort })
})

t.test('a server whose port is taken listens on another, on this machine only', async t => {
  const { url } = await listenLocally(serverFor(t), 0)
  const wantedPort = Number(new URL(url).port)
  const second = serverFor(t)
  const place = await listenLocally(second, wantedPort)
  t.match(place, { url: /^http:\/\/127\.0\.0\.1:\d+$/, wantedPort })
  t.not(place.url, url)
  t.match(second.address(), { address: '127.0.0.1', port: Number(new URL(place.url).port) })
})

t.test('a port that is free is given, and can be used at once', async t => {
  const first = serverFor(t)
  const { url } = await listenLocally(first, 0)
  const port = Number(new URL(url).port)
  t.equal(await portOrAny(port), 0, 'taken')
  await new Promise(resolve => first.close(resolve))
  t.equal(await portOrAny(port), port, 'free')
  t.equal((await listenLocally(serverFor(t), port)).url, url)
})

t.test('any port but those that can be taken is a failure', async t => {
  await t.rejects(listenLocally(serverFor(t), 65_536), { code: 'ERR_SOCKET_BAD_PORT' })
})

t.test('codes are told apart', async t => {
  const error = Object.assign(new Error('no'), { code: 'EACCES' })
  t.equal(hasCode(error, ['EADDRINUSE', 'EACCES']), true)
  t.equal(hasCode(error, ['EADDRINUSE']), false)
  t.equal(hasCode(new Error('no'), ['EADDRINUSE']), false)
  t.equal(hasCode('EADDRINUSE', ['EADDRINUSE']), false)
})
