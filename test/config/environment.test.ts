import t from 'tap'
import { overlay } from '../../src/config/environment.ts'
import { describeIssue } from '../../src/config/issue.ts'

t.test('a flag wins over the environment, the environment over the file', async t => {
  const file = { listen: ':1', admin: ':1', vary: 'always', upstream: { url: 'http://a' } }
  const { raw, sources, issues } = overlay(
    file,
    { S3CORS_LISTEN: ':2', S3CORS_ADMIN: ':2', HOME: '/root' },
    { listen: ':3', 'upstream-host': 'rewrite' },
  )
  t.strictSame(raw, { listen: ':3', admin: ':2', vary: 'always', upstream: { url: 'http://a', host: 'rewrite' } })
  t.strictSame(Object.fromEntries(sources), {
    listen: '--listen',
    admin: 'S3CORS_ADMIN',
    'upstream.host': '--upstream-host',
  })
  t.strictSame(issues, [])
  t.strictSame(
    file,
    { listen: ':1', admin: ':1', vary: 'always', upstream: { url: 'http://a' } },
    'the file stays as it was',
  )
})

const readings: readonly { flag: string; text: string; path: readonly string[]; value: unknown }[] = [
  { flag: 'workers', text: '4', path: ['workers'], value: 4 },
  { flag: 'drain-seconds', text: '2.5', path: ['drainSeconds'], value: 2.5 },
  { flag: 'drain-seconds', text: '0x10', path: ['drainSeconds'], value: '0x10' },
  { flag: 'drain-seconds', text: '', path: ['drainSeconds'], value: '' },
  { flag: 'drain-seconds', text: '1e3', path: ['drainSeconds'], value: '1e3' },
  { flag: 'log-access', text: 'true', path: ['log', 'access'], value: true },
  { flag: 'log-access', text: 'false', path: ['log', 'access'], value: false },
  { flag: 'log-access', text: '1', path: ['log', 'access'], value: '1' },
  { flag: 'hosts', text: 'a, b,c', path: ['hosts'], value: ['a', 'b', 'c'] },
  { flag: 'hosts', text: ' ', path: ['hosts'], value: [] },
  { flag: 'hosts', text: 'a,,b', path: ['hosts'], value: ['a', '', 'b'] },
  { flag: 'listen', text: '8080', path: ['listen'], value: '8080' },
]
for (const { flag, text, path, value } of readings) {
  t.test(`--${flag} "${text}" is ${JSON.stringify(value)}`, async t => {
    let read: unknown = overlay(undefined, {}, { [flag]: text }).raw
    for (const step of path) read = (read as Record<string, unknown>)[step]
    t.strictSame(read, value)
  })
}

const unknown: readonly {
  environment: Record<string, string>
  flags?: Record<string, string>
  lines: readonly string[]
}[] = [
  {
    environment: { S3CORS_LISTN: ':80' },
    lines: [
      'S3CORS_LISTN: unknown environment variable; allowed: a setting as S3CORS_SECTION_KEY, did you mean S3CORS_LISTEN?',
    ],
  },
  {
    environment: { S3CORS_QUEUE: '1' },
    lines: [
      'S3CORS_QUEUE: unknown environment variable; allowed: a setting as S3CORS_SECTION_KEY, did you mean S3CORS_UPSTREAM_QUEUE?',
    ],
  },
  {
    environment: { S3CORS_SOMETHING_ELSE_ALTOGETHER: 'secret' },
    lines: ['S3CORS_SOMETHING_ELSE_ALTOGETHER: unknown environment variable; allowed: a setting as S3CORS_SECTION_KEY'],
  },
  {
    environment: {
      S3CORS_CONFIG: 'a',
      S3CORS_ADMIN_TOKEN: 'a',
      S3CORS_ADMIN_TOKEN_FILE: 'a',
      S3_CORS_PROXY_PORT: 'tcp://10.0.0.1',
    },
    lines: [],
  },
  {
    environment: {},
    flags: { 'upstream-cafile': 'a', toString: 'a' },
    lines: [
      '--upstream-cafile: unknown flag; allowed: a setting as --section-key, did you mean --upstream-ca-file?',
      '--toString: unknown flag; allowed: a setting as --section-key',
    ],
  },
]
for (const { environment, flags = {}, lines } of unknown) {
  t.test(`${[...Object.keys(environment), ...Object.keys(flags)].join(', ')}: ${lines.length} unknown`, async t => {
    const { issues } = overlay({}, environment, flags)
    t.strictSame(issues.map(describeIssue), lines)
    for (const issue of issues) t.equal(issue.value, undefined, 'the value is not repeated: it may be a secret')
  })
}

t.test('what the file has in the place of a section stays, so that it is a fault there', async t => {
  const { raw, sources } = overlay({ upstream: 'http://a' }, { S3CORS_UPSTREAM_URL: 'http://b' }, {})
  t.strictSame(raw, { upstream: 'http://a' })
  t.equal(sources.size, 0)
})

t.test('a file that is no mapping stays what it is', async t => {
  t.strictSame(overlay(['a'], { S3CORS_LISTEN: ':80' }, {}).raw, ['a'])
})
