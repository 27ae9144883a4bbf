// Chromium and Firefox, headless, behind one small interface: https://pptr.dev drives both.

import { launch, type Page } from 'puppeteer-core'
import { patientMs } from '../fixtures/patience.ts'
import type { Owner } from '../fixtures/recording-upstream.ts'
import { skipWithoutOpenssl } from '../fixtures/test-authority.ts'
import { findExecutable, skipWithout, usable } from '../servers/installed.ts'
import { chromiumPath } from './chromium.ts'
import type { Internet } from './internet.ts'
import '../fixtures/children.ts'

export type BrowserName = 'Chromium' | 'Firefox'

export const browserNames: readonly BrowserName[] = ['Chromium', 'Firefox']

const executables = {
  Chromium: chromiumPath,
  Firefox: usable({
    name: 'Firefox',
    file: findExecutable(process.env.S3CORS_FIREFOX, 'firefox-esr', 'firefox'),
    oldest: '128',
  }),
}

const packages = { Chromium: 'chromium', Firefox: 'firefox-esr' }

/** For the `skip` option of a test that runs in `name`. */
export function skipWithoutBrowser(name: BrowserName): string | false {
  const howToGetIt = `apt-get install --no-install-recommends ${packages[name]}`
  return skipWithout(name, executables[name] !== undefined, howToGetIt) || skipWithoutOpenssl()
}

/** For the `skip` option of a test that runs in each browser that is there. */
export function skipWithoutAnyBrowser(): string | false {
  return browserNames.every(name => skipWithoutBrowser(name)) && skipWithoutBrowser('Chromium')
}

export interface WebPage {
  /** What the console shows. */
  readonly console: readonly string[]
  /** `METHOD URL: reason` of every request that got no response which the page may have. */
  readonly failures: readonly string[]
  /**
   * Runs `body`, of an async function with the names in `values` as parameters, in the page. What it returns must be JSON;
   * what it throws rejects with `NAME: MESSAGE`.
   */
  run(body: string, values?: Readonly<Record<string, unknown>>): Promise<unknown>
  goto(url: string): Promise<void>
  /** Resolves with the first line of the console in which `text` is, also one that is there already. */
  heard(text: string | RegExp): Promise<string>
  close(): Promise<void>
}

export interface WebBrowser {
  readonly name: BrowserName
  /** As it says itself. */
  readonly version: string
  /** A tab at `url`; tabs share their cookies and their cache with the tabs of the same `profile`. */
  open(url: string, profile?: string): Promise<WebPage>
}

const chromiumArgs = `--no-sandbox --disable-dev-shm-usage --disable-gpu --disable-quic --no-first-run
  --disable-background-networking --disable-component-update --disable-sync --autoplay-policy=no-user-gesture-required
  --disable-features=HttpsUpgrades,HttpsFirstBalancedMode,HttpsFirstBalancedModeAutoEnable`

/** On top of what the driver sets, which already turns off updates, telemetry and services. */
const firefoxPrefs = {
  'network.proxy.type': 1,
  'network.proxy.socks': '127.0.0.1',
  'network.proxy.socks_version': 5,
  'network.proxy.socks_remote_dns': true,
  'network.proxy.socks5_remote_dns': true,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'network.trr.mode': 5,
  'network.http.http3.enable': false,
  'dom.security.https_first': false,
  'media.autoplay.default': 0,
  'media.gmp-manager.updateEnabled': false,
  'services.settings.server': 'data:,',
  'browser.newtabpage.enabled': false,
  'privacy.trackingprotection.enabled': false,
}

/** Starts a browser that has nothing but `internet`; closed when `owner` ends. */
export async function launchBrowser(owner: Owner, name: BrowserName, internet: Internet): Promise<WebBrowser> {
  const executablePath = executables[name] ?? ''
  const patience = { timeout: patientMs(120_000), protocolTimeout: patientMs(120_000) }
  const browser =
    name === 'Chromium'
      ? await launch({
          ...patience,
          browser: 'chrome',
          executablePath,
          args: [
            ...chromiumArgs.split(/\s+/),
            `--proxy-server=socks5://127.0.0.1:${internet.port}`,
            `--ignore-certificate-errors-spki-list=${internet.authority.keyHash}`,
          ],
        })
      : await launch({
          ...patience,
          browser: 'firefox',
          executablePath,
          acceptInsecureCerts: true,
          extraPrefsFirefox: { ...firefoxPrefs, 'network.proxy.socks_port': internet.port },
        })
  owner.teardown(() => browser.close())
  const profiles = new Map<string, ReturnType<typeof browser.createBrowserContext>>()

  return {
    name,
    version: await browser.version(),
    async open(url, profile = 'default') {
      if (!profiles.has(profile)) profiles.set(profile, browser.createBrowserContext())
      const context = await profiles.get(profile)
      if (context === undefined) throw new Error(`no profile ${profile}`)
      const page = watch(await context.newPage())
      await page.goto(url)
      return page
    },
  }
}

function watch(page: Page): WebPage {
  const said: string[] = []
  const failures: string[] = []
  const listeners = new Set<() => void>()
  const say = (line: string) => {
    said.push(line)
    for (const listener of listeners) listener()
  }
  page.on('console', message => say(message.text()))
  page.on('pageerror', error => say(String(error)))
  page.on('requestfailed', request => {
    failures.push(`${request.method()} ${request.url()}: ${request.failure()?.errorText}`)
  })
  return {
    console: said,
    failures,
    async run(body, values = {}) {
      const script = `(async ({ ${Object.keys(values).join(', ')} }) => { ${body} })(${JSON.stringify(values)})`
      const outcome = await page.evaluate(
        `${script}.then(value => ({ value }), error => ({ error: error.name + ': ' + error.message }))`,
      )
      const { value, error } = outcome as { value?: unknown; error?: string }
      if (error !== undefined) throw new Error(error)
      return value
    },
    async goto(url) {
      await page.goto(url, { timeout: patientMs(60_000) })
    },
    heard(text) {
      return new Promise((resolve, reject) => {
        const look = () => {
          const line = said.find(line => (typeof text === 'string' ? line.includes(text) : text.test(line)))
          if (line === undefined) return
          listeners.delete(look)
          clearTimeout(timer)
          resolve(line)
        }
        const timer = setTimeout(() => {
          listeners.delete(look)
          reject(new Error(`The console never said ${text}, but ${JSON.stringify(said)}`))
        }, patientMs(30_000))
        listeners.add(look)
        look()
      })
    },
    close: () => page.close(),
  }
}
