import t from 'tap'
import { issueLines, parseText, upstreamLine } from '../../fixtures/parsed-text.ts'

const bucketNames = '3 to 63 lower-case letters, digits, "." and "-" as S3 has them'
const prefixes =
  'segments of letters, digits and !_.*\'()-, each followed by one slash, none of them "." or "..", such as "cors/"'

const one = 'buckets: { abc: { from: none } }\n'
const faults: readonly { name: string; text: string; lines: readonly string[] }[] = [
  {
    name: 'a store whose bucket is no bucket name',
    text: `managed: { store: { bucket: My_Rules } }\n${one}`,
    lines: [`config/proxy.yaml:2:29: managed.store.bucket: "My_Rules" is not a bucket name; allowed: ${bucketNames}`],
  },
  {
    name: 'a store whose bucket is managed',
    text: 'managed: { store: { bucket: my-rules } }\nbuckets: { my-rules: { from: managed } }\n',
    lines: [
      'config/proxy.yaml:2:29: managed.store.bucket: its own rules would be kept in it, by requests that the guard of the store refuses; allowed: a bucket of its own, with "from: none" under buckets.my-rules',
    ],
  },
  {
    name: 'a store whose bucket is managed by "*"',
    text: 'managed: { store: { bucket: my-rules } }\nbuckets: { "*": { from: managed } }\n',
    lines: [
      'config/proxy.yaml:2:29: managed.store.bucket: "*" makes its own rules managed, too: they would be kept in it; allowed: a bucket of its own, with "from: none" under buckets.my-rules',
    ],
  },
  {
    name: 'a path-style name under a base',
    text: `virtualHosts: [other.example, S3.example.com]\nhosts: [files.example.com, Files.s3.Example.com, a.b.s3.example.com]\n${one}`,
    lines: [
      'config/proxy.yaml:3:28: hosts[1]: to the endpoint it is a bucket under s3.example.com of virtualHosts; allowed: a name that is not under s3.example.com',
      'config/proxy.yaml:3:50: hosts[2]: to the endpoint it is a bucket under s3.example.com of virtualHosts; allowed: a name that is not under s3.example.com',
    ],
  },
  {
    name: 'a console under a base',
    text: `virtualHosts: [example.com]\nconsole: { host: "Console.example.com:8080", url: "http://127.0.0.1:9001" }\n${one}`,
    lines: [
      'config/proxy.yaml:3:18: console.host: it is the name of a bucket under example.com of virtualHosts; allowed: a name that is not under example.com',
    ],
  },
  {
    name: 'a console that is a base',
    text: `virtualHosts: [example.com]\nconsole: { host: example.com, url: "http://127.0.0.1:9001" }\n${one}`,
    lines: [
      'config/proxy.yaml:3:18: console.host: virtualHosts has it as well; allowed: a name that is not under example.com',
    ],
  },
  {
    name: 'a console that is a path-style name',
    text: `hosts: [files.example.com]\nconsole: { host: files.example.com, url: "http://127.0.0.1:9001" }\n${one}`,
    lines: [
      'config/proxy.yaml:3:18: console.host: hosts has it as well: S3 requests would never be served under it; allowed: a name of its own',
    ],
  },
]
for (const { name, text, lines } of faults) {
  t.test(`${name} is a fault`, async t => {
    const parsed = parseText(upstreamLine + text)
    t.equal(parsed.configuration, undefined)
    t.strictSame(issueLines(parsed), lines)
  })
}

t.test('prefixes that an endpoint might read otherwise are faults', async t => {
  for (const prefix of [
    '/cors/',
    'cors//',
    'cors',
    'a/b',
    '../',
    'a/../b/',
    './',
    'a/./',
    '/',
    'a\\b/',
    'a%2fb/',
    'a b/',
    'a?b/',
    'a#b/',
    'ä/',
    'a\nb/',
    `${'a'.repeat(1024)}/`,
  ]) {
    const store = JSON.stringify({ bucket: 'my-rules', prefix })
    const parsed = parseText(`${upstreamLine}managed: { store: ${store} }\n${one}`)
    t.equal(parsed.configuration, undefined, prefix)
    const [line, ...more] = issueLines(parsed)
    t.strictSame(more, [])
    t.ok(line?.includes(': managed.store.prefix: "') && line.endsWith(`; allowed: ${prefixes}`), String(line))
  }
})

t.test('what fits is taken', async t => {
  for (const text of [
    `managed: { store: { bucket: my-rules, prefix: cors/ } }\n${one}`,
    `managed: { store: { bucket: my-rules, prefix: "a/b.c/..d/" } }\n${one}`,
    'managed: { store: { bucket: my-rules } }\nbuckets: { my-rules: { from: none }, "*": { from: managed } }\n',
    'managed: { store: { directory: rules } }\nbuckets: { "*": { from: managed } }\n',
    `virtualHosts: [media.example.com]\nhosts: [files.example.com, xmedia.example.com]\n${one}`,
    `virtualHosts: [s3.example.com, eu.s3.example.com]\nhosts: [s3.example.com, EU.s3.example.com]\n${one}`,
    `virtualHosts: [s3.example.com]\nconsole: { host: "console.example.com:81", url: "http://127.0.0.1:9001" }\n${one}`,
  ])
    t.not(parseText(upstreamLine + text).configuration, undefined, text)
})
