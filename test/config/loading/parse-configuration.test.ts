import { readFileSync } from 'node:fs'
import t from 'tap'
import { costNs } from '../../fixtures/growth.ts'
import { issueLines, parseText, type Surroundings, upstreamLine } from '../../fixtures/parsed-text.ts'

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/configuration/${name}`, import.meta.url), 'utf8')

t.test('every fault of a file is told at once, with its place and what is allowed', async t => {
  const guide = '{\n  "CORSRules": [{ "AllowedHeaders": ["header1", etc.] }]\n}\n'
  const parsed = parseText(fixture('many-faults.yaml'), { files: { 'config/guide.json': guide } })
  t.equal(parsed.configuration, undefined)
  t.equal(`${issueLines(parsed).join('\n')}\n`, fixture('many-faults.txt'))
})

t.test('a fault is data as well as text', async t => {
  const parsed = parseText(`${upstreamLine}limits: { headerBytes: 1 }\n`)
  t.strictSame(parsed.issues, [
    {
      severity: 'fault',
      reason: 'too-small',
      file: 'config/proxy.yaml',
      line: 2,
      column: 24,
      path: ['limits', 'headerBytes'],
      value: 1,
      message: '1 is out of range',
      allowed: 'a whole number of bytes from 1024 to 1048576',
    },
  ])
})

const lone: readonly {
  name: string
  text: string | Uint8Array | undefined
  around?: Surroundings
  lines: readonly string[]
}[] = [
  {
    name: 'an empty file',
    text: '',
    lines: ['config/proxy.yaml:1:1: the file holds nothing; allowed: a mapping with at least "upstream"'],
  },
  {
    name: '~',
    text: '~',
    lines: ['config/proxy.yaml:1:1: the file holds nothing; allowed: a mapping with at least "upstream"'],
  },
  {
    name: 'a scalar',
    text: 'upstream',
    lines: ['config/proxy.yaml:1:1: the file holds a single value; allowed: a mapping with at least "upstream"'],
  },
  {
    name: 'a template',
    text: '<%= configuration %>\n',
    lines: [
      'config/proxy.yaml:1:1: the file holds a template that is not filled in; allowed: a mapping with at least "upstream"',
    ],
  },
  {
    name: 'a list',
    text: '- a\n',
    lines: ['config/proxy.yaml:1:1: the file holds a list; allowed: a mapping with at least "upstream"'],
  },
  {
    name: 'a byte order mark',
    text: '\ufeffupstream: {}\n',
    lines: ['config/proxy.yaml:1:1: the file starts with a byte order mark; allowed: UTF-8 without one'],
  },
  {
    name: '50 MB',
    text: new Uint8Array(50_000_000),
    lines: ['config/proxy.yaml:1:1: the file has 50000000 bytes; allowed: at most 1048576 bytes'],
  },
  {
    name: 'deep nesting',
    text: '['.repeat(200_000),
    lines: [
      'config/proxy.yaml:1:65: the values nest too deep; allowed: at most 64 mappings and lists inside one another',
    ],
  },
  {
    name: 'no endpoint',
    text: 'vary: always\n',
    lines: [
      'config/proxy.yaml:1:1: upstream.url: the value is missing; allowed: "http://HOST[:PORT]" or "https://HOST[:PORT]", without user, path, query or fragment',
    ],
  },
  {
    name: 'no endpoint and no file',
    text: undefined,
    lines: [
      'configuration: upstream.url: the value is missing; allowed: "http://HOST[:PORT]" or "https://HOST[:PORT]", without user, path, query or fragment',
    ],
  },
  {
    name: 'the same bucket twice',
    text: `${upstreamLine}buckets:\n  abc: { from: none }\n  abc: { from: none }\n`,
    lines: ['config/proxy.yaml:4:3: the key "abc" stands twice in one mapping; allowed: each key once'],
  },
  {
    name: 'buckets 123 and "123"',
    text: `${upstreamLine}buckets:\n  123: { from: none }\n  "123": { from: none }\n`,
    lines: ['config/proxy.yaml:4:3: the key "123" stands twice in one mapping; allowed: each key once'],
  },
  {
    name: 'rules of a bucket from two places',
    text: `${upstreamLine}buckets:\n  abc:\n    from: none\n    CORSFile: a.json\n`,
    around: { files: { 'config/a.json': '[{"AllowedOrigins": ["https://a.example"], "AllowedMethods": ["GET"]}]' } },
    lines: [
      'config/proxy.yaml:3:3: buckets.abc: the bucket has CORSFile and from; allowed: exactly one of CORSRules, CORSFile and from',
    ],
  },
  {
    name: 'a value of a variable',
    text: upstreamLine,
    around: { environment: { S3CORS_UPSTREAM_QUEUE: 'many' } },
    lines: [
      'S3CORS_UPSTREAM_QUEUE: upstream.queue: "many" is text; allowed: a whole number of requests from 0 to 1000000',
    ],
  },
  {
    name: 'a value of a flag',
    text: upstreamLine,
    around: { flags: { 'upstream-host': 'keep' } },
    lines: ['--upstream-host: upstream.host: "keep" is not valid; allowed: "preserve" or "rewrite"'],
  },
  {
    name: 'an item of a list in a variable',
    text: upstreamLine,
    around: { environment: { S3CORS_TRUSTED_PROXIES: '10.0.0.0/8,10.0.0.0/99' } },
    lines: [
      'S3CORS_TRUSTED_PROXIES: trustedProxies[1]: "10.0.0.0/99" is not valid; allowed: an IP address or a range such as "10.0.0.0/8" or "fd00::/8"',
    ],
  },
  {
    name: 'half a section by a variable',
    text: upstreamLine,
    around: { environment: { S3CORS_TLS_CERT_FILE: 'tls.crt' } },
    lines: [
      'S3CORS_TLS_CERT_FILE: tls.keyFile: the value is missing; allowed: the path of a PEM file with the key of certFile',
    ],
  },
  {
    name: 'an endpoint URL with a password, which is not repeated',
    text: 'upstream: { url: "http://me:hunter2@minio:9000" }\n',
    lines: [
      'config/proxy.yaml:1:18: upstream.url: "http://…@minio:9000" is not valid; allowed: "http://HOST[:PORT]" or "https://HOST[:PORT]", without user, path, query or fragment',
    ],
  },
]
for (const { name, text, around, lines } of lone) {
  t.test(`${name} is the one fault`, async t => {
    const parsed = parseText(text, around)
    t.equal(parsed.configuration, undefined)
    t.strictSame(
      issueLines(parsed).filter(line => !line.includes(': warning: ')),
      lines,
    )
  })
}

t.test('a file that could not be read is a fault without a line', async t => {
  const { parseConfiguration } = await import('../../../src/config/loading/parse-configuration.ts')
  const parsed = parseConfiguration({ kind: 'failed', message: 'the file does not exist' }, 'a.yaml', {}, {}, () => {
    throw new Error('no CORS file is named')
  })
  t.strictSame(issueLines(parsed), ['a.yaml: the file does not exist; allowed: the path of a readable file'])
})

t.test('buckets with names like numbers keep their names', async t => {
  const names = ['0123', '1e3', '0x10', '123456789012345678901', 'null', 'true']
  const parsed = parseText(`${upstreamLine}buckets:\n${names.map(name => `  ${name}: { from: none }\n`).join('')}`)
  t.strictSame(parsed.configuration?.buckets.map(bucket => bucket.name).toSorted(), names.toSorted())
})

t.test('buckets named for parts of a prototype are refused or plain data', async t => {
  const parsed = parseText(
    `${upstreamLine}buckets:\n  __proto__: { from: none }\n  constructor: { from: none }\n  toString: {}\n`,
  )
  t.match(issueLines(parsed), [
    /unknown key "__proto__"/,
    /"toString" is not a bucket name/,
    /toString: the bucket has no rules/,
  ])
  const good = parseText(`${upstreamLine}buckets:\n  constructor: { from: none }\n`)
  t.equal(good.configuration?.buckets[0]?.name, 'constructor')
})

t.test('an alias bomb is refused at the cost of its length', async t => {
  const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i},`.repeat(10)}]\n`)
  const bomb = `l0: &l0 [x]\n${levels.join('')}`
  t.equal(parseText(bomb).configuration, undefined)
  const times = costNs(() => parseText(bomb)) / costNs(() => parseText(bomb.replaceAll(/[&*]/g, '')))
  t.ok(times < 20, `${times.toFixed(1)} times what the same text costs without aliases`)
})

t.test('no cut of a file makes a bucket allow an origin that the whole file does not name', async t => {
  const whole = `${upstreamLine}buckets:\n  abc:\n    CORSRules:\n      - AllowedOrigins: ["https://*.b.example", "https://a.example"]\n        AllowedMethods: [GET]\n`
  const origins = new Set(['https://*.b.example', 'https://a.example'])
  for (let length = 0; length < whole.length; length++) {
    const { configuration } = parseText(whole.slice(0, length))
    for (const { rules } of configuration?.buckets ?? []) {
      for (const rule of rules)
        t.ok(
          rule.allowedOrigins.every(origin => origins.has(origin)),
          `cut at ${length}`,
        )
    }
  }
})

t.test('a configuration can come from variables and flags alone', async t => {
  const parsed = parseText(undefined, {
    environment: {
      S3CORS_UPSTREAM_URL: 'http://minio:9000',
      S3CORS_LISTEN: ':80',
      S3CORS_HOSTS: 'a.example, b.example',
    },
    flags: { listen: ':8081', 'log-access': 'true' },
  })
  t.equal(parsed.configuration?.upstream.url.hostname, 'minio')
  t.strictSame(parsed.configuration?.listen, { host: '', port: 8081 })
  t.strictSame(parsed.configuration?.hosts, ['a.example', 'b.example'])
  t.equal(parsed.configuration?.log.access, true)
  t.strictSame(issueLines(parsed), [
    'configuration: warning: buckets: no bucket has rules: every preflight is refused; allowed: an entry for each bucket',
  ])
})

t.test('every CORS file that is named is told, read or not', async t => {
  const parsed = parseText(
    `${upstreamLine}buckets:\n  abc: { CORSFile: a.json }\n  abd: { CORSFile: /etc/b.xml }\n  abe: { CORSFile: a.json }\n`,
  )
  t.strictSame(parsed.corsFiles, ['config/a.json', '/etc/b.xml'])
  t.equal(parsed.configuration, undefined)
})
