import { createServer, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import type { ConsoleProxy } from '../../../src/proxy/handling/console.ts'
import type { ProxyContext, ProxySettings } from '../../../src/proxy/handling/proxy-context.ts'
import { answerUpgradeFault, applyUpgrades, isConsoleSocket } from '../../../src/proxy/server/upgrades.ts'
import { s3Errors } from '../../../src/s3/errors/error-catalogue.ts'
import { errorCode, readResponses } from '../../fixtures/client-responses.ts'
import { createContext, listen } from '../../fixtures/client-side.ts'
import { openRaw } from '../../fixtures/raw-client.ts'

/** A console that answers each WebSocket with one word, and ends it. */
const answering: ConsoleProxy = {
  target: { host: 'console.example', protocol: 'http:', authority: '127.0.0.1:9', timeoutMs: 1000, connections: 128 },
  matches: host => host === 'console.example',
  refuses: () => undefined,
  web: () => undefined,
  upgrade(_request, socket, _head, record, ended) {
    record.status = 101
    socket.once('close', ended)
    socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\nhello')
  },
  close: () => undefined,
}

function settingsWith(console: ConsoleProxy | undefined): ProxySettings {
  return { console, guardLimits: { targetBytes: 100, fields: 20 } } as Partial<ProxySettings> as ProxySettings
}

const asking: { name: string; request: Partial<IncomingMessage>; is: boolean }[] = [
  {
    name: 'a WebSocket of its Host',
    request: { method: 'GET', headers: { host: 'console.example', upgrade: 'WebSocket' } },
    is: true,
  },
  {
    name: 'another method',
    request: { method: 'POST', headers: { host: 'console.example', upgrade: 'websocket' } },
    is: false,
  },
  {
    name: 'another protocol',
    request: { method: 'GET', headers: { host: 'console.example', upgrade: 'h2c' } },
    is: false,
  },
  { name: 'another Host', request: { method: 'GET', headers: { host: 'a', upgrade: 'websocket' } }, is: false },
  { name: 'no Host', request: { method: 'GET', headers: { upgrade: 'websocket' } }, is: false },
  {
    name: 'one with content',
    request: { method: 'GET', headers: { host: 'console.example', upgrade: 'websocket', 'content-length': '5' } },
    is: false,
  },
  {
    name: 'one with content in chunks',
    request: {
      method: 'GET',
      headers: { host: 'console.example', upgrade: 'websocket', 'transfer-encoding': 'chunked' },
    },
    is: false,
  },
  { name: 'no upgrade', request: { method: 'GET', headers: { host: 'console.example' } }, is: false },
]
for (const { name, request, is } of asking) {
  t.test(`the console takes ${is ? '' : 'no upgrade of '}${name}`, async t => {
    const { context } = createContext(settingsWith(answering))
    t.equal(isConsoleSocket(context, request as IncomingMessage), is)
    context.settings = settingsWith(undefined)
    t.equal(isConsoleSocket(context, request as IncomingMessage), false, 'without a console, none')
  })
}

t.test('upgrades are taken while a console is configured', async t => {
  const { context } = createContext(settingsWith(undefined))
  const server = createServer()
  const counts: number[] = []
  for (const console of [undefined, answering, answering, undefined]) {
    context.settings = settingsWith(console)
    applyUpgrades(context, server)
    counts.push(server.listenerCount('upgrade'))
  }
  t.strictSame(counts, [0, 1, 1, 0])
})

const upgrade = (host = 'console.example', fields = '') =>
  `GET /ws HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${fields}\r\n`

/** A server that takes every upgrade, and what a client gets for `bytes` until the end. */
async function ask(t: Test, bytes: string, change: (context: ProxyContext) => void = () => undefined) {
  const { context, heard } = createContext(settingsWith(answering))
  const server = createServer((request, response) => {
    context.responseOf.set(request.socket, response)
    setTimeout(() => response.end('ok'), 20)
  })
  applyUpgrades(context, server)
  change(context)
  const port = await listen(t, server)
  const client = await openRaw(port)
  t.teardown(() => client.destroy())
  await client.write(bytes)
  await client.until(({ ended }) => ended !== undefined)
  client.destroy()
  while (heard.ended.length < heard.started) await new Promise(resolve => setTimeout(resolve, 5))
  return { text: client.text, heard }
}

t.test('a WebSocket of the console is its own, and recorded when it is over', async t => {
  const { text, heard } = await ask(t, upgrade('console.example', 'Origin: https://console.example\r\n'))
  t.match(text, /^HTTP\/1\.1 101 [\s\S]*hello$/)
  t.equal(heard.started, 1)
  t.match(heard.ended, [{ kind: 'plain', status: 101, target: '/ws', origin: 'https://console.example' }])
})

const refusals: { name: string; bytes: string; change?: (context: ProxyContext) => void; answers: unknown[] }[] = [
  { name: 'of another Host', bytes: upgrade('a'), answers: [[400, 'BadRequest']] },
  { name: 'that the guard refuses', bytes: upgrade('a\r\nHost: console.example'), answers: [[400, 'BadRequest']] },
  {
    name: 'while draining',
    bytes: upgrade(),
    change: context => {
      context.draining = true
    },
    answers: [[503, 'ServiceUnavailable']],
  },
  {
    name: 'after the console has left the configuration',
    bytes: upgrade(),
    change: context => {
      context.settings = settingsWith(undefined)
    },
    answers: [[400, 'BadRequest']],
  },
  {
    name: 'behind a request that is not answered yet',
    bytes: `GET /k HTTP/1.1\r\nHost: a\r\n\r\n${upgrade()}`,
    answers: [
      [200, undefined],
      [400, 'BadRequest'],
    ],
  },
]
for (const { name, bytes, change, answers } of refusals) {
  t.test(`an upgrade ${name} is refused`, async t => {
    const { text, heard } = await ask(t, bytes, change)
    t.strictSame(
      readResponses(text).map(response => [response.status, errorCode(response)]),
      answers,
    )
    t.match(heard.ended, [{ kind: 'rejected' }])
    const last = readResponses(text).at(-1)
    t.strictSame(last?.values('retry-after'), last?.status === 503 ? ['1'] : [], 'a 503 says when to try again')
  })
}

t.test('a client that resets after a refusal ends nothing but itself', async t => {
  const { context } = createContext()
  const server = createServer().on('connect', (_request, socket: Socket) => {
    answerUpgradeFault(context, socket, s3Errors.methodNotAllowed)
    socket.emit('error', new Error('reset'))
  })
  const client = await openRaw(await listen(t, server))
  await client.write('CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n')
  await client.until(({ ended }) => ended !== undefined)
  t.pass('no error was thrown')
})
