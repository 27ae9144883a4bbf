import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { runCli, runCommand } from '../../fixtures/run-cli.ts'
import { SeededRandom } from '../../fixtures/seeded-random.ts'
import { makeSeen, originsAnswer, randomTraffic } from '../../fixtures/seen-requests.ts'

t.setTimeout(120_000)

const seen = [
  makeSeen({ actual: 3 }),
  makeSeen({ method: 'PUT', headers: ['content-type', 'x-amz-date'], preflights: 2, actual: 0 }),
  makeSeen({ method: 'PUT', actual: 2 }),
  makeSeen({ origin: 'https://old.example.com', decision: 'allowed', actual: 9 }),
  makeSeen({ origin: 'null' }),
  makeSeen({ bucket: 'logs', origin: 'https://stats.example.com' }),
]

t.test('a configuration comes out, each line with what was seen of it', async t => {
  const directory = t.testdir({ 'seen.json': originsAnswer(seen, 7) })
  const { code, out, err } = await runCli(['suggest', '--file', 'seen.json'], {}, directory)
  t.strictSame([code, err], [0, ''])
  t.equal(
    out,
    `# Suggested from what was seen: the fewest rules that allow it. Nothing of this is in force.
# Each line allows something, perhaps to a stranger: take out what is not yours. Then:
#   1. s3-cors-proxy check --config THIS_FILE
#   2. s3-cors-proxy compare --config THIS_FILE --file seen.json: what it would refuse and allow
#   3. put its buckets into your configuration, which has hosts, listen, tls and the rest
# Further requests that are left out, because their origins are not known: 28.
upstream: { url: "http://127.0.0.1:9000" } # write the URL of your endpoint here
buckets:
  "logs":
    CORSRules:
      - AllowedOrigins:
          - "https://stats.example.com" # 1 request, 2026-01-02T03:00:00Z to 2026-01-02T04:00:00Z
        AllowedMethods:
          - "GET" # 1 request of 1 origin, 2026-01-02T03:00:00Z to 2026-01-02T04:00:00Z
  "media":
    CORSRules:
      - AllowedOrigins:
          - "https://app.example.com" # 3 requests, 2026-01-02T03:00:00Z to 2026-01-02T04:00:00Z
          - "https://old.example.com" # 9 requests, 2026-01-02T03:00:00Z to 2026-01-02T04:00:00Z
        AllowedMethods:
          - "GET" # 12 requests of 2 origins, 2026-01-02T03:00:00Z to 2026-01-02T04:00:00Z
      # check warns: x-amz-date is allowed, but not authorization, amz-sdk-invocation-id, amz-sdk-request, x-amz-content-sha256, x-amz-user-agent, which AWS SDK v3 sends with it from a page: every request is refused
      - AllowedOrigins:
          - "https://app.example.com" # 2 requests and 2 preflights, 2026-01-02T03:00:00Z to 2026-01-02T04:00:00Z
        AllowedMethods:
          - "PUT" # 2 requests and 2 preflights of 1 origin, 2026-01-02T03:00:00Z to 2026-01-02T04:00:00Z
        AllowedHeaders:
          - "content-type" # 2 preflights of 1 origin, 2026-01-02T03:00:00Z to 2026-01-02T04:00:00Z
          - "x-amz-date" # 2 preflights of 1 origin, 2026-01-02T03:00:00Z to 2026-01-02T04:00:00Z
        ExposeHeaders: ["ETag"] # uploads were seen: the SDKs need them to complete an upload
  # Of "media", not suggested:
  #   - "null" # "GET": 1 request, 2026-01-02T03:00:00Z to 2026-01-02T04:00:00Z
  #     "null" is the origin of every sandboxed frame, of local files and of some redirects, so every page can have it
`,
  )
})

const chosen: readonly { args: readonly string[]; has: readonly string[]; lacks: readonly string[] }[] = [
  { args: ['--bucket', 'logs'], has: ['"logs":'], lacks: ['media'] },
  { args: ['--min-count', '4'], has: ['app.example.com', 'old.example.com'], lacks: ['logs', 'null'] },
  { args: ['--decision', 'allowed'], has: ['old.example.com'], lacks: ['app.example.com', 'logs'] },
  { args: ['--decision', 'denied'], has: ['app.example.com', 'logs'], lacks: ['old.example.com'] },
  {
    args: ['--wildcards'],
    has: ['"https://*.example.com" # 12 requests of 2 origins'],
    lacks: ['"https://old.example.com"'],
  },
  { args: ['--bucket', 'nowhere'], has: ['buckets: {}'], lacks: ['CORSRules'] },
]
for (const { args, has, lacks } of chosen) {
  t.test(args.join(' '), async t => {
    const { code, out } = await runCommand(
      ['suggest', '--file', 'seen.json', ...args],
      {},
      t.testdir({ 'seen.json': originsAnswer(seen) }),
    )
    t.equal(code, 0)
    for (const text of has) t.ok(out.includes(text), `${text} is there`)
    for (const text of lacks) t.notOk(out.includes(text), `${text} is not`)
  })
}

t.test('several files are added up, as of replicas', async t => {
  const directory = t.testdir({ 'a.json': originsAnswer(seen), 'b.json': originsAnswer(seen) })
  const { out } = await runCommand(
    ['suggest', '--file', 'a.json', '--file', 'b.json', '--bucket', 'logs'],
    {},
    directory,
  )
  t.match(out, '"https://stats.example.com" # 2 requests')
})

t.test('hostile values stay in their quotes', async t => {
  const evil = '"\n  - "https://evil.example'
  const hostile = [
    makeSeen({ origin: evil }),
    makeSeen({ method: `X${evil}` }),
    makeSeen({ bucket: evil }),
    makeSeen({ headers: [evil] }),
  ]
  const { code, out } = await runCommand(
    ['suggest', '--file', 'seen.json'],
    {},
    t.testdir({ 'seen.json': originsAnswer(hostile) }),
  )
  t.equal(code, 0)
  for (const line of out.split('\n').filter(line => line.includes('evil'))) t.match(line, /^ *#/)
  t.match(out, /^[\n -~]*$/)
})

t.test(
  'check takes what comes out, warns of nothing that is not told in it, and compare says that it changes nothing for what was seen',
  async t => {
    for (let seed = 1; seed <= 3; seed++) {
      const directory = t.testdir()
      mkdirSync(directory, { recursive: true })
      const traffic = randomTraffic(new SeededRandom(seed), { origins: 8, names: 5, requests: 60 })
      const allowed = traffic.map(one => ({ ...one, decision: 'allowed' as const }))
      writeFileSync(join(directory, 'seen.json'), originsAnswer(allowed))
      const { out } = await runCommand(['suggest', '--file', 'seen.json'], {}, directory)
      writeFileSync(join(directory, 'next.yaml'), out)
      const checked = await runCommand(['check', '--config', 'next.yaml'], {}, directory)
      t.equal(checked.code, 0)
      t.match(checked.out, /: 0 faults, \d+ warnings?, 1 bucket\n$/)
      // Rules for exactly what was seen may be too narrow for a client that was not seen: each such warning stands beside its rule.
      const warned = [...checked.out.matchAll(/CORSRules\S*: (.*?); allowed: /g)].map(([, message = '']) => message)
      for (const message of warned) t.ok(out.includes(`# check warns: ${message}`), message)
      const compared = await runCommand(
        ['compare', '--config', 'next.yaml', '--file', 'seen.json', '--json', '--fail-on', 'any'],
        {},
        directory,
      )
      t.equal(compared.code, 0)
      t.match(JSON.parse(compared.out), { refused: [], allowed: [], unusedRules: [], unknownBuckets: [] })
    }
  },
)

const refused: readonly { args: readonly string[]; code: number; err: RegExp }[] = [
  { args: [], code: 64, err: /allowed: --url URL or --file FILE/ },
  { args: ['--file', 'no.json'], code: 64, err: /no\.json/ },
  { args: ['--file', 'bad.json'], code: 64, err: /bad\.json: expected what \/origins answers, got something else/ },
  { args: ['--file', 'text'], code: 64, err: /text: expected what \/origins answers/ },
  { args: ['--file', 'seen.json', '--min-count', 'x'], code: 64, err: /--min-count: expected a number, got "x"/ },
  {
    args: ['--file', 'seen.json', '--decision', 'x'],
    code: 64,
    err: /--decision: expected allowed or denied, got "x"/,
  },
  { args: ['--url', 'ftp://x'], code: 64, err: /--url/ },
  { args: ['--url', 'http://127.0.0.1:9'], code: 1, err: /127\.0\.0\.1:9/ },
]
for (const { args, code, err } of refused) {
  t.test(`suggest ${args.join(' ')} is refused`, async t => {
    const directory = t.testdir({ 'seen.json': originsAnswer(seen), 'bad.json': '{"buckets":[{}]}', text: 'no' })
    const result = await runCommand(['suggest', ...args], {}, directory)
    t.equal(result.code, code)
    t.match(result.err, err)
    t.equal(result.out, '')
  })
}

t.test('a part of a longer answer is told to be one', async t => {
  const whole = JSON.parse(originsAnswer(seen))
  const directory = t.testdir({ 'seen.json': JSON.stringify({ ...whole, next: '?offset=10000' }) })
  const { code, err } = await runCommand(['suggest', '--file', 'seen.json'], {}, directory)
  t.equal(code, 0)
  t.match(err, 'holds a part of what was seen')
})

t.test('a server that always has one more part is left', async t => {
  let parts = 0
  const server = createServer((_request, response) => {
    parts++
    response.end(JSON.stringify({ buckets: [], next: '?offset=0' }))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const { code, err } = await runCommand(['suggest', '--url', `http://127.0.0.1:${port}`], {}, t.testdir({}))
  t.equal(code, 1)
  t.match(err, /expected at most 64 parts of \/origins, got more\n$/)
  t.equal(parts, 64)
})
