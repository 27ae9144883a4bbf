import t, { type Test } from 'tap'
import { nodeResponseFor } from '../../../../src/proxy/node/response/node-response.ts'
import type { ProxyResponse } from '../../../../src/proxy/node/response/proxy-response.ts'
import { readResponses } from '../../../fixtures/client-responses.ts'
import { serveRequests } from '../../../fixtures/client-side.ts'
import { openRaw } from '../../../fixtures/raw-client.ts'

const get = 'GET /k HTTP/1.1\r\nHost: a\r\n\r\n'

/** A server that answers every request by Node's own response, and what happened to both kinds. */
async function start(t: Test, answers: (own: ReturnType<typeof nodeResponseFor>, count: number) => void) {
  const events: string[] = []
  const responses: ProxyResponse[] = []
  const port = await serveRequests(t, (_request, response) => {
    const count = responses.push(response)
    const own = nodeResponseFor(response)
    response.once('close', () => events.push(`${count} closed`))
    own.once('close', () => events.push(`${count} of Node closed`))
    answers(own, count)
  })
  const client = await openRaw(port)
  t.teardown(() => client.destroy())
  return { client, events, responses }
}

t.test('a response of Node’s takes the turn and gives it back', async t => {
  const { client, events, responses } = await start(t, (own, count) => {
    setTimeout(() => own.writeHead(200, { 'Content-Length': '1' }).end(String(count)), 5)
  })
  await client.write(get + get)
  await client.until(({ text }) => text.endsWith('2'))
  await client.write(get)
  await client.until(({ text }) => text.endsWith('3'))
  const answers = readResponses(client.text, 'GET', 'GET', 'GET')
  t.strictSame(
    answers.map(({ status, body }) => [status, body]),
    [
      [200, '1'],
      [200, '2'],
      [200, '3'],
    ],
  )
  t.strictSame(answers[0]?.values('keep-alive'), ['timeout=5'])
  while (events.length < 6) await new Promise(resolve => setTimeout(resolve, 5))
  t.strictSame(
    events.toSorted(),
    [1, 2, 3].flatMap(count => [`${count} closed`, `${count} of Node closed`]),
  )
  t.ok(
    responses.every(
      ({ writableFinished, headersSent, statusCode }) => writableFinished && headersSent && statusCode === 200,
    ),
  )
})

t.test('one that closes the connection closes it', async t => {
  const { client, responses } = await start(t, own =>
    own.writeHead(200, { 'Content-Length': '2', Connection: 'close' }).end('ok'),
  )
  await client.write(get + get)
  await client.until(({ ended }) => ended !== undefined)
  t.equal(readResponses(client.text, 'GET').length, 1)
  t.equal(responses[0]?.writableFinished, true)
})

t.test('a client that leaves ends both', async t => {
  const { client, events, responses } = await start(t, () => client.reset())
  await client.write(get)
  while (events.length < 2) await new Promise(resolve => setTimeout(resolve, 5))
  t.strictSame(events.toSorted(), ['1 closed', '1 of Node closed'])
  t.match(responses[0], { destroyed: true, writableFinished: false })
})

t.test('when one is destroyed, so is the connection', async t => {
  const { client, events } = await start(t, own => own.destroy())
  await client.write(get)
  await client.until(({ ended }) => ended !== undefined)
  t.equal(client.text, '')
  while (events.length < 2) await new Promise(resolve => setTimeout(resolve, 5))
})
