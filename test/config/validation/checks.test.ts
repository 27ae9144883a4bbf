import t from 'tap'
import { issueLines, parseText, type Surroundings, upstreamLine } from '../../fixtures/parsed-text.ts'

const bucket = 'buckets: { abc: { from: none } }\n'

const faults: readonly { name: string; text: string; around?: Surroundings; line: string }[] = [
  {
    name: 'admin on the port of listen',
    text: `${upstreamLine}listen: 0.0.0.0:9001\nadmin: 127.0.0.1:9001\n`,
    line: 'config/proxy.yaml:3:8: admin: port 9001 is that of both listen and admin; allowed: two different ports',
  },
  {
    name: 'listen on the default port of admin',
    text: `${upstreamLine}listen: :9464\n`,
    line: 'config/proxy.yaml:2:9: listen: port 9464 is that of both listen and admin; allowed: two different ports',
  },
  {
    name: 'append without trusted proxies',
    text: `${upstreamLine}forwardedFor: append\ntrustedProxies: []\n`,
    line: 'config/proxy.yaml:2:15: forwardedFor: "append" keeps what any client writes into X-Forwarded-For; allowed: "append" with trustedProxies, or "replace"',
  },
  {
    name: 'a client certificate without its key',
    text: 'upstream: { url: "https://a", certFile: a.pem }\n',
    line: 'config/proxy.yaml:1:41: upstream.certFile: upstream.keyFile is missing beside it; allowed: both or neither',
  },
  {
    name: 'a key without its client certificate',
    text: upstreamLine,
    around: { flags: { 'upstream-key-file': 'a.pem' } },
    line: '--upstream-key-file: upstream.keyFile: upstream.certFile is missing beside it; allowed: both or neither',
  },
  ...['127.0.0.1:9000', '10.0.0.1'].map(address => ({
    name: `names before which a bucket stands, rewritten to the address ${address}`,
    text: `upstream: { url: "http://${address}", host: rewrite }\nvirtualHosts: [s3.example]\n`,
    line: `config/proxy.yaml:2:16: virtualHosts[0]: "upstream.host: rewrite" would send the endpoint BUCKET.${new URL(`http://${address}`).hostname}, and no host name is made of an address; allowed: a host name in upstream.url, or s3.example under hosts, where the bucket stands in the path`,
  })),
  {
    name: 'such names, rewritten to an IPv6 address',
    text: 'upstream: { url: "http://[::1]:9000", host: rewrite }\nvirtualHosts: [s3.example]\n',
    line: 'config/proxy.yaml:2:16: virtualHosts[0]: "upstream.host: rewrite" would send the endpoint BUCKET.[::1], and no host name is made of an address; allowed: a host name in upstream.url, or s3.example under hosts, where the bucket stands in the path',
  },
  ...['127.0.0.1:9000', '[::1]:9000', '10.0.0.1'].map(address => ({
    name: `calls whose bucket stands before the address ${address}`,
    text: `upstream: { url: "http://${address}", addressing: virtual }\n`,
    line: `config/proxy.yaml:1:${41 + address.length}: upstream.addressing: this proxy's own calls would be sent to BUCKET.${new URL(`http://${address}`).hostname}, and no host name is made of an address; allowed: a host name in upstream.url, or path`,
  })),
  ...(
    [
      ['listen: :9000', '127.0.0.1:9000', 'listen'],
      ['listen: 0.0.0.0:9000', 'localhost:9000', 'listen'],
      ['listen: "[::]:80"', '[::1]', 'listen'],
      ['listen: 127.0.0.1:9000', '127.0.0.1:9000', 'listen'],
      ['listen: localhost:9000', '127.0.0.1:9000', 'listen'],
      ['listen: 10.1.2.3:9000', '10.1.2.3:9000', 'listen'],
      ['workers: 1', 'localhost:8080', 'listen'],
      ['listen: :9000', '127.0.0.1:9464', 'admin'],
    ] as const
  ).map(([setting, address, which]) => ({
    name: `${setting} in front of ${address}`,
    text: `upstream: { url: "http://${address}" }\n${setting}\n`,
    line: `config/proxy.yaml:1:18: upstream.url: ${address} is the address of this proxy itself (${which}), and a request would never end; allowed: the endpoint's own address and port`,
  })),
  {
    name: 'no place for managed rules',
    text: `${upstreamLine}managed: { store: { prefix: a/ } }\n`,
    line: 'config/proxy.yaml:2:12: managed.store: no place is named; allowed: directory or bucket',
  },
  {
    name: 'two places for managed rules',
    text: `${upstreamLine}managed: { store: { directory: a, bucket: my-rules } }\n`,
    line: 'config/proxy.yaml:2:12: managed.store: two places are named; allowed: directory or bucket',
  },
]
for (const { name, text, around, line } of faults) {
  t.test(`${name} is a fault`, async t => {
    const parsed = parseText(text + bucket, around)
    t.equal(parsed.configuration, undefined)
    t.strictSame(issueLines(parsed), [line])
  })
}

/** Without it there would be one warning more. */
const known = 'hosts: [s3.example.com]\n'

const warnings: readonly { name: string; text: string; around?: Surroundings; lines: readonly string[] }[] = [
  { name: 'nothing is wrong', text: upstreamLine + bucket + known, lines: [] },
  {
    name: 'no name that the proxy is asked under',
    text: upstreamLine + bucket,
    lines: [
      'config/proxy.yaml:1:1: warning: hosts: neither hosts nor virtualHosts is set: under a DNS name of this proxy every page is denied (unknown_host); allowed: hosts: [s3.example.com], the name that browsers use, or virtualHosts if buckets stand before it',
    ],
  },
  {
    name: 'no name but those before which buckets stand',
    text: `${upstreamLine}${bucket}virtualHosts: [s3.example.com]\n`,
    lines: [],
  },
  { name: 'any free port twice', text: `${upstreamLine}listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\n${bucket}`, lines: [] },
  {
    name: 'no bucket',
    text: `${upstreamLine}buckets: {}\n`,
    lines: [
      'config/proxy.yaml:2:1: warning: buckets: no bucket has rules: every preflight is refused; allowed: an entry for each bucket',
    ],
  },
  {
    name: 'report',
    text: `${upstreamLine}buckets:\n  abc: { from: none, enforcement: report }\n  "*": { from: none, enforcement: report }\n`,
    lines: [
      'config/proxy.yaml:3:35: warning: buckets.abc.enforcement: bucket "abc" is NOT PROTECTED: "report" only counts, the endpoint\'s own CORS answers pass; allowed: "headers" or "block" to protect it',
      'config/proxy.yaml:4:35: warning: buckets["*"].enforcement: every bucket that is not named is NOT PROTECTED: "report" only counts, the endpoint\'s own CORS answers pass; allowed: "headers" or "block" to protect it',
    ],
  },
  {
    name: 'an admin port for others without a token',
    text: `${upstreamLine}admin: 0.0.0.0:9464\n${bucket}`,
    lines: [
      'config/proxy.yaml:2:8: warning: admin: other machines reach the admin port and no S3CORS_ADMIN_TOKEN is set: they see probes and metrics only; allowed: a loopback address, or a token',
    ],
  },
  {
    name: 'an admin port for others with a token',
    text: `${upstreamLine}admin: 0.0.0.0:9464\n${bucket}`,
    around: { environment: { S3CORS_ADMIN_TOKEN_FILE: 'token' } },
    lines: [],
  },
  {
    name: 'a console that is the endpoint itself',
    text: `upstream: { url: "http://minio:9000" }\nconsole: { host: c.example, url: "https://MINIO:9000/" }\n${bucket}`,
    lines: [
      "config/proxy.yaml:2:34: warning: console.url: it is the endpoint itself: requests under console.host reach it without rules and guards, and its own CORS answers pass; allowed: the console's own address and port",
    ],
  },
  {
    name: 'a console beside the endpoint',
    text: `upstream: { url: "http://minio:9000" }\nconsole: { host: c.example, url: "http://minio:9001" }\n${bucket}`,
    lines: [],
  },
  {
    name: 'rewrite, which a sample tells to set',
    text: `upstream: { url: "https://a", host: rewrite }\n${bucket}`,
    lines: [],
  },
  {
    name: "managed rules where callers' signatures cannot hold",
    text: 'upstream: { url: "https://a", host: rewrite }\nbuckets:\n  abc: { from: managed }\n',
    around: { environment: { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE' } },
    lines: [
      'config/proxy.yaml:3:16: warning: buckets.abc.from: "from: managed" has the endpoint check callers\' signatures, and "upstream.host: rewrite" breaks them; allowed: "upstream.host: preserve" for clients that change rules',
    ],
  },
  {
    name: 'managed rules without keys of our own',
    text: 'upstream: { url: "https://a", credentials: none }\nbuckets:\n  abc: { from: managed }\n',
    lines: [
      'config/proxy.yaml:3:16: warning: buckets.abc.from: "from: managed" needs keys of the proxy, to find out whether it is safe with the endpoint, and there are none; allowed: "upstream.credentials: environment"',
    ],
  },
  {
    name: 'rules of the endpoint without keys to ask for them',
    text: 'upstream: { url: "https://a" }\nbuckets:\n  abc: { from: upstream }\n  abd: { from: managed }\n',
    lines: [
      'config/proxy.yaml:3:16: warning: buckets.abc.from: "from: upstream" asks the endpoint with keys of the proxy, and there are none; allowed: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the same with _FILE; "upstream.credentials: none" to ask without',
      'config/proxy.yaml:4:16: warning: buckets.abd.from: "from: managed" asks the endpoint with keys of the proxy, and there are none',
    ],
  },
  {
    name: 'rules of the endpoint with keys in a file',
    text: 'upstream: { url: "https://a" }\nbuckets:\n  abc: { from: upstream }\n',
    around: { environment: { AWS_ACCESS_KEY_ID_FILE: 'id' } },
    lines: [],
  },
  {
    name: 'what S3 accepts and a person regrets',
    text: `${upstreamLine}buckets:\n  abc:\n    CORSRules:\n      - AllowedOrigins: ["https://a.example/"]\n        AllowedMethods: [GET]\n`,
    lines: ['config/proxy.yaml:5:26: warning: buckets.abc.CORSRules[0].AllowedOrigins[0]: '],
  },
]
for (const { name, text, around, lines } of warnings) {
  t.test(`${name}: the configuration is used, with ${lines.length} warnings`, async t => {
    const isAboutHosts = name.startsWith('no name')
    const parsed = parseText(isAboutHosts || text.includes(known) ? text : text + known, around)
    t.ok(parsed.configuration)
    const said = issueLines(parsed)
    t.equal(said.length, lines.length)
    for (const [index, line] of lines.entries()) t.ok(said[index]?.startsWith(line), line)
  })
}

const apart: readonly (readonly [setting: string, address: string])[] = [
  ['listen: :9001', '127.0.0.1:9000'],
  ['listen: 127.0.0.1:9000', '127.0.0.2:9000'],
  ['listen: 10.1.2.3:9000', '127.0.0.1:9000'],
  ['listen: :9000', 'minio:9000'],
  ['listen: :0', '127.0.0.1:9000'],
]
for (const [setting, address] of apart) {
  t.test(`${setting} in front of ${address} is no fault`, async t => {
    const { issues } = parseText(`upstream: { url: "http://${address}" }\n${setting}\n${bucket}`)
    t.notOk(issues.some(({ severity }) => severity === 'fault'))
  })
}
