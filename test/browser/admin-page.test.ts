import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import t from 'tap'
import { patientMs } from '../fixtures/patience.ts'
import { startProxy } from '../fixtures/proxy-process.ts'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { answer, app, ask, buckets, hack, sendHostile, sendTraffic } from './admin-traffic.ts'
import { findAccessibilityFaults, launchChromium, skipWithoutChromium } from './chromium.ts'

t.setTimeout(300_000)

const skip = skipWithoutChromium()
/** Pictures of each state, for a person to look at. */
const pictures = join(process.env.S3CORS_PICTURES ?? tmpdir(), 's3-cors-proxy-admin-page')
mkdirSync(pictures, { recursive: true })

async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true })
}

function attribute(page: Page, selector: string, name: string): Promise<string | null> {
  return page.locator(selector).first().getAttribute(name)
}

t.test('the admin page in a browser', { skip }, async t => {
  const upstream = await startRecordingUpstream(t, { answer })
  const proxy = await startProxy(`upstream: { url: "${upstream.url}", credentials: none }\n${buckets}`)
  t.teardown(() => proxy.stop('SIGKILL'))
  const browser = await launchChromium(t)
  const said: string[] = []

  async function open(context: BrowserContext, path = '/'): Promise<Page> {
    const page = await context.newPage()
    page.on('console', message => said.push(message.text()))
    page.on('pageerror', error => said.push(`pageerror: ${error.message}`))
    page.on('dialog', dialog => said.push(`dialog: ${dialog.message()}`))
    await page.goto(`${proxy.adminUrl}${path}`)
    return page
  }

  const light = await browser.newContext({ colorScheme: 'light', viewport: { width: 1280, height: 800 } })
  const dark = await browser.newContext({ colorScheme: 'dark', viewport: { width: 1280, height: 800 } })
  const narrow = await browser.newContext({ colorScheme: 'light', viewport: { width: 360, height: 740 } })

  await t.test('before any traffic it says so', async t => {
    const page = await open(light)
    await page.getByText('No origin has been denied since the start.').waitFor()
    await page.getByText('No origin has been allowed since the start.').waitFor()
    t.match(await page.locator('#health').textContent(), 'ready')
    t.strictSame(await findAccessibilityFaults(page), [], 'axe finds nothing')
    await picture(page, '1-empty-light')
    await page.close()
  })

  await sendTraffic(proxy)

  await t.test('it shows who is denied, who is allowed, and the buckets', async t => {
    const page = await open(light)
    const denied = page.locator('#denied tbody tr:not(.more)')
    t.equal(await denied.count(), 6)
    const row = denied.filter({ hasText: 'https://new-app.example' })
    t.match(await row.textContent(), /media.*no rule lists this origin.*GET.*3/s)
    t.match(await page.locator('#allowed').textContent(), /https:\/\/app\.example.*media.*3/s)
    t.match(await page.locator('#buckets').textContent(), /live.*upstream/s)
    t.match(await page.locator('#health').textContent(), /Version\s*\d+\.\d+\.\d+/)
    await page.close()
  })

  await t.test('in report it shows what enforcing the rules would change, in three lists', async t => {
    const page = await open(light)
    const row = (list: string, origin: string) =>
      page.getByRole('table', { name: list }).locator('tbody tr').filter({ hasText: origin })
    t.match(
      await row('Would be refused', 'https://partner.example').textContent(),
      /GET.*denied origin.*allowed.*https:\/\/partner\.example.*becomes unreadable: no CORS headers.*refused: 403, the endpoint is not asked/s,
    )
    t.match(
      await row('Would be refused', 'https://writer.example').textContent(),
      /preflight for PUT.*denied.*allowed.*https:\/\/writer\.example.*becomes refused: 403/s,
    )
    t.match(
      await row('Would be allowed by the rules, but the endpoint refused', app).textContent(),
      /HEAD.*allowed matched.*not allowed.*becomes allowed/s,
    )
    t.match(await row('Same', app).textContent(), /GET.*stays allowed/s)
    await page.close()
  })

  await sendHostile(proxy)

  await t.test('hostile strings do nothing', async t => {
    const page = await open(light)
    await page.waitForTimeout(500)
    t.equal(await page.title(), 's3-cors-proxy', 'no script ran')
    t.equal(
      await page.locator('main img, main script, main b, [onerror], [onmouseover]').count(),
      0,
      'nothing became an element',
    )
    const text = await page.locator('main').textContent()
    t.match(text, 'no valid Origin', 'origins that are none are counted together')
    t.match(text, '<img src=x onerror=', 'what the endpoint answered is shown as text')
    t.equal(/[\u0080-\u009f\u202e]/.test(text ?? ''), false, 'no control character is in the page')
    t.equal((text ?? '').includes('a'.repeat(2000)), false, 'a long string is not shown')
    for (const origin of [
      `<script>${hack}</script>`,
      `"><img src=x onerror=${hack}>`,
      'https://a\u009b31m.example',
      `https://${'a'.repeat(8000)}`,
    ]) {
      const asked = await open(
        light,
        `/?bucket=${encodeURIComponent(origin.slice(0, 200))}&origin=${encodeURIComponent(origin)}&method=${encodeURIComponent('<b>')}&header=${encodeURIComponent('"><b>')}`,
      )
      t.equal(await asked.title(), 's3-cors-proxy', 'no script ran from the question')
      t.equal(await asked.locator('main img, main script, main b').count(), 0)
      t.equal(await attribute(asked, '#origin', 'value').then(value => /[\u0080-\u009f]/.test(value ?? '')), false)
      await asked.close()
    }
    await page.close()
  })

  await t.test('axe finds nothing in any state, in either scheme', async t => {
    for (const [name, context] of [
      ['light', light],
      ['dark', dark],
      ['narrow', narrow],
    ] as const) {
      const page = await open(context)
      await page.locator('details').first().waitFor()
      for (const details of await page.locator('#denied .more details').all()) await details.locator('summary').click()
      t.strictSame(await findAccessibilityFaults(page), [], `${name}: everything open`)
      await picture(page, `2-full-${name}`)
      await page.goto(
        `${proxy.adminUrl}/?bucket=media&origin=${encodeURIComponent('http://new-app.example')}&method=PUT&header=x-amz-date`,
      )
      t.strictSame(await findAccessibilityFaults(page), [], `${name}: explained`)
      await picture(page, `3-explained-${name}`)
      const width = Number(await page.evaluate('document.documentElement.scrollWidth'))
      t.ok(width <= (page.viewportSize()?.width ?? 0), `${name}: nothing sticks out, ${width} px`)
      await page.close()
    }
  })

  await t.test('the form explains, by keyboard alone, what /explain explains', async t => {
    const page = await open(light)
    await page.keyboard.press('Tab')
    t.equal(await page.evaluate('document.activeElement.className'), 'skip', 'first comes the link past the header')
    await page.keyboard.press('Enter')
    t.match(page.url(), /#denied$/)
    await page.locator('#bucket').focus()
    await page.keyboard.type('media')
    await page.keyboard.press('Tab')
    t.equal(await page.evaluate('document.activeElement.id'), 'url-of-object')
    await page.keyboard.press('Tab')
    await page.keyboard.type('https://new-app.example')
    await page.keyboard.press('Tab')
    await page.keyboard.type('PUT')
    await page.keyboard.press('Tab')
    await page.keyboard.type('x-amz-date, content-type')
    await page.keyboard.press('Enter')
    await page.waitForURL(/bucket=media/)
    const query = 'bucket=media&origin=https%3A%2F%2Fnew-app.example&method=PUT&header=x-amz-date%2C+content-type'
    const explained = (await (await fetch(`${proxy.adminUrl}/explain?${query}`)).json()) as {
      reason: string
      summary: string
      change: { yaml: string }
    }
    const shown = await page.locator('#answer').textContent()
    t.match(shown, explained.summary)
    t.match(shown, explained.reason)
    t.match(shown, explained.change.yaml)
    t.match(shown, '"https://new-app.example"', 'the change is quoted')
    t.equal(await page.locator('#method').inputValue(), 'PUT', 'the question stays in the form')
    await page.close()
  })

  await t.test('the URL of an object stands for its bucket', async t => {
    const page = await open(light)
    await page.getByLabel('or the URL of an object').fill(`${proxy.url}/media/pictures/cat.jpg`)
    await page.locator('#origin').fill(`${app}/index.html`)
    await page.getByRole('button', { name: 'Explain' }).click()
    await page.waitForURL(/url-of-object=/)
    const shown = await page.locator('#answer').textContent()
    t.match(shown, 'the URL names the bucket "media"')
    t.match(shown, `a browser sends "${app}"`)
    t.match(shown, 'Allowed')
    t.match(await page.locator('#url-of-object').inputValue(), '/media/pictures/cat.jpg', 'it stays in the form')
    await page.close()
  })

  await t.test('the last refusals, names that are not configured, unused rules and suggested rules', async t => {
    await ask(proxy, 'GET', '/medai/a', app)
    const page = await open(light)
    t.match(
      await page.locator('#last-refusals tbody tr').first().textContent(),
      /https:\/\/app\.example.*medai.*GET.*no_rules.*(?:now|ago)/s,
    )
    for (const title of ['Names that are not configured', 'Rules that have matched nothing', 'Suggested rules'])
      await page.locator('.section > summary', { hasText: title }).click()
    t.match(await page.locator('#unknown-names').textContent(), /medai.*bucket.*no rules: refused/s)
    t.match(await page.locator('#unused-rules').textContent(), /Counted since/)
    await page.getByRole('link', { name: 'Suggest rules for media' }).click()
    await page.locator('#suggested').waitFor()
    t.match(await page.locator('#suggested').textContent(), /"media":\n {4}CORSRules:.*"https:\/\/new-app\.example"/s)
    await light.grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.getByRole('button', { name: 'Copy' }).click()
    await page.locator('#said').getByText('Copied.').waitFor()
    t.equal(await page.evaluate('navigator.clipboard.readText()'), await page.locator('#suggested').textContent())
    t.strictSame(await findAccessibilityFaults(page), [], 'axe finds nothing')
    await picture(page, '6-suggested-light')
    await page.close()
  })

  await t.test('every control can be reached and seen by keyboard', async t => {
    const page = await open(light)
    const wanted = Number(
      await page
        .locator('a:visible, button:visible, input:visible, select:visible, summary:visible, [tabindex="0"]:visible')
        .count(),
    )
    const seen = new Set<string>()
    for (let step = 0; step < wanted + 10; step++) {
      await page.keyboard.press('Tab')
      const [place, outline] = (await page.evaluate(
        `(() => { const e = document.activeElement; if (e === document.body) return ['', 1]; const all = [...document.querySelectorAll('*')]; return [String(all.indexOf(e)), parseFloat(getComputedStyle(e).outlineWidth)] })()`,
      )) as [string, number]
      if (place !== '') {
        seen.add(place)
        if (outline < 2) t.fail(`element ${place} has no visible focus`)
      }
    }
    t.ok(
      seen.size >= wanted - (await page.locator('pre[tabindex]:not(:visible)').count()),
      `${seen.size} of ${wanted} controls`,
    )
    const details = page.locator('#denied .more details').first()
    await details.locator('summary').focus()
    await page.keyboard.press('Enter')
    t.equal(await details.getAttribute('open'), '', 'Enter opens an explanation')
    await page.close()
  })

  await t.test('it refreshes by polling, without disturbing a reader', async t => {
    const page = await open(light)
    await page.evaluate('window.mark = 1')
    const details = page.locator('#denied .more details').first()
    const key = await details.getAttribute('data-key')
    await details.locator('summary').click()
    await page.locator('#origin').fill('https://half-typed')
    await ask(proxy, 'GET', '/media/a', 'https://just-now.example')
    await page
      .locator('#denied')
      .getByText('https://just-now.example')
      .first()
      .waitFor({ timeout: patientMs(15_000) })
    t.equal(await page.evaluate('window.mark'), 1, 'the page was not loaded again')
    t.equal(await page.locator('#origin').inputValue(), 'https://half-typed', 'what was being typed stays')
    const open1 = await page
      .locator('#denied .more details[open]')
      .evaluateAll((all: { getAttribute(name: string): string | null }[]) =>
        all.map(one => one.getAttribute('data-key')),
      )
    t.strictSame(open1, [key], 'what was open is open')
    await page.locator('#polling').press('Space')
    t.equal(await page.locator('#polling').isChecked(), false)
    await ask(proxy, 'GET', '/media/a', 'https://after-that.example')
    await page.waitForTimeout(6500)
    t.equal(
      await page.locator('#denied').getByText('https://after-that.example').count(),
      0,
      'unchecked, it stays still',
    )
    await page.close()
  })

  await t.test('reload says what came of it', async t => {
    const page = await open(light)
    const text = readFileSync(proxy.configFile, 'utf8')
    await page.getByRole('button', { name: 'Reload the configuration' }).click()
    await page.locator('#said').getByText('unchanged: what the files say is in force already').waitFor()
    writeFileSync(proxy.configFile, text.replace('AllowedMethods: [GET, HEAD]', 'AllowedMethods: [GET, FETCH]'))
    await page.getByRole('button', { name: 'Reload the configuration' }).click()
    await page.locator('#said').getByText('refused').waitFor()
    t.match(await page.locator('#said').textContent(), /config\.yaml:\d+:\d+: .*FETCH/)
    t.strictSame(await findAccessibilityFaults(page), [], 'axe finds nothing')
    await picture(page, '4-reload-refused-light')
    writeFileSync(proxy.configFile, text)
    await page.close()
  })

  await t.test('rules are fetched at once on demand', async t => {
    const page = await open(light)
    const before = upstream.requests.filter(({ target }) => target.includes('cors')).length
    await page.getByRole('button', { name: 'Fetch now the rules of live' }).click()
    await upstream.until(({ requests }) => requests.filter(({ target }) => target.includes('cors')).length > before)
    await page.locator('#said').filter({ hasNotText: 'Working' }).filter({ hasText: /\w/ }).waitFor()
    t.pass('the endpoint was asked')
    await page.close()
  })

  await t.test('the browser complains of nothing', async t => {
    t.strictSame(
      said.filter(line => !line.includes('422')),
      [],
    )
  })

  await t.test('when the proxy is gone it says that what is shown is old', async t => {
    const page = await open(dark)
    await proxy.stop('SIGKILL')
    await page.getByText('The proxy does not answer: what is shown is old.').waitFor({ timeout: patientMs(15_000) })
    t.ok((await page.locator('#denied tbody tr:not(.more)').count()) > 0, 'and still shows it')
    await picture(page, '5-gone-dark')
  })
  t.comment(`pictures of each state: ${pictures}`)
})
