// The admin page of a proxy with many buckets and origins: it stays a page.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { until } from '../fixtures/patience.ts'
import { startProxy } from '../fixtures/proxy-process.ts'
import { findAccessibilityFaults, launchChromium, skipWithoutChromium } from './chromium.ts'

t.setTimeout(300_000)

const pictures = join(process.env.S3CORS_PICTURES ?? tmpdir(), 's3-cors-proxy-admin-page')
const names = Array.from({ length: 80 }, (_, at) => `bucket-${at}`)
const rule = (methods: string) =>
  `[{ ID: web, AllowedOrigins: ["https://app.example"], AllowedMethods: [${methods}], ExposeHeaders: [ETag] }]`

t.test('80 buckets and 600 origins', { skip: skipWithoutChromium() }, async t => {
  const proxy = await startProxy(
    `upstream: { url: "http://127.0.0.1:9", credentials: none }\nhosts: [s3.example.com]\nmetrics: { origins: 700 }\nbuckets:\n${names.map(name => `  ${name}: { CORSRules: ${rule('GET')} }\n`).join('')}  idle: { CORSRules: ${rule('GET')} }\n`,
  )
  t.teardown(() => proxy.stop('SIGKILL'))
  const ask = (bucket: string, origin: string, method = 'GET') =>
    fetch(`${proxy.url}/${bucket}/key`, {
      method: 'OPTIONS',
      headers: { Origin: origin, 'Access-Control-Request-Method': method },
    }).then(response => response.text())
  for (let at = 0; at < 600; at++) await ask(names[at % 80] ?? '', `https://site-${at}.example`)
  for (const name of names) await ask(name, 'https://app.example')
  await ask('bucket-7', 'https://app.example', 'PUT')
  for (let at = 0; at < 40; at++) await ask(`no-bucket-${at}`, 'https://app.example')

  mkdirSync(pictures, { recursive: true })
  const browser = await launchChromium(t)
  for (const [name, colorScheme, width] of [
    ['light', 'light', 1280],
    ['dark', 'dark', 1280],
    ['narrow', 'light', 360],
  ] as const) {
    const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 } })
    const page = await context.newPage()
    await page.goto(proxy.adminUrl)
    const height = Number(await page.evaluate('document.documentElement.scrollHeight'))
    t.ok(height < (name === 'narrow' ? 14_000 : 8000), `${name}: ${height} px`)
    t.ok(Number(await page.evaluate('document.documentElement.scrollWidth')) <= width, `${name}: nothing sticks out`)
    t.strictSame(await findAccessibilityFaults(page), [], `${name}: axe finds nothing`)
    await page.screenshot({ path: join(pictures, `4-many-${name}.png`), fullPage: true })
    for (const title of ['Names that are not configured', 'Rules that have matched nothing', 'Suggested rules'])
      await page.locator('.section > summary', { hasText: title }).click()
    t.strictSame(await findAccessibilityFaults(page), [], `${name}: axe finds nothing with every part open`)
    t.ok(Number(await page.evaluate('document.documentElement.scrollWidth')) <= width, `${name}: nothing sticks out`)
    await page.screenshot({ path: join(pictures, `5-many-open-${name}.png`), fullPage: true })
    await context.close()
  }

  const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage()
  await page.goto(proxy.adminUrl)
  const denied = page.locator('#denied tbody tr:not(.more)')
  t.equal(await denied.count(), 25)
  t.strictSame(
    await page.locator('#buckets thead th').allTextContents(),
    ['Bucket', 'Rules from', 'Enforcement', 'State', 'Matches'],
    'no column without a value',
  )
  const show = async (fields: { search?: string; bucket?: string; decision?: string; reason?: string }) => {
    await page.locator('#search').fill(fields.search ?? '')
    await page.locator('#of-bucket').fill(fields.bucket ?? '')
    await page.locator('#decision').selectOption(fields.decision ?? '')
    await page.locator('#reason').selectOption(fields.reason ?? '')
    await page.getByRole('button', { name: 'Show' }).click()
  }
  const allowed = page.locator('#allowed tbody tr')
  await show({ search: 'site-599' })
  t.strictSame(await denied.locator('th').allTextContents(), ['https://site-599.example'], 'an origin is found')
  await show({ reason: 'method' })
  t.match(await denied.allTextContents(), [/https:\/\/app\.example.*bucket-7.*method/s])
  t.equal(await denied.count(), 1)
  await show({ bucket: 'bucket-7' })
  t.equal(await denied.count(), 9, 'of one bucket: 8 sites and the other method')
  t.equal(await allowed.count(), 1)
  await show({ bucket: 'bucket-7', decision: 'allowed' })
  t.equal(await denied.count(), 0)
  t.match(await page.locator('#denied').textContent(), 'No row fits the filter above.')
  t.equal(await allowed.count(), 1)
  await show({ decision: 'denied' })
  t.equal(await allowed.count(), 0)
  t.match(await page.locator('#denied').textContent(), 'Rows 1 to 25 of 602.')
  await page.locator('#denied').getByRole('link', { name: 'After' }).click()
  t.match(await page.locator('#denied').textContent(), 'Rows 26 to 50 of 602.')
  t.equal(await page.locator('#decision').inputValue(), 'denied', 'the next page has the same filter')

  await page.locator('#buckets summary', { hasText: 'Rules in force' }).first().click()
  t.match(await page.locator('#buckets pre').first().textContent(), /AllowedOrigins: \["https:\/\/app\.example"\]/)
  await page.locator('#health > details > summary').click()
  t.equal(await page.locator('#health dl').isVisible(), false, 'a section folds')
  const yaml = await page.goto(`${proxy.adminUrl}/buckets/bucket-7`)
  t.match(await yaml?.text(), /^# in force: rules from yaml; enforcement: headers\nbuckets:\n {2}"bucket-7":\n/)

  await t.test('an origin that was let in since says so', async t => {
    const text = readFileSync(proxy.configFile, 'utf8')
    writeFileSync(
      proxy.configFile,
      text.replace(`bucket-7: { CORSRules: ${rule('GET')}`, `bucket-7: { CORSRules: ${rule('GET, PUT')}`),
    )
    await until(() => proxy.logs().includes('configuration_reloaded'))
    await page.goto(`${proxy.adminUrl}/?reason=method`)
    t.match(await denied.allTextContents(), [/allowed by the rules in force/])
    t.match(await page.locator('#health').textContent(), 'bucket-7: rule 1 AllowedMethods + PUT')
  })
})
