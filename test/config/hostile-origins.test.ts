import t from 'tap'
import { issueLines, parseText, upstreamLine } from '../fixtures/parsed-text.ts'

/** What is said of each AllowedOrigin: nothing that allows more than a person may think is taken over without a word. */
const cases: readonly (readonly [origin: string, said: RegExp])[] = [
  ['http://app.example', /can change the pages of an http:\/\/ origin/],
  ['https://*.github.io', /strangers can get a host name/],
  ['https://*.com', /strangers can get a host name/],
  ['https://*', /strangers can get a host name/],
  ['file://', /local files have no origin/],
  ['https://user@app.example', /scheme, host and port only/],
  ['https://app.example/path', /scheme, host and port only/],
  ['https://app.example?query', /scheme, host and port only/],
  ['https://app.example#fragment', /scheme, host and port only/],
  ['https://app.example/', /no slash at its end/],
  ['https://app.example:443', /leave out the port :443/],
  ['https://APP.example', /lower case/],
  ['https://\u00e4pp.example', /in ASCII/],
  ['null', /sandboxed frame/],
]

t.test('each origin that a person may regret has a warning at its line, with what is allowed instead', async t => {
  const origins = cases.map(([origin]) => `        - ${JSON.stringify(origin)}\n`)
  const text = `${upstreamLine}buckets:\n  web:\n    CORSRules:\n      - AllowedMethods: [GET]\n        AllowedOrigins:\n${origins.join('')}`
  const parsed = parseText(text)
  const lines = issueLines(parsed)
  for (const [index, [origin, said]] of cases.entries()) {
    const place = `config/proxy.yaml:${text.split('\n').findIndex(line => line.includes('AllowedOrigins')) + 2 + index}:11: `
    const about = lines.filter(line => line.startsWith(place))
    t.equal(about.length, 1, `${origin} at ${place}`)
    t.match(about[0], said, origin)
    t.match(about[0], /; allowed: \S/, origin)
  }
})
