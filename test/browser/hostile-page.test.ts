// An operator has the admin port open on this machine and visits a page of another site: it can neither read nor change
// anything, by any means that a page has.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import t from 'tap'
import { sendHttp } from '../clients/http-request.ts'
import { type ProxyProcess, startProxy } from '../fixtures/proxy-process.ts'
import { type Owner, type RecordingUpstream, startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { launchChromium, skipWithoutChromium } from './chromium.ts'

t.setTimeout(300_000)

const skip = skipWithoutChromium()
const rules =
  '<CORSConfiguration><CORSRule><AllowedOrigin>https://app.example</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>'

async function serveHostilePage(owner: Owner): Promise<number> {
  const server = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html')
    response.end('<!doctype html><title>hostile</title>')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  owner.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

/** How often the endpoint was asked for rules: every change that a page could cause makes it be asked again. */
function fetches({ requests }: RecordingUpstream): number {
  return requests.filter(({ target }) => target.includes('cors')).length
}

/** Runs `script` in the page; what it throws is its result, as text. */
function attempt(page: Page, script: string): Promise<unknown> {
  return page.evaluate(`(async () => { ${script} })().catch(error => 'failed: ' + error.message)`)
}

const readers: readonly { readonly name: string; readonly script: (url: string) => string }[] = [
  { name: 'fetch, mode cors', script: url => `return await (await fetch('${url}/origins')).text()` },
  {
    name: 'fetch, mode cors with credentials',
    script: url => `return await (await fetch('${url}/origins', { credentials: 'include' })).text()`,
  },
  {
    name: 'fetch, mode no-cors',
    script: url => `const r = await fetch('${url}/origins', { mode: 'no-cors' }); return r.type + ' ' + await r.text()`,
  },
  { name: 'fetch of the metrics', script: url => `return await (await fetch('${url}/metrics')).text()` },
  {
    name: 'a script',
    script: url =>
      `return await new Promise(done => { const s = document.createElement('script'); s.src = '${url}/page.js'; s.onload = () => done('loaded'); s.onerror = () => done('failed: blocked'); document.head.append(s) })`,
  },
  {
    name: 'a style sheet',
    script: url =>
      `return await new Promise(done => { const s = document.createElement('link'); s.rel = 'stylesheet'; s.href = '${url}/page.css'; s.onload = () => done('loaded'); s.onerror = () => done('failed: blocked'); document.head.append(s) })`,
  },
  {
    name: 'a WebSocket',
    script: url =>
      `return await new Promise(done => { const s = new WebSocket('${url.replace('http', 'ws')}/origins'); s.onopen = () => done('open'); s.onerror = () => done('failed: refused') })`,
  },
  {
    name: 'an EventSource',
    script: url =>
      `return await new Promise(done => { const s = new EventSource('${url}/origins'); s.onopen = () => done('open'); s.onerror = () => { s.close(); done('failed: refused') } })`,
  },
]

const json = `headers: { 'content-type': 'application/json' }`

const writers: readonly { readonly name: string; readonly script: (url: string) => string }[] = [
  {
    name: 'a simple POST',
    script: url => `await fetch('${url}/buckets/live/refresh', { method: 'POST', mode: 'no-cors', body: '{}' })`,
  },
  {
    name: 'a POST that needs a preflight',
    script: url => `await fetch('${url}/buckets/live/refresh', { method: 'POST', ${json} })`,
  },
  {
    name: 'a JSON POST in mode no-cors, which loses its type',
    script: url => `await fetch('${url}/reload', { method: 'POST', mode: 'no-cors', ${json}, body: '{}' })`,
  },
  {
    name: 'a beacon',
    script: url => `navigator.sendBeacon('${url}/buckets/live/refresh', new Blob(['{}'], { type: 'text/plain' }))`,
  },
  {
    name: 'a form into a frame',
    script: url =>
      `const f = document.createElement('iframe'); f.name = 'f'; document.body.append(f); const form = document.createElement('form'); form.method = 'post'; form.enctype = 'text/plain'; form.target = 'f'; form.action = '${url}/buckets/live/refresh'; document.body.append(form); form.submit()`,
  },
]

async function watched(page: Page, proxy: ProxyProcess, work: () => Promise<void>): Promise<readonly number[]> {
  const statuses: number[] = []
  const port = new URL(proxy.adminUrl).port
  const listener = (response: { url(): string; status(): number }) => {
    if (new URL(response.url()).port === port) statuses.push(response.status())
  }
  page.on('response', listener)
  await work()
  await page.waitForTimeout(500)
  page.off('response', listener)
  return statuses
}

t.test('a page of another origin', { skip }, async t => {
  const upstream = await startRecordingUpstream(t, {
    answer: () => `HTTP/1.1 200 OK\r\nContent-Length: ${rules.length}\r\n\r\n${rules}`,
  })
  const proxy = await startProxy(`upstream: { url: "${upstream.url}", credentials: none }
rules: { freshSeconds: 3600, staleSeconds: 7200 }
buckets:
  live: { from: upstream }
`)
  t.teardown(() => proxy.stop('SIGKILL'))
  const secret = 'https://secret-customer.example'
  await sendHttp({ url: `${proxy.url}/live/a`, headers: { Origin: secret } })
  const asked = fetches(upstream)
  const hostilePort = await serveHostilePage(t)
  const browser = await launchChromium(t, ['evil.example', 'rebound.example'])
  const adminPort = new URL(proxy.adminUrl).port

  // Another site; the same site at another port, which "same-site" would let pass; and the admin port by its other name.
  const places = [
    { origin: `http://evil.example:${hostilePort}`, admin: `http://127.0.0.1:${adminPort}` },
    { origin: `http://localhost:${hostilePort}`, admin: `http://localhost:${adminPort}` },
    { origin: `http://127.0.0.1:${hostilePort}`, admin: `http://localhost:${adminPort}` },
  ]
  for (const { origin, admin } of places) {
    await t.test(`${origin.replace(/\d+$/, 'PORT')} against ${admin.replace(/\d+$/, 'ADMIN')}`, async t => {
      const page = await browser.newPage()
      await page.goto(origin)
      for (const { name, script } of readers) {
        const read = String(await attempt(page, script(admin)))
        t.match(read, /^failed: /, `${name} fails: ${read}`)
        t.notMatch(read, 'secret-customer', `${name} reads nothing`)
      }
      for (const { name, script } of writers) {
        const statuses = await watched(page, proxy, async () => void (await attempt(page, script(admin))))
        t.strictSame(
          statuses.filter(status => status < 400),
          [],
          `${name}: refused, ${statuses.join(', ') || 'not a response reaches it'}`,
        )
        t.equal(fetches(upstream), asked, `${name} changes nothing`)
      }
      await page.close()
    })
  }

  await t.test('it cannot frame the admin page', async t => {
    const page = await browser.newPage()
    await page.goto(`http://evil.example:${hostilePort}`)
    const statuses = await watched(page, proxy, async () => {
      await page.evaluate(
        `(() => { const f = document.createElement('iframe'); f.src = '${proxy.adminUrl}/'; document.body.append(f) })()`,
      )
    })
    t.strictSame(
      statuses.filter(status => status < 400),
      [],
      'the request is refused',
    )
    const frames = await Promise.all(page.frames().map(frame => frame.content().catch(() => '')))
    t.equal(
      frames.some(content => content.includes('secret-customer')),
      false,
      'no frame shows it',
    )
    await page.close()
  })

  await t.test('it gets nothing of a window that it opens', async t => {
    const page = await browser.newPage()
    await page.goto(`http://evil.example:${hostilePort}`)
    const [opened] = await Promise.all([
      page.context().waitForEvent('page'),
      page.evaluate(`void (window.w = window.open('${proxy.adminUrl}/'))`),
    ])
    await opened.waitForLoadState()
    const read = await attempt(
      page,
      `return window.w === null || window.w.closed ? 'failed: cut off' : window.w.document.body.textContent`,
    )
    t.match(read, /^failed: /, String(read))
    t.notMatch(await opened.content(), 'secret-customer', 'and the window itself is refused')
    await opened.close()
    await page.close()
  })

  await t.test('a name of its own that leads to this machine (DNS rebinding) makes it no operator', async t => {
    const page = await browser.newPage()
    const rebound = `http://rebound.example:${adminPort}`
    const response = await page.goto(`${rebound}/`)
    t.equal(response?.status(), 403, 'GET /')
    // From here on the browser takes the page for one of the admin port's own.
    for (const path of ['/origins', '/buckets', '/metrics', '/explain?bucket=live', '/page.js', '/readyz']) {
      t.equal(await attempt(page, `return (await fetch('${path}')).status`), 403, `GET ${path}`)
    }
    for (const path of ['/reload', '/buckets/live/refresh']) {
      const script = `return (await fetch('${path}', { method: 'POST', ${json} })).status`
      t.equal(await attempt(page, script), 403, `POST ${path}`)
    }
    t.equal(fetches(upstream), asked, 'nothing changed')
    await page.close()
  })

  await t.test('the operator itself can do all that', async t => {
    const page = await browser.newPage()
    await page.goto(proxy.adminUrl)
    t.match(await page.content(), 'secret-customer')
    t.match(await attempt(page, `return await (await fetch('/origins')).text()`), 'secret-customer')
    const script = `return (await fetch('/buckets/live/refresh', { method: 'POST', ${json} })).status`
    t.equal(await attempt(page, script), 200)
    await upstream.until(() => fetches(upstream) > asked)
    await page.close()
  })
})
