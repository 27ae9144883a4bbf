// The pictures of the README: made here of what runs, and compared by their words. `npm run pictures` writes them anew.

import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Locator, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { launchChromium, skipWithoutChromium } from '../browser/chromium.ts'
import { sendHttp } from '../clients/http-request.ts'
import { startDemo } from '../fixtures/demo-process.ts'
import { type ProxyProcess, startProxy } from '../fixtures/proxy-process.ts'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { skipWithout } from '../servers/installed.ts'
import { findPrometheus, howToGetPrometheus, startPrometheus } from '../servers/prometheus.ts'
import { renderDashboardPage } from './pictures/dashboard-page.ts'
import { root } from './snippets.ts'

t.setTimeout(300_000)

const folder = join(root, 'deploy/pictures')
const isWriting = process.env.S3CORS_PICTURES === 'write'
const mostBytes = 150 * 1024
const skip = skipWithoutChromium()

/** Writes the picture and its words, or compares the words: numbers and ages, which differ from run to run, are left out. */
async function compare(t: Test, name: string, pictured: Page | Locator, words: string): Promise<void> {
  const text = `${words
    .replaceAll(/[ \t]*\b(?:now|\d+ (?:s|min) ago)\b/g, ' #')
    .replaceAll(/[ \t]*\d[\d.,:]*/g, ' #')
    .replaceAll(/\s*\n\s*/g, '\n')
    .trim()}\n`
  const [picture, wordsFile] = [join(folder, `${name}.png`), join(folder, `${name}.txt`)]
  if (isWriting) {
    mkdirSync(folder, { recursive: true })
    await pictured.screenshot({ path: picture, animations: 'disabled' })
    writeFileSync(wordsFile, text)
  }
  t.ok(existsSync(picture), `${name}.png is there: else npm run pictures`)
  t.ok(statSync(picture).size <= mostBytes, `${name}.png: ${statSync(picture).size} bytes`)
  t.equal(readFileSync(wordsFile, 'utf8'), text, `${name}.png shows what there is to see: else npm run pictures`)
}

const rules = `buckets:
  my-media:
    CORSRules:
      - { ID: web, AllowedOrigins: ["https://my-app.xyz"], AllowedMethods: [GET, HEAD], AllowedHeaders: [Range], ExposeHeaders: [ETag, Content-Range, Accept-Ranges] }
  uploads:
    CORSRules:
      - { ID: editors, AllowedOrigins: ["https://admin.my-app.xyz"], AllowedMethods: [GET, HEAD, PUT], AllowedHeaders: [Content-Type], ExposeHeaders: [ETag] }
`

/** A round of what comes to a proxy: mostly allowed, a new site, a developer, a method that is missing. */
const round = [
  ...Array.from({ length: 8 }, () => ['my-media', 'https://my-app.xyz', 'GET', false] as const),
  ...Array.from({ length: 3 }, () => ['my-media', 'https://my-app.xyz', 'GET', true] as const),
  ...Array.from({ length: 4 }, () => ['my-media', 'https://new-app.xyz', 'GET', true] as const),
  ...Array.from({ length: 2 }, () => ['my-media', 'http://localhost:3000', 'GET', true] as const),
  ['uploads', 'https://admin.my-app.xyz', 'PUT', true],
  ['uploads', 'https://admin.my-app.xyz', 'PUT', false],
  ['uploads', 'https://admin.my-app.xyz', 'DELETE', true],
] as const

async function sendRound(proxy: ProxyProcess): Promise<void> {
  for (const [bucket, origin, method, isPreflight] of round) {
    const asked = isPreflight ? { 'Access-Control-Request-Method': method } : {}
    const headers = { Origin: origin, ...asked }
    await sendHttp({ url: `${proxy.url}/${bucket}/picture.png`, method: isPreflight ? 'OPTIONS' : method, headers })
  }
}

/** With CORS fields of its own, which the proxy takes away. */
const answerAsMinio = () => 'HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 2\r\n\r\nok'

async function startPictured(t: Test): Promise<ProxyProcess> {
  const upstream = await startRecordingUpstream(t, { answer: answerAsMinio, keepBytes: false })
  const proxy = await startProxy(
    `upstream: { url: "${upstream.url}", credentials: none }\nhosts: [s3.example.com]\n${rules}`,
  )
  t.teardown(() => proxy.stop('SIGKILL'))
  return proxy
}

t.test('the admin page', { skip }, async t => {
  const proxy = await startPictured(t)
  for (let times = 0; times < 3; times++) await sendRound(proxy)
  const browser = await launchChromium(t)
  const page = await browser.newPage({ viewport: { width: 1000, height: 800 }, colorScheme: 'light' })
  await page.goto(proxy.adminUrl)
  const denied = page.locator('#denied')
  await denied.locator('.more details summary').first().click()
  // The file is another in each run.
  await page.evaluate(`{
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (texts.nextNode() !== null) {
      const { currentNode: text } = texts
      text.textContent = text.textContent.replaceAll(${JSON.stringify(proxy.configFile)}, 'proxy.yaml')
    }
  }`)
  await compare(t, 'admin-page', denied, await denied.innerText())
})

t.test('the demo', { skip }, async t => {
  const demo = await startDemo()
  t.teardown(() => demo.stop('SIGKILL'))
  const browser = await launchChromium(t)
  const page = await browser.newPage({ viewport: { width: 1000, height: 1010 }, colorScheme: 'light' })
  await page.goto(`${demo.urlOf('Page')}/`)
  await page.getByText('The endpoint itself lets every site read every bucket.').waitFor()
  await compare(t, 'demo', page, (await page.locator('body').innerText()).replaceAll(/"[0-9a-f]{32}"/g, '"…"'))
})

const withoutPrometheus = skipWithout('Prometheus', findPrometheus() !== undefined, howToGetPrometheus)

t.test('the dashboard', { skip: skip || withoutPrometheus }, async t => {
  const proxy = await startPictured(t)
  const prometheus = await startPrometheus({ targets: [new URL(proxy.adminUrl).host] })
  t.teardown(() => prometheus.stop())
  const start = Date.now() / 1000
  for (let times = 0; times < 40; times++) {
    await sendRound(proxy)
    await sleep(300 + 200 * Math.sin(times / 5))
  }
  await sleep(1500)
  const html = await renderDashboardPage(prometheus.url, { start: start + 6, end: Date.now() / 1000 })
  const browser = await launchChromium(t)
  const page = await browser.newPage({ viewport: { width: 1200, height: 1014 }, colorScheme: 'light' })
  await page.setContent(html)
  await compare(t, 'dashboard', page, await page.locator('body').innerText())
})
