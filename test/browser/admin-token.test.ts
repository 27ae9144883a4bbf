// The admin page of a proxy that has a token, as another machine opens it.

import { mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { patientMs } from '../fixtures/patience.ts'
import { startProxy } from '../fixtures/proxy-process.ts'
import { findAccessibilityFaults, launchChromium, skipWithoutChromium } from './chromium.ts'

t.setTimeout(300_000)

const pictures = join(process.env.S3CORS_PICTURES ?? tmpdir(), 's3-cors-proxy-admin-page')
mkdirSync(pictures, { recursive: true })
const token = 'token-of-a-browser-test'
const rule = '{ AllowedOrigins: ["https://app.example"], AllowedMethods: [GET] }'

t.test('the page asks for the token, and keeps it in memory alone', { skip: skipWithoutChromium() }, async t => {
  const proxy = await startProxy(
    `upstream: { url: "http://127.0.0.1:9", credentials: none }\nbuckets: { media: { CORSRules: [${rule}] } }`,
    { env: { S3CORS_ADMIN_TOKEN: token } },
  )
  t.teardown(() => proxy.stop('SIGKILL'))
  for (let at = 0; at < 30; at++) {
    await fetch(`${proxy.url}/media/key`, {
      method: 'OPTIONS',
      headers: { Origin: `https://site-${at}.example`, 'Access-Control-Request-Method': 'GET' },
    }).then(response => response.text())
  }
  // By a name, as from another machine.
  const host = 'proxy-of-another-machine'
  const url = proxy.adminUrl.replace('127.0.0.1', host)
  const browser = await launchChromium(t, [host])

  for (const [name, colorScheme, width] of [
    ['light', 'light', 1280],
    ['dark', 'dark', 1280],
    ['narrow', 'light', 360],
  ] as const) {
    const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 } })
    const page = await context.newPage()
    await page.goto(url)
    await page.locator('#token').waitFor()
    t.strictSame(await findAccessibilityFaults(page), [], `${name}: axe finds nothing`)
    await page.screenshot({ path: join(pictures, `6-token-${name}.png`), fullPage: true })
    await context.close()
  }

  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
  const page = await context.newPage()
  const sent: { url: string; authorization: string | undefined }[] = []
  page.on('request', request => sent.push({ url: request.url(), authorization: request.headers().authorization }))
  const faults: string[] = []
  page.on('pageerror', error => faults.push(error.message))
  await page.goto(`${url}/?order=origin`)
  t.equal(await page.evaluate('document.activeElement.id'), 'token', 'one can type at once')

  await page.keyboard.type('not-the-token-of-this-proxy')
  await page.keyboard.press('Enter')
  await page.getByText('This failed: this is not the admin token').waitFor()
  t.equal(await page.locator('#token').inputValue(), '', 'a wrong token does not stay')

  await page.locator('#token').fill(token)
  await page.getByRole('button', { name: 'Show the page' }).click()
  await page.locator('#denied tbody').waitFor()
  t.equal(await page.locator('#order').inputValue(), 'origin', 'the page that was asked for')
  t.strictSame(await findAccessibilityFaults(page), [], 'axe finds nothing')

  await t.test('links, forms, buttons and refreshes send it', async t => {
    await page.locator('#denied').getByRole('link', { name: 'After' }).click()
    await page.getByText('Rows 26 to 30 of 30.').waitFor()
    t.match(page.url(), /denied=25/)
    await page.goBack()
    await page.getByText('Rows 1 to 25 of 30.').first().waitFor()
    await page.locator('#search').fill('site-7')
    await page.getByRole('button', { name: 'Show', exact: true }).click()
    await page.waitForURL(/search=site-7/)
    t.strictSame(await page.locator('#denied tbody tr:not(.more) th').allTextContents(), ['https://site-7.example'])
    await page.locator('#bucket').fill('media')
    await page.locator('#origin').fill('https://app.example')
    await page.getByRole('button', { name: 'Explain' }).click()
    await page.locator('#answer .allowed').waitFor()
    await page.getByRole('button', { name: 'Reload the configuration' }).click()
    await page
      .locator('#said')
      .filter({ hasNotText: 'Working' })
      .filter({ hasText: /applied|unchanged/ })
      .waitFor()
    await fetch(`${proxy.url}/media/key`, { headers: { Origin: 'https://just-now.example' } }).catch(() => {})
    await page
      .locator('#last-refusals')
      .getByText('https://just-now.example')
      .first()
      .waitFor({ timeout: patientMs(15_000) })
    await page.locator('.section > summary', { hasText: 'Suggested rules' }).click()
    await page.getByRole('link', { name: 'Suggest rules for media' }).click()
    await page.locator('#suggested').waitFor()
    await page.getByRole('link', { name: 'The same as text' }).click()
    await page.getByRole('link', { name: 'Back to the page' }).waitFor()
    t.match(await page.locator('main pre').textContent(), 'https://just-now.example')
    await page.getByRole('link', { name: 'Back to the page' }).click()
    await page.locator('#denied tbody').waitFor()
  })

  await t.test('it is in no URL, cookie or storage, and goes to the proxy alone', async t => {
    t.strictSame(await context.cookies(), [])
    t.equal(await page.evaluate('localStorage.length + sessionStorage.length + document.cookie.length'), 0)
    t.notMatch(await page.content(), token)
    for (const request of sent) {
      t.equal(new URL(request.url).origin, url, request.url)
      t.notMatch(request.url, /token-of/)
    }
    t.ok(sent.some(({ authorization }) => authorization === `Bearer ${token}`))
    t.notOk(sent.some(({ authorization }) => authorization?.startsWith('Basic')))
  })

  await t.test('a tab that is loaded again has forgotten it', async t => {
    await page.reload()
    await page.locator('#token').waitFor()
    t.equal(await page.locator('#denied').count(), 0)
  })
  t.strictSame(faults, [])
})
