// The two browsers themselves: a test in a browser shows something only if these hold.

import t from 'tap'
import { startInternet } from './internet.ts'
import { browserNames, launchBrowser, skipWithoutBrowser } from './web-browser.ts'

t.setTimeout(300_000)

for (const name of browserNames) {
  t.test(name, { skip: skipWithoutBrowser(name) }, async t => {
    const internet = await startInternet(t)
    await internet.serve(['https://my-app.xyz', 'http://my-app.xyz', 'https://other.example:8443'])
    let preflights = 0
    await internet.serve(['https://my-media.s3.example'], (request, response) => {
      if (request.method === 'OPTIONS') preflights++
      const allowed = request.url === '/allowed'
      response.writeHead(200, allowed ? { 'Access-Control-Allow-Origin': request.headers.origin } : {})
      response.end(JSON.stringify(request.headers))
    })
    const browser = await launchBrowser(t, name, internet)
    t.match(browser.version, new RegExp(name === 'Chromium' ? 'Chrom' : 'firefox', 'i'), browser.version)

    for (const origin of ['https://my-app.xyz', 'http://my-app.xyz', 'https://other.example:8443']) {
      await t.test(`a page is served as ${origin}`, async t => {
        const page = await browser.open(`${origin}/folder/page`)
        t.equal(await page.run('return location.origin'), origin)
        const fetched = 'return JSON.parse(await (await fetch(url)).text())'
        const headers = await page.run(fetched, { url: 'https://my-media.s3.example/allowed' })
        t.match(headers, { origin, host: 'my-media.s3.example' })
        await page.close()
      })
    }

    await t.test('what a browser refuses is an error, and its console says why', async t => {
      const page = await browser.open('https://my-app.xyz')
      const url = 'https://my-media.s3.example/refused'
      await t.rejects(page.run('return (await fetch(url)).status', { url }), /TypeError: /)
      t.match(await page.heard(/Access-Control-Allow-Origin/), url)
      await t.rejects(page.run('await fetch(url, { method: "PUT" })', { url }), /TypeError: /)
      t.equal(preflights, 1, 'a preflight was sent')
      t.match(page.failures.join('\n'), url)
      await page.close()
    })

    await t.test('profiles share nothing', async t => {
      const [one, two] = [
        await browser.open('https://my-app.xyz', 'one'),
        await browser.open('https://my-app.xyz', 'two'),
      ]
      await one.run('document.cookie = "a=1; Secure"')
      t.equal(await one.run('return document.cookie'), 'a=1')
      t.equal(await two.run('return document.cookie'), '')
      const three = await browser.open('https://my-app.xyz', 'one')
      t.equal(await three.run('return document.cookie'), 'a=1')
      for (const page of [one, two, three]) await page.close()
    })

    await t.test('there is no other internet', async t => {
      const page = await browser.open('https://my-app.xyz')
      await t.rejects(page.run('await fetch("https://elsewhere.example/", { mode: "no-cors" })'), /TypeError: /)
      t.ok(internet.refused.includes('elsewhere.example:443'))
      await page.close()
    })
  })
}
