import { promisify } from 'node:util'
import t from 'tap'
import { runDemo } from '../../src/demo/demo.ts'
import { skipWithoutCurl } from '../clients/curl.ts'
import { execFile } from '../fixtures/children.ts'
import { type DemoProcess, startDemo } from '../fixtures/demo-process.ts'
import type { Owner } from '../fixtures/recording-upstream.ts'
import { findExecutable } from '../servers/installed.ts'

t.setTimeout(300_000)

const run = promisify(execFile)

async function startForTest(t: Owner): Promise<DemoProcess> {
  const demo = await startDemo()
  t.teardown(() => demo.stop('SIGKILL'))
  return demo
}

t.test('the demo in a process of its own', async t => {
  const demo = await startForTest(t)

  t.test('its page is on another origin than S3, and names both', async t => {
    const page = await fetch(`${demo.urlOf('Page')}/`)
    const html = await page.text()
    t.equal(page.status, 200)
    t.match(html, demo.urlOf('Proxy'))
    t.match(html, demo.urlOf('Endpoint'))
    t.not(demo.urlOf('Page'), demo.urlOf('Proxy'))
  })

  t.test('the page is told why the one request is allowed and the other refused', async t => {
    const ask = async (name: string) => {
      const response = await fetch(`${demo.urlOf('Page')}/explanation?of=${name}`)
      return (await response.json()) as unknown
    }
    t.match(await ask('allowed'), { allowed: true, reason: 'matched', rule: { id: 'local' } })
    t.match(await ask('refused'), {
      allowed: false,
      reason: 'origin',
      rules: [{ id: 'uploads', failed: 'origin', lists: ['https://my-app.xyz'] }],
      // Of another scheme than the rule's: a rule of its own.
      change: { kind: 'new-rule', yaml: `AllowedOrigins:\n      - "${demo.urlOf('Page')}"` },
    })
  })

  t.test('the admin port gives nothing to the page itself', async t => {
    const response = await fetch(`${demo.urlOf('Admin')}/explain?bucket=incoming`, {
      headers: { Origin: demo.urlOf('Page') },
    })
    await response.arrayBuffer()
    t.equal(response.status, 403)
    t.equal(response.headers.get('Access-Control-Allow-Origin'), null)
  })

  const shell = findExecutable('sh')
  const noCurl = shell === undefined ? 'there is no shell' : skipWithoutCurl()
  t.test('the three commands work when pasted', { skip: noCurl }, async t => {
    t.equal(demo.commands.length, 3)
    const [allowed = '', refused = '', actual = ''] = await Promise.all(
      demo.commands.map(async command => (await run(shell ?? 'sh', ['-c', command])).stdout),
    )
    t.match(allowed, /^HTTP\/1\.1 200 OK\r\n/)
    t.match(allowed, /\r\nAccess-Control-Allow-Origin: https:\/\/my-app\.xyz\r\n/)
    t.match(refused, /^HTTP\/1\.1 403 Forbidden\r\n/)
    t.match(refused, '<Code>AccessForbidden</Code><Message>CORSResponse: This CORS request is not allowed.')
    t.notMatch(refused, /Access-Control-Allow-Origin:/i)
    t.match(actual, /^HTTP\/1\.1 200 OK\r\n/)
    t.match(actual, /\r\nAccess-Control-Allow-Origin: https:\/\/my-app\.xyz\r\n/)
    t.match(actual, /\r\n\r\nHello from my-media\.\n$/)
    await t.resolves(demo.untilPrinted(/cors_denied .*origin=https:\/\/other-site\.example/), 'the refusal is logged')
  })
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  t.test(`${signal} ends everything, with 0`, async t => {
    const demo = await startForTest(t)
    const urls = (['Page', 'Proxy', 'Admin', 'Endpoint'] as const).map(demo.urlOf)
    t.equal(demo.temporaryFiles().length, 1)
    t.equal(await demo.stop(signal), 0)
    for (const url of urls) await t.rejects(fetch(url), url)
    t.strictSame(demo.temporaryFiles(), [], 'and its objects are gone')
  })
}

t.test('arguments are refused', async t => {
  t.equal(await runDemo(['--help']), 64)
})
