// What an operator sees of the names in Host: in /readyz, /status and /explain, of one process and of workers.

import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { askAdmin } from '../clients/http-request.ts'
import { listen } from '../fixtures/client-side.ts'
import { startProxy } from '../fixtures/proxy-process.ts'
import { runCli } from '../fixtures/run-cli.ts'

t.setTimeout(300_000)

for (const workers of [1, 2]) {
  t.test(`${workers === 1 ? 'one process' : 'two workers'}`, async t => {
    let answered = 0
    // It takes buckets from `BUCKET.s3.example.com`, and from no other Host.
    const port = await listen(
      t,
      createServer((request, response) => {
        const host = String(request.headers.host).replace(/:\d+$/, '')
        const inHost = host.endsWith('.s3.example.com') ? host.slice(0, -15) : undefined
        const bucket = inHost ?? request.url?.split('/')[1]
        void sleep(200).then(() => {
          answered++
          response.writeHead(404, { 'content-type': 'application/xml' })
          response.end(`<Error><Code>NoSuchBucket</Code><BucketName>${bucket}</BucketName></Error>`)
        })
      }),
    )
    const rules = '{ CORSRules: [{ AllowedOrigins: ["https://app.example"], AllowedMethods: [GET] }] }'
    const proxy = await startProxy(
      `upstream: { url: "http://localhost:${port}" }\nworkers: ${workers}\nvirtualHosts: [s3.example.com]\nbuckets: { media: ${rules} }`,
    )
    t.teardown(() => proxy.stop('SIGINT'))
    const whenReady = answered
    t.ok(whenReady >= 5 * workers, `ready after ${whenReady} answers of the endpoint about names`)

    const get = async (path: string) => JSON.parse(String((await askAdmin({ url: `${proxy.adminUrl}${path}` })).body))
    const { names } = await get('/status')
    t.strictSame(
      names.map(({ since, ...line }: { since: string }) => ({
        ...line,
        dated: Math.abs(Date.now() - Date.parse(since)) < 60_000,
      })),
      [
        { setting: 'virtualHosts', name: 's3.example.com', endpoint: 'virtual', bucketFrom: 'host', dated: true },
        { setting: 'upstream.url', name: 'localhost', endpoint: 'path', bucketFrom: 'both', dated: true },
        { setting: 'other labels', endpoint: 'path', bucketFrom: 'path', dated: true },
      ],
    )
    const explain = async (url: string) =>
      (await get(`/explain?url-of-object=${encodeURIComponent(url)}&method=GET&origin=https://app.example`)).notes
    t.match(await explain('http://media.s3.example.com/key'), [
      'the URL names the bucket "media"',
      'the bucket is taken from the Host, not from the path',
    ])
    t.match(
      (await explain('http://media.localhost/other/key')).join(' '),
      /an endpoint may read "other" from this Host or path: unless the rules of all say the same, the request gets 400 \(host_read_two_ways\)/,
    )
    t.notMatch((await explain('http://label/media/key')).join(' '), /rules of all/, 'what was found counts')

    const command = async (url: string, ...more: readonly string[]) => {
      const args = ['explain', '--url', proxy.adminUrl, '--url-of-object', url, '--origin', ...more]
      const { code, out, err } = await runCli(args)
      t.strictSame([code, err], [0, ''])
      return out
    }
    t.match(
      await command('http://media.s3.example.com/key', 'https://app.example', '--actual'),
      /the URL names the bucket "media"\.\nNote: the bucket is taken from the Host.*\nALLOWED \(matched\).* {2}rule 1: matches\n.*\n {2}Access-Control-Allow-Origin: https:\/\/app\.example\n.*The page may read: /s,
      'the command tells as much as with one process',
    )
    t.match(
      await command('http://media.s3.example.com/key', 'https://new.example'),
      /DENIED \(origin\).*in rule 1 of bucket "media" \(.*config\.yaml:4\):\nadd to AllowedOrigins, /s,
    )
    t.match(
      await command('http://s3.other.example/media/key', 'https://app.example'),
      /DENIED \(unknown_host\).*add hosts: \[s3\.other\.example\], or to virtualHosts if/s,
    )
  })
}
