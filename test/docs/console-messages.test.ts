// The table of symptoms in deploy/README.md quotes the consoles of two browsers: this is what they say.

import { readFileSync } from 'node:fs'
import t from 'tap'
import { startInternet } from '../browser/internet.ts'
import { type BrowserName, browserNames, launchBrowser, skipWithoutBrowser } from '../browser/web-browser.ts'
import { createTestAuthority } from '../fixtures/test-authority.ts'
import { freePort } from '../servers/free-ports.ts'
import { root } from './snippets.ts'

t.setTimeout(300_000)

const readme = readFileSync(`${root}deploy/README.md`, 'utf8')
const origin = { 'Access-Control-Allow-Origin': '*' }

type Fields = Readonly<Record<string, string | string[]>>

interface Case {
  /** Undefined: nothing at all. */
  readonly says: Readonly<Record<BrowserName, string | undefined>>
  readonly preflight?: readonly [status: number, fields: Fields]
  readonly answer?: Fields
  /** What the page does with `url`, and with URLs where no request can be answered. */
  readonly script?: string
}

const cases: readonly Case[] = [
  {
    says: {
      Chromium:
        "Response to preflight request doesn't pass access control check: No 'Access-Control-Allow-Origin' header is present on the requested resource.",
      Firefox: '(Reason: CORS header ‘Access-Control-Allow-Origin’ missing). Status code: 403',
    },
    preflight: [403, {}],
    script: 'await fetch(url, { method: "PUT" })',
  },
  {
    says: {
      Chromium: "No 'Access-Control-Allow-Origin' header is present on the requested resource.",
      Firefox: '(Reason: CORS header ‘Access-Control-Allow-Origin’ missing). Status code: 200',
    },
  },
  {
    says: {
      Chromium: 'Method PUT is not allowed by Access-Control-Allow-Methods in preflight response.',
      Firefox: 'Did not find method in CORS header ‘Access-Control-Allow-Methods’',
    },
    preflight: [200, origin],
    script: 'await fetch(url, { method: "PUT" })',
  },
  {
    says: {
      Chromium: 'Request header field x-amz-acl is not allowed by Access-Control-Allow-Headers in preflight response.',
      Firefox:
        'header ‘x-amz-acl’ is not allowed according to header ‘Access-Control-Allow-Headers’ from CORS preflight response',
    },
    preflight: [200, origin],
    script: 'await fetch(url, { headers: { "x-amz-acl": "private" } })',
  },
  {
    says: {
      Chromium:
        "The 'Access-Control-Allow-Origin' header contains multiple values 'https://my-app.xyz, https://my-app.xyz', but only one is allowed.",
      Firefox: 'Multiple CORS header ‘Access-Control-Allow-Origin’ not allowed',
    },
    answer: { 'Access-Control-Allow-Origin': ['https://my-app.xyz', 'https://my-app.xyz'] },
  },
  {
    says: {
      Chromium:
        "The 'Access-Control-Allow-Origin' header has a value 'https://other.example' that is not equal to the supplied origin.",
      Firefox: 'CORS header ‘Access-Control-Allow-Origin’ does not match ‘https://other.example’',
    },
    answer: { 'Access-Control-Allow-Origin': 'https://other.example' },
  },
  {
    says: {
      Chromium:
        "The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' when the request's credentials mode is 'include'.",
      Firefox: 'Credential is not supported if the CORS header ‘Access-Control-Allow-Origin’ is ‘*’',
    },
    answer: origin,
    script: 'await fetch(url, { credentials: "include" })',
  },
  {
    says: {
      Chromium: 'Redirect is not allowed for a preflight request.',
      Firefox: 'CORS request external redirect not allowed',
    },
    preflight: [301, { ...origin, Location: '/elsewhere' }],
    script: 'await fetch(url, { method: "PUT" })',
  },
  {
    says: { Chromium: 'Refused to get unsafe header "ETag"', Firefox: undefined },
    answer: { ...origin, ETag: '"1"' },
    script: `const x = new XMLHttpRequest(); x.open("GET", url); x.send(); await new Promise(done => { x.onload = done })
      if (x.getResponseHeader("ETag") !== null) throw new Error("readable")`,
  },
  {
    says: { Chromium: 'net::ERR_CONNECTION_REFUSED', Firefox: 'CORS request did not succeed' },
    script: 'await fetch(deaf)',
  },
  {
    says: { Chromium: 'net::ERR_CERT_AUTHORITY_INVALID', Firefox: undefined },
    script: 'await fetch(untrusted, { mode: "no-cors" })',
  },
  {
    says: {
      Chromium: 'was loaded over HTTPS, but requested an insecure resource',
      Firefox: 'Blocked loading mixed active content',
    },
    script: 'await fetch(url.replace("https:", "http:"))',
  },
]

const isQuoted = (text: string) => readme.includes(`\`${text}\``)

for (const name of browserNames) {
  t.test(`${name} says what the table quotes`, { skip: skipWithoutBrowser(name) }, async t => {
    const internet = await startInternet(t)
    await internet.serve(['https://my-app.xyz'])
    await internet.serve(['https://s3.example'], (request, response) => {
      const { preflight, answer = {} } = cases[Number(request.url?.slice(1))] ?? {}
      const [status, fields] = request.method === 'OPTIONS' ? (preflight ?? [200, {}]) : ([200, answer] as const)
      response.writeHead(status, fields).end()
    })
    const stranger = createTestAuthority().issue(['untrusted.example'])
    await internet.serve(['https://untrusted.example'], (_, response) => response.end(), stranger)
    const deaf = `https://127.0.0.1:${await freePort()}/`
    const browser = await launchBrowser(t, name, internet)
    for (const [index, { says, script = 'await fetch(url)' }] of cases.entries()) {
      const page = await browser.open('https://my-app.xyz')
      const values = { url: `https://s3.example/${index}`, deaf, untrusted: 'https://untrusted.example/' }
      await page.run(script, values).catch(error => {
        if (!/TypeError|NetworkError/.test(error)) throw error
      })
      const text = says[name]
      if (text === undefined) {
        t.strictSame(page.console, [], 'nothing is said')
      } else {
        t.ok(isQuoted(text), `the table quotes: ${text}`)
        t.match(await page.heard(text), text, 'and so says the console')
      }
      await page.close()
    }
  })
}
