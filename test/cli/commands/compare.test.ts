import t from 'tap'
import { runCli, runCommand } from '../../fixtures/run-cli.ts'
import { makeSeen, originsAnswer } from '../../fixtures/seen-requests.ts'

t.setTimeout(120_000)

const seen = [
  makeSeen({ decision: 'allowed', actual: 4 }),
  makeSeen({ decision: 'allowed', method: 'PUT', headers: ['x-amz-date'], preflights: 2, actual: 0 }),
  makeSeen({ origin: 'https://new.example.com' }),
]
const configuration = (rules: string) =>
  `upstream: { url: "http://127.0.0.1:9000" }\nbuckets: { media: { CORSRules: [${rules}] } }\n`
const rule = (origins: string, methods: string, headers = '') =>
  `{ AllowedOrigins: [${origins}], AllowedMethods: [${methods}], AllowedHeaders: [${headers}], ExposeHeaders: [ETag] }`
const files = {
  'seen.json': originsAnswer(seen),
  'same.yaml': configuration(rule('"https://app.example.com"', 'GET, PUT', 'x-amz-*')),
  'less.yaml': configuration(rule('"https://app.example.com"', 'GET, PUT')),
  'more.yaml': configuration(
    `${rule('"https://*.example.com"', 'GET, PUT', 'x-amz-*')}, ${rule('"https://idle.example.net"', 'GET')}`,
  ),
  'bad.yaml': 'upstream: { url: 1 }\n',
}

t.test('newly refused comes first, with how often and why', async t => {
  const { code, out, err } = await runCli(
    ['compare', '--config', 'less.yaml', '--file', 'seen.json'],
    {},
    t.testdir(files),
  )
  t.strictSame([code, err], [1, ''])
  t.equal(
    out,
    `Newly refused: 1
  BUCKET  ORIGIN                   METHOD  HEADERS     COUNT  LAST SEEN             WHY
  media   https://app.example.com  PUT     x-amz-date  2      2026-01-02T04:00:00Z  header

Newly allowed: nothing.
Same as today: 2 kinds of requests.
Every rule matches something that was seen.
`,
  )
})

t.test('newly allowed, and a rule that nothing needs', async t => {
  const { code, out } = await runCommand(
    ['compare', '--config', 'more.yaml', '--file', 'seen.json'],
    {},
    t.testdir(files),
  )
  t.equal(code, 0)
  t.match(out, /^Newly refused: nothing\.\nNewly allowed: 1\n/)
  t.match(out, /https:\/\/new\.example\.com +GET +- +1 +2026-01-02T04:00:00Z +matched\n/)
  t.match(out, 'Rules that match nothing that was seen:\n  media: rule 2\n')
})

t.test('--json is the same as data', async t => {
  const args = ['compare', '--config', 'less.yaml', '--file', 'seen.json', '--json']
  const { code, out } = await runCommand(args, {}, t.testdir(files))
  t.equal(code, 1)
  t.strictSame(JSON.parse(out), {
    refused: [
      {
        bucket: 'media',
        origin: 'https://app.example.com',
        method: 'PUT',
        headers: ['x-amz-date'],
        count: 2,
        reason: 'header',
        lastSeen: '2026-01-02T04:00:00.000Z',
      },
    ],
    allowed: [],
    same: 2,
    unusedRules: [],
    unknownBuckets: [],
  })
})

t.test('--with says what today is, whatever was answered when it came', async t => {
  const args = ['compare', '--config', 'same.yaml', '--with', 'less.yaml', '--file', 'seen.json']
  const { code, out } = await runCommand(args, {}, t.testdir(files))
  t.equal(code, 0)
  t.match(out, /^Newly refused: nothing\.\nNewly allowed: 1\n/)
})

const codes: readonly { next: string; failOn: string; code: number }[] = [
  { next: 'less.yaml', failOn: 'refused', code: 1 },
  { next: 'less.yaml', failOn: 'allowed', code: 0 },
  { next: 'less.yaml', failOn: 'any', code: 1 },
  { next: 'less.yaml', failOn: 'none', code: 0 },
  { next: 'more.yaml', failOn: 'refused', code: 0 },
  { next: 'more.yaml', failOn: 'allowed', code: 1 },
  { next: 'more.yaml', failOn: 'any', code: 1 },
  { next: 'same.yaml', failOn: 'any', code: 0 },
]
for (const { next, failOn, code } of codes) {
  t.test(`${next} with --fail-on ${failOn} ends with ${code}`, async t => {
    const args = ['compare', '--config', next, '--file', 'seen.json', '--fail-on', failOn]
    t.equal((await runCommand(args, {}, t.testdir(files))).code, code)
  })
}

const refused: readonly { args: readonly string[]; err: RegExp }[] = [
  { args: ['--file', 'seen.json'], err: /no configuration/ },
  { args: ['--config', 'same.yaml'], err: /allowed: --url URL or --file FILE/ },
  { args: ['--config', 'bad.yaml', '--file', 'seen.json'], err: /bad\.yaml:1/ },
  { args: ['--config', 'same.yaml', '--with', 'bad.yaml', '--file', 'seen.json'], err: /bad\.yaml:1/ },
  {
    args: ['--config', 'same.yaml', '--file', 'seen.json', '--fail-on', 'constructor'],
    err: /--fail-on: expected refused, allowed, any, none, got "constructor"/,
  },
]
for (const { args, err } of refused) {
  t.test(`compare ${args.join(' ')} is refused`, async t => {
    const result = await runCommand(['compare', ...args], {}, t.testdir(files))
    t.equal(result.code, 64)
    t.match(result.err, err)
  })
}
