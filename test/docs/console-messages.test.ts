// The table of symptoms in deploy/README.md quotes a browser's console: this is what the console says.

import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { launchChromium, skipWithoutChromium } from '../browser/chromium.ts'
import { freePort } from '../servers/free-ports.ts'
import { root } from './snippets.ts'

t.setTimeout(120_000)

const readme = readFileSync(`${root}deploy/README.md`, 'utf8')
const origin = { 'Access-Control-Allow-Origin': '*' }

interface Case {
  readonly symptom: string
  readonly preflight?: readonly [status: number, fields: Readonly<Record<string, string | readonly string[]>>]
  readonly answer?: Readonly<Record<string, string | readonly string[]>>
  /** What the page does with `url`. */
  readonly script?: string
}

const cases: readonly Case[] = [
  {
    symptom:
      "Response to preflight request doesn't pass access control check: No 'Access-Control-Allow-Origin' header is present on the requested resource.",
    preflight: [403, {}],
    script: 'fetch(url, { method: "PUT" })',
  },
  { symptom: "No 'Access-Control-Allow-Origin' header is present on the requested resource." },
  {
    symptom: 'Method PUT is not allowed by Access-Control-Allow-Methods in preflight response.',
    preflight: [200, origin],
    script: 'fetch(url, { method: "PUT" })',
  },
  {
    symptom: 'Request header field x-amz-acl is not allowed by Access-Control-Allow-Headers in preflight response.',
    preflight: [200, origin],
    script: 'fetch(url, { headers: { "x-amz-acl": "private" } })',
  },
  {
    symptom:
      "The 'Access-Control-Allow-Origin' header contains multiple values 'https://my-app.xyz, https://my-app.xyz', but only one is allowed.",
    answer: { 'Access-Control-Allow-Origin': ['https://my-app.xyz', 'https://my-app.xyz'] },
  },
  {
    symptom:
      "The 'Access-Control-Allow-Origin' header has a value 'https://other.example' that is not equal to the supplied origin.",
    answer: { 'Access-Control-Allow-Origin': 'https://other.example' },
  },
  {
    symptom:
      "The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' when the request's credentials mode is 'include'.",
    answer: origin,
    script: 'fetch(url, { credentials: "include" })',
  },
  {
    symptom: 'Redirect is not allowed for a preflight request.',
    preflight: [301, { ...origin, Location: '/elsewhere' }],
    script: 'fetch(url, { method: "PUT" })',
  },
  {
    symptom: 'Refused to get unsafe header "ETag"',
    answer: { ...origin, ETag: '"1"' },
    script:
      'const x = new XMLHttpRequest(); x.onload = () => x.getResponseHeader("ETag"); x.open("GET", url); x.send(); undefined',
  },
]

t.test('Chromium says what the table quotes', { skip: skipWithoutChromium() }, async t => {
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const { preflight, answer = {} } = cases[Number(request.url?.slice(1))] ?? {}
    const [status, fields] = request.method === 'OPTIONS' ? (preflight ?? [200, {}]) : ([200, answer] as const)
    response.writeHead(status, fields as Record<string, string | string[]>).end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const browser = await launchChromium(t, ['my-app.xyz'])
  for (const [index, { symptom, script = 'fetch(url)' }] of cases.entries()) {
    t.ok(readme.includes(`\`${symptom}\``), `the table quotes: ${symptom}`)
    const said = await consoleOf(`http://127.0.0.1:${port}/${index}`, script)
    t.ok(said.includes(symptom), 'and so says the console', { said })
  }
  const refused = await consoleOf(`http://127.0.0.1:${await freePort()}/`, 'fetch(url)')
  t.match(refused, 'net::ERR_CONNECTION_REFUSED')

  /** What the console says within the moment in which a page of another origin does something. */
  async function consoleOf(url: string, script: string): Promise<string> {
    const page = await browser.newPage()
    const lines: string[] = []
    page.on('console', message => lines.push(message.text()))
    await page.goto(`http://my-app.xyz:${port}/page`)
    const heard = page.waitForEvent('console', { timeout: 20_000 })
    await page.evaluate(`{ const url = ${JSON.stringify(url)}; Promise.resolve(${wrapped(script)}).catch(() => 0); 0 }`)
    await heard
    await page.waitForTimeout(200)
    await page.close()
    return lines.join('\n')
  }
})

/** A script of several statements as one expression. */
function wrapped(script: string): string {
  return script.includes(';') ? `(() => { ${script} })()` : script
}
