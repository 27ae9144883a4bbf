import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import axe, { type AxeResults } from 'axe-core'
import { type Browser, chromium } from 'playwright-core'
import t from 'tap'
import { startDemo } from '../fixtures/demo-process.ts'
import type { Owner } from '../fixtures/recording-upstream.ts'
import { chromiumPath, skipWithoutChromium } from './chromium.ts'

t.setTimeout(300_000)

const skip = skipWithoutChromium()

const args =
  '--no-sandbox --disable-dev-shm-usage --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'

async function launch(t: Owner): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: chromiumPath ?? '', args: args.split(' ') })
  t.teardown(() => browser.close())
  return browser
}

t.test('the page in a browser', { skip }, async t => {
  const demo = await startDemo()
  t.teardown(() => demo.stop('SIGKILL'))
  const browser = await launch(t)
  const page = await browser.newPage()
  const said: string[] = []
  page.on('console', message => said.push(message.text()))
  page.on('pageerror', error => said.push(`pageerror: ${error.message}`))
  await page.goto(`${demo.urlOf('Page')}/`)
  const allowed = page.locator('[data-request=allowed]')
  const refused = page.locator('[data-request=refused]')
  const direct = page.locator('[data-direct]')
  await page.getByText('The endpoint itself lets every site read every bucket.').waitFor()

  t.test('the allowed request shows its content', async t => {
    t.equal(await allowed.getAttribute('data-result'), 'allowed')
    t.equal(await allowed.locator('[data-outcome]').textContent(), 'Allowed: 200 image/svg+xml')
    t.match(await allowed.locator('[data-content]').textContent(), /^ETag, exposed by the rule: "[0-9a-f]{32}"$/)
    const isDrawn = await allowed.locator('img').evaluate((image: { complete: boolean; naturalWidth: number }) => {
      return image.complete && image.naturalWidth > 0
    })
    t.equal(isDrawn, true, 'the picture is drawn')
    t.match(await allowed.locator('[data-why]').textContent(), /Rule 1 \(local\) matches\.$/)
  })

  t.test('the refused one shows the refusal of the browser, and the reason', async t => {
    t.equal(await refused.getAttribute('data-result'), 'refused')
    t.equal(await refused.locator('[data-outcome]').textContent(), 'Refused by the browser: TypeError: Failed to fetch')
    t.match(await refused.locator('[data-content]').textContent(), /^The answer has no Access-Control-Allow-Origin/)
    const why = await refused.locator('[data-why]').textContent()
    t.match(why, 'No rule lists this origin.')
    t.match(why, 'Rule 1 (uploads) does not match the origin; it lists https://my-app.xyz.')
    t.match(why, `- AllowedOrigins:\n      - "${demo.urlOf('Page')}"`)
    t.match(await direct.textContent(), /^Allowed: 200\./, 'though the endpoint would have let it pass')
  })

  t.test('the browser complains of nothing but that refusal', async t => {
    const others = said.filter(line => !line.includes('net::ERR_FAILED'))
    t.equal(others.length, 1)
    t.match(others[0], `${demo.urlOf('Proxy')}/incoming/upload.json`)
    t.match(others[0], "No 'Access-Control-Allow-Origin' header is present")
  })

  t.test('asking again comes to the same, by keyboard', async t => {
    const again = page.getByRole('button', { name: 'Ask again' })
    await again.focus()
    await page.keyboard.press('Enter')
    await page.locator('[data-again]:not([disabled]):focus').waitFor()
    t.equal(await refused.getAttribute('data-result'), 'refused')
    t.equal(await allowed.locator('img').count(), 1)
  })

  t.test('every visitor can read it, on a phone and in either scheme', async t => {
    const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-demo-pictures-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    for (const colorScheme of ['light', 'dark'] as const) {
      const context = await browser.newContext({ colorScheme, viewport: { width: 360, height: 740 } })
      const narrow = await context.newPage()
      await narrow.goto(`${demo.urlOf('Page')}/`)
      await narrow.getByText('The endpoint itself lets every site read every bucket.').waitFor()
      const width = await narrow.locator('html').evaluate((root: { scrollWidth: number }) => root.scrollWidth)
      t.ok(width <= 360, `${colorScheme}: ${width} px wide`)
      await narrow.evaluate(axe.source)
      const { violations } = await narrow.evaluate<AxeResults>('axe.run()')
      t.strictSame(
        violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`),
        [],
        `${colorScheme}: axe finds nothing`,
      )
      const picture = await narrow.screenshot({ path: join(folder, `${colorScheme}.png`), fullPage: true })
      t.ok(picture.length > 10_000)
      await context.close()
    }
  })

  t.test('an ending demo waits for no browser', async t => {
    t.equal(await demo.stop('SIGINT'), 0)
    await page.getByRole('button', { name: 'Ask again' }).click()
    await page.getByText('The explanation is not to be had').first().waitFor()
    t.match(await allowed.locator('[data-content]').textContent(), /is the proxy still running\?$/)
  })
})
