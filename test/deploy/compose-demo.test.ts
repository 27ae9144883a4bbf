import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { launchChromium, skipWithoutChromium } from '../browser/chromium.ts'
import { startProxy } from '../fixtures/proxy-process.ts'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { deployFolder } from './tools.ts'

t.setTimeout(120_000)

const folder = join(deployFolder, 'compose')

t.test('the page of the composition shows both answers', { skip: skipWithoutChromium() }, async t => {
  const page = readFileSync(join(folder, 'demo/index.html'), 'utf8')
  let port = 0
  // MinIO's part: the two objects, and an answer to every origin.
  const endpoint = await startRecordingUpstream(t, {
    answer: ({ target }) => {
      const isPage = target === '/demo/index.html'
      const body = isPage ? page.replaceAll(':8080', `:${port}`) : '<svg xmlns="http://www.w3.org/2000/svg"/>'
      const fields = [
        `Content-Type: ${isPage ? 'text/html; charset=utf-8' : 'image/svg+xml'}`,
        `Content-Length: ${Buffer.byteLength(body)}`,
        'ETag: "4c0ffee"',
        `Access-Control-Allow-Origin: http://127.0.0.1:${port}`,
      ]
      return Buffer.from(`HTTP/1.1 200 OK\r\n${fields.join('\r\n')}\r\n\r\n${body}`)
    },
  })
  const proxy = await startProxy('upstream: { url: "http://127.0.0.1:9" }\nbuckets: { demo: { from: none } }\n')
  t.teardown(() => proxy.stop())
  port = proxy.port
  const configuration = readFileSync(join(folder, 'proxy/proxy.yaml'), 'utf8')
    .replace('listen: 0.0.0.0:8080', `listen: 127.0.0.1:${port}`)
    .replace('admin: 0.0.0.0:9464', `admin: ${new URL(proxy.adminUrl).host}`)
    .replace('http://minio:9000', `http://127.0.0.1:${endpoint.port}`)
    .replaceAll(':8080"', `:${port}"`)
  writeFileSync(proxy.configFile, configuration)
  const reload = await fetch(`${proxy.adminUrl}/reload`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
  })
  t.equal(reload.status, 200)

  const browser = await launchChromium(t)
  const shown = await browser.newPage()
  await shown.goto(`http://127.0.0.1:${port}/demo/index.html`)
  await shown.waitForFunction('!document.body.textContent.includes("asking")')
  t.equal(await shown.textContent('#pictures'), 'allowed: status 200, ETag "4c0ffee"')
  t.match(await shown.textContent('#private-pictures'), /^refused: /)
})
