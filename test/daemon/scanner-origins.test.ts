// What scanners of CORS misconfigurations (CORScanner, Corsy) send, derived from the name of the site as they derive it, to an
// endpoint that answers any origin with credentials: only what a rule says itself may be found.

import t from 'tap'
import { corsFields, readResponse } from '../fixtures/client-responses.ts'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { fieldValues } from '../fixtures/request-reader.ts'
import { startTestProxy } from '../fixtures/test-proxy.ts'

const site = 'app.example.org'
const marks = [...'_-"{}+^!~`;|&\'()*,$=', '%60', '%0b', '%00', '\x0b']

/** By what a finding of it is called. */
const tried: Readonly<Record<string, readonly string[]>> = {
  itself: [`https://${site}`],
  reflected: ['https://evil.test', 'http://evil.test'],
  'post-domain': [`https://${site}.evil.test`, `http://${site}.evil.test`],
  'pre-domain': [`https://evil${site}`, 'https://evilexample.org', `https://evil-${site}`],
  null: ['null'],
  substring: ['https://xample.org', 'https://pp.example.org', `https://${site.slice(0, -1)}`],
  'unescaped dot': ['https://appxexample.org', 'https://app.examplexorg'],
  subdomain: [`https://evil.${site}`],
  'http of it': [`http://${site}`],
  'third party': [
    'https://evil.github.io',
    'http://jsbin.com',
    'https://codepen.io',
    'file://',
    'chrome-extension://evil',
  ],
  'special character': marks.map(mark => `https://${site}${mark}.evil.test`),
  sibling: ['https://other.example.org'],
}

const cases: readonly { bucket: string; origins: readonly string[]; found: readonly string[] }[] = [
  { bucket: 'exact', origins: [`https://${site}`], found: ['itself'] },
  { bucket: 'both', origins: [`https://${site}`, `http://${site}`], found: ['itself', 'http of it'] },
  // A rule that trusts all names below a domain says so; names that end alike are not among them.
  { bucket: 'below', origins: [`https://*.${site}`], found: ['subdomain'] },
  { bucket: 'null', origins: ['null'], found: ['null'] },
  { bucket: 'nothing', origins: ['https://elsewhere.test'], found: [] },
]

t.test('scanners find what a rule says, and nothing else', async t => {
  const upstream = await startRecordingUpstream(t, {
    answer: request =>
      `HTTP/1.1 200 OK\r\nContent-Length: 0\r\nAccess-Control-Allow-Origin: ${fieldValues(request, 'origin')[0]}\r\nAccess-Control-Allow-Credentials: true\r\n\r\n`,
  })
  const buckets = Object.fromEntries(
    cases.map(({ bucket, origins }) => [
      bucket,
      { CORSRules: [{ AllowedOrigins: origins, AllowedMethods: ['GET'], AllowedHeaders: ['*'] }] },
    ]),
  )
  const proxy = await startTestProxy(t, upstream.url, { buckets })
  const ask = async (method: string, bucket: string, origin: string, fields = '') => {
    const bytes = `${method} /${bucket}/k HTTP/1.1\r\nHost: a\r\nOrigin: ${origin}\r\n${fields}Connection: close\r\n\r\n`
    return readResponse(await proxy.send(t, Buffer.from(bytes, 'latin1')), method)
  }
  for (const { bucket, found } of cases) {
    for (const [finding, origins] of Object.entries(tried)) {
      for (const origin of origins) {
        for (const response of [
          await ask('GET', bucket, origin),
          await ask('OPTIONS', bucket, origin, 'Access-Control-Request-Method: GET\r\n'),
        ]) {
          const allowed = response.values('access-control-allow-origin')
          t.strictSame(
            allowed,
            found.includes(finding) ? [origin] : [],
            `${bucket}: ${finding}, ${JSON.stringify(origin)}`,
          )
          if (allowed.length === 0) t.strictSame(corsFields(response), [])
        }
      }
    }
  }
})
