// A headless Chromium for tests, and what every page is held to.

import axe, { type AxeResults } from 'axe-core'
import { type Browser, chromium, type Page } from 'playwright-core'
import type { Owner } from '../fixtures/recording-upstream.ts'
import { findExecutable, skipWithout, usable } from '../servers/installed.ts'
import '../fixtures/children.ts'

/** The path of Chromium, if one is there that drivers can drive. */
export const chromiumPath = usable({
  name: 'Chromium',
  file: findExecutable(process.env.S3CORS_CHROMIUM, 'chromium', 'chromium-browser', 'google-chrome'),
  oldest: '120',
})

const args =
  '--no-sandbox --disable-dev-shm-usage --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'

/** For the `skip` option of a test. */
export function skipWithoutChromium(): string | false {
  return skipWithout('Chromium', chromiumPath !== undefined, 'apt-get install --no-install-recommends chromium')
}

/** Starts a browser that is closed when `owner` ends; `hosts` are names that lead to this machine. */
export async function launchChromium(owner: Owner, hosts: readonly string[] = []): Promise<Browser> {
  const rules = hosts.map(host => `MAP ${host} 127.0.0.1`).join(', ')
  const browser = await chromium.launch({
    executablePath: chromiumPath ?? '',
    args: [...args.split(' '), ...(rules === '' ? [] : [`--host-resolver-rules=${rules}`])],
  })
  owner.teardown(() => browser.close())
  return browser
}

/** What axe-core finds, one line each; https://www.deque.com/axe/. */
export async function findAccessibilityFaults(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source)
  const { violations } = await page.evaluate<AxeResults>('axe.run()')
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}
