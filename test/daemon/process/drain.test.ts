import { createServer, type ServerResponse } from 'node:http'
import t, { type Test } from 'tap'
import { drain } from '../../../src/daemon/process/drain.ts'
import { listen } from '../../fixtures/client-side.ts'
import { openRaw } from '../../fixtures/raw-client.ts'

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

/** A server that answers when it is told to. */
async function start(t: Test) {
  const waiting: ServerResponse[] = []
  let broken = 0
  const server = createServer((_request, response) => {
    waiting.push(response)
  })
  const port = await listen(t, server)
  const open = async () => {
    const client = await openRaw(port)
    t.teardown(() => client.destroy())
    return client
  }
  /** A client whose request is under way. */
  const ask = async () => {
    const client = await open()
    const before = waiting.length
    await client.write(get)
    while (waiting.length === before) await new Promise(resolve => setImmediate(resolve))
    return client
  }
  const begin = (acceptMs: number, deadlineMs: number) =>
    drain({
      server,
      acceptMs,
      deadlineMs,
      breakOff: () => {
        broken++
      },
    })
  return { server, port, waiting, open, ask, begin, broken: () => broken }
}

t.test('a server without requests is drained at once', async t => {
  const { begin, ask, waiting, broken, server } = await start(t)
  // One that has never said a word is not idle to Node: the proxy's own server sees to that.
  const idle = await ask()
  waiting[0]?.end('whole')
  await idle.until(({ text }) => text.endsWith('whole'))
  t.equal(await begin(0, 60_000), 'drained')
  await idle.until(({ ended }) => ended !== undefined)
  t.equal(server.listening, false)
  t.equal(broken(), 0)
})

t.test('what is under way ends as it began, and a connection that is idle then ends with it', async t => {
  const { begin, ask, waiting, broken } = await start(t)
  const client = await ask()
  const drained = begin(0, 60_000)
  setTimeout(() => waiting[0]?.end('whole'), 50)
  t.equal(await drained, 'drained')
  await client.until(({ ended }) => ended !== undefined)
  t.match(client.text, /^HTTP\/1\.1 200 OK[\s\S]*\r\n\r\nwhole$/)
  t.equal(broken(), 0)
})

t.test('what does not end in time is broken off', async t => {
  const { begin, ask, broken } = await start(t)
  const client = await ask()
  t.equal(await begin(0, 50), 'expired')
  t.equal(broken(), 1)
  await client.until(({ ended }) => ended !== undefined)
  t.equal(client.text, '')
})

t.test('connections are accepted for a while, then no more', async t => {
  const { begin, ask, waiting, port } = await start(t)
  const drained = begin(500, 60_000)
  const client = await ask()
  waiting[0]?.end('late')
  t.equal(await drained, 'drained')
  t.match(client.text, /late$/)
  await t.rejects(openRaw(port), { code: 'ECONNREFUSED' })
})

t.test('the deadline counts from the beginning', async t => {
  const { begin, ask } = await start(t)
  await ask()
  // Accepting for longer than this test may take.
  t.equal(await begin(3_600_000, 50), 'expired')
})
