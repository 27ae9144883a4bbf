// The README's first lines without `hosts`, and a DNS name in front: everything says why nothing is allowed.

import { readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { until } from '../fixtures/patience.ts'
import { startProxy } from '../fixtures/proxy-process.ts'
import { raw } from '../fixtures/raw-client.ts'

t.setTimeout(300_000)

const preflight = (host: string) =>
  `OPTIONS /my-media/key HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nOrigin: https://my-app.xyz\r\nAccess-Control-Request-Method: GET\r\n\r\n`

for (const workers of [1, 2]) {
  t.test(`a Host that is not configured explains itself, with ${workers} workers`, async t => {
    const rules = 'CORSRules: [{ AllowedOrigins: ["https://my-app.xyz"], AllowedMethods: [GET] }]'
    const proxy = await startProxy(
      `upstream: { url: "http://127.0.0.1:9" }\nworkers: ${workers}\ndrainSeconds: 1\nbuckets:\n  my-media: { ${rules} }\n`,
    )
    t.teardown(() => proxy.stop('SIGINT'))
    const ask = async (path: string) => (await fetch(proxy.adminUrl + path)).text()
    t.match(proxy.logs(), /"event":"configuration_warning","issue":"[^"]*hosts: \[s3\.example\.com\], the name that/)

    t.match(
      (await raw(proxy.port, preflight('s3.my-site.com:8080'), 5000)).text,
      /^HTTP\/1\.1 403 .*CORSResponse: Bucket not found/s,
    )
    // Each worker reports for itself: the order is that of the reports.
    await until(async () => (await ask('/origins')).includes('unknown_host'))
    t.match((await raw(proxy.port, preflight('my-media.s3.my-site.com'), 5000)).text, /^HTTP\/1\.1 403 /)
    await until(() => proxy.logs().includes('"event":"cors_denied"'))
    await until(async () => (await ask('/origins')).includes('"count": 2'))

    const lines = proxy
      .logs()
      .split('\n')
      .filter(line => line.startsWith('{'))
      .map(line => JSON.parse(line) as Record<string, unknown>)
    t.match(
      lines.filter(({ event }) => event === 'unknown_host').map(({ todo }) => todo),
      new Set([
        'add hosts: [s3.my-site.com], or virtualHosts if buckets stand before the name',
        'add virtualHosts: [s3.my-site.com]: the bucket my-media stands before it',
      ]),
    )
    t.match(
      lines.find(({ event }) => event === 'cors_denied'),
      {
        reason: 'unknown_host',
        host: 's3.my-site.com:8080',
        change: 'hosts: [s3.my-site.com]',
        changeWhere: 'at the top of the configuration, or virtualHosts if buckets stand before the name',
        changeHow: 'add the line',
      },
    )
    t.match(
      await ask('/metrics'),
      /s3cors_decisions_total\{bucket="other",kind="preflight",decision="denied",reason="unknown_host"\} 2/,
    )
    t.match(await ask('/origins'), /"reason": "unknown_host",[^}]*"unknownHost": "my-media\.s3\.my-site\.com"/s)
    const page = await ask('/')
    t.match(page, 'the configuration does not know the Host')
    t.match(page, /the Host <code>my-media\.s3\.my-site\.com<\/code> is not in the configuration/)
    t.match(page, 'add virtualHosts: [s3.my-site.com]: the bucket my-media stands before it')

    // A second `hosts` would be a fault, and one in its place would lose the first.
    const before = readFileSync(proxy.configFile, 'utf8')
    writeFileSync(proxy.configFile, `hosts: [files.my-site.com]\n${before}`)
    await until(() => proxy.logs().includes('configuration_reloaded'))
    await raw(proxy.port, preflight('other.my-site.com'), 5000)
    const todo =
      'add other.my-site.com to hosts (keep the name that is there), or virtualHosts if buckets stand before the name'
    await until(() => proxy.logs().includes(todo))
    t.match(proxy.logs(), todo)
    const url = new URLSearchParams({
      'url-of-object': 'http://other.my-site.com/my-media/key',
      origin: 'https://my-app.xyz',
    })
    t.match(JSON.parse(await ask(`/explain?${url}`)), {
      reason: 'unknown_host',
      change: {
        yaml: 'hosts:\n  - other.my-site.com',
        where: 'in hosts, or virtualHosts if buckets stand before the name',
        how: 'add the name, and keep the name that is there',
      },
    })
    await until(async () => (await ask('/buckets')).includes(todo))
    t.match(await ask('/buckets'), todo)
    t.match(await ask('/'), `If this is a name of the proxy, ${todo}`)
  })
}
