import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import t from 'tap'
import { localhostCertificate } from '../../fixtures/localhost-certificate.ts'
import { runCli, runCommand } from '../../fixtures/run-cli.ts'
import { errorAnswer, httpAnswer, startScriptedEndpoint } from '../../fixtures/scripted-endpoint.ts'

t.setTimeout(300_000)

const bad = readFileSync(new URL('../../fixtures/configuration/many-faults.yaml', import.meta.url), 'utf8')
const report = readFileSync(new URL('../../fixtures/configuration/many-faults.txt', import.meta.url), 'utf8')
const upstream = 'upstream: { url: "http://127.0.0.1:9000" }\n'
const bucket = 'buckets: { abc: { from: none } }\nhosts: [s3.example.com]\n'

/** Whatever listens on the default port of this machine is none of a test's business. */
const free = { S3CORS_LISTEN: '127.0.0.1:0' }
const otherKey = String(
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
)

const cases: readonly {
  name: string
  files: Record<string, string>
  args?: readonly string[]
  environment?: Record<string, string>
  code: 0 | 64
  out: string | RegExp
}[] = [
  {
    name: 'a good file',
    files: { 'a.yaml': upstream + bucket },
    code: 0,
    out: 'a.yaml: 0 faults, 0 warnings, 1 bucket\n',
  },
  {
    name: 'five lines without a name',
    files: { 'a.yaml': `${upstream}${bucket.replace(/hosts.*/, '')}` },
    code: 0,
    out: /^a\.yaml:1:1: warning: hosts: neither hosts nor virtualHosts is set: .*hosts: \[s3\.example\.com\].*\n/,
  },
  {
    name: 'a file with warnings',
    files: { 'a.yaml': `${upstream}admin: :9464\n${bucket}` },
    code: 0,
    out: /^a\.yaml:2:8: warning: admin: other machines reach .*\na\.yaml: 0 faults, 1 warning, 1 bucket\n$/,
  },
  {
    name: 'a file with every kind of fault',
    files: {
      'a.yaml': bad,
      'a.pem': localhostCertificate,
      'tls.crt': localhostCertificate,
      'guide.json': '{\n  "CORSRules": [{ "AllowedHeaders": ["header1", etc.] }]\n}\n',
    },
    code: 64,
    out: `${report.replaceAll('config/proxy.yaml', 'a.yaml').replaceAll('config/', '')}a.yaml: ${report.trim().split('\n').length} faults, 0 warnings\n`,
  },
  {
    name: 'no file',
    files: {},
    code: 64,
    out: 'a.yaml: the file does not exist; allowed: the path of a readable file\na.yaml: 1 fault, 0 warnings\n',
  },
  {
    name: 'a wrong secret beside a good file',
    files: { 'a.yaml': upstream + bucket },
    environment: { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE' },
    code: 64,
    out: 'AWS_ACCESS_KEY_ID: set without AWS_SECRET_ACCESS_KEY; allowed: both or neither\na.yaml: 1 fault, 0 warnings, 1 bucket\n',
  },
  {
    name: 'a certificate that is none, and a key that is not there',
    files: { 'a.yaml': `${upstream}tls: { certFile: c.pem, keyFile: none.pem }\n${bucket}`, 'c.pem': 'x' },
    code: 64,
    out: 'a.yaml:2:18: tls.certFile: c.pem: the file holds no certificate; allowed: certificates as PEM: -----BEGIN CERTIFICATE-----\na.yaml:2:34: tls.keyFile: none.pem cannot be read (ENOENT); allowed: the path of a readable file\na.yaml: 2 faults, 0 warnings, 1 bucket\n',
  },
  {
    name: 'a key of another certificate beside another fault',
    files: {
      'a.yaml': `${upstream}tls: { certFile: c.pem, keyFile: k.pem }\nvary: never\n${bucket}`,
      'c.pem': localhostCertificate,
      'k.pem': otherKey,
    },
    code: 64,
    out: 'a.yaml:2:34: tls.keyFile: k.pem: the key is of another certificate (key values mismatch); allowed: the key that this certificate was made for\na.yaml:3:7: vary: "never" is not valid; allowed: "always" or "matched"\na.yaml: 2 faults, 0 warnings\n',
  },
  {
    name: 'secrets in the file',
    files: {
      'a.yaml': `upstream: { url: "http://127.0.0.1:9000", secretAccessKey: s3cr3t }\nadminToken: s3cr3t\n${bucket}`,
    },
    code: 64,
    out: /^a\.yaml:1:43: upstream\.secretAccessKey: unknown key "secretAccessKey"; allowed: a secret comes by the environment variable AWS_SECRET_ACCESS_KEY, or by AWS_SECRET_ACCESS_KEY_FILE with [^\n]*\na\.yaml:2:1: adminToken: unknown key "adminToken"; allowed: a secret comes by the environment variable S3CORS_ADMIN_TOKEN[^\n]*\na\.yaml: 2 faults/,
  },
  {
    name: 'a secret as another variable',
    files: { 'a.yaml': upstream + bucket },
    environment: { S3CORS_AWS_SECRET_ACCESS_KEY: 's3cr3t' },
    code: 64,
    out: /^S3CORS_AWS_SECRET_ACCESS_KEY: unknown environment variable; allowed: a secret comes by the environment variable AWS_SECRET_ACCESS_KEY/,
  },
  {
    name: 'a flag that is wrong',
    files: { 'a.yaml': upstream + bucket },
    args: ['--vary', 'never'],
    code: 64,
    out: '--vary: vary: "never" is not valid; allowed: "always" or "matched"\na.yaml: 1 fault, 0 warnings\n',
  },
]
for (const { name, files, args = [], environment, code, out } of cases) {
  t.test(`${name}: exit code ${code}`, async t => {
    const around = { ...(files['a.yaml']?.includes('listen:') === true ? {} : free), ...environment }
    const result = await runCommand(['check', '--config', 'a.yaml', ...args], around, t.testdir(files))
    t.strictSame([result.code, result.err], [code, ''])
    if (typeof out === 'string') t.equal(result.out, out)
    else t.match(result.out, out)
  })
}

t.test('a configuration without a file is checked too', async t => {
  const result = await runCli(['check', '--upstream-url', 'http://a'])
  t.strictSame(result, {
    code: 0,
    out: 'configuration: warning: buckets: no bucket has rules: every preflight is refused; allowed: an entry for each bucket\nconfiguration: 0 faults, 1 warning, 0 buckets\n',
    err: '',
  })
})

t.test('--connect asks no endpoint while the configuration has faults', async t => {
  const server = await startScriptedEndpoint([httpAnswer(200, '')])
  t.teardown(() => server.close())
  const args = ['--connect', '--upstream-url', `http://127.0.0.1:${server.port}`, '--vary', 'never']
  const result = await runCommand(['check', ...args])
  t.match(result, { code: 64, out: /\nconfiguration: 1 fault, .*\n$/ })
  t.equal(server.open() + server.seen.length, 0)
})

t.test('--connect tells what the endpoint said, one line each: exit code 0', async t => {
  const server = await startScriptedEndpoint([errorAnswer(403, 'AccessDenied')])
  t.teardown(() => server.close())
  const files = { 'a.yaml': `upstream: { url: "http://127.0.0.1:${server.port}" }\n${bucket}` }
  const result = await runCommand(['check', '--connect', '--config', 'a.yaml'], {}, t.testdir(files))
  t.strictSame([result.code, result.err], [0, ''])
  const lines = result.out.split('\n')
  t.equal(lines[0], 'a.yaml: 0 faults, 0 warnings, 1 bucket')
  for (const line of lines.slice(1, -2)) t.match(line, /^(?:ok|note): (?:upstream\.|hosts:)/)
  t.equal(lines.at(-2), `http://127.0.0.1:${server.port}: 0 faults, 0 warnings`)
})

t.test('--connect with an endpoint that cannot be reached: exit code 1', async t => {
  const server = await startScriptedEndpoint([''])
  await server.close()
  const url = `http://127.0.0.1:${server.port}`
  const result = await runCommand(['check', '--connect', '--upstream-url', url])
  t.equal(result.code, 1)
  const what = `fault: upstream.url: 127.0.0.1:${server.port}: no connection (ECONNREFUSED)`
  t.ok(result.out.endsWith(`\n${what}; to do: start the endpoint, or correct the port\n${url}: 1 fault, 0 warnings\n`))
})

t.test('no configuration at all is a fault of the arguments', async t => {
  t.match(await runCommand(['check']), { code: 64, out: '', err: /^no configuration; / })
})

t.test('a port that another program listens on is a warning that names the setting and the program', async t => {
  const server = createServer().listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await new Promise(resolve => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const text = `${upstream}listen: 127.0.0.1:${port}\n${bucket}`
  const { code, out } = await runCli(['check', '--config', 'a.yaml'], {}, t.testdir({ 'a.yaml': text }))
  t.equal(code, 0)
  t.match(out, `a.yaml:2:9: warning: listen: port ${port} is in use by process ${process.pid} (`)
  const flag = await runCli(
    ['check', '--config', 'a.yaml', '--admin', `:${port}`],
    {},
    t.testdir({ 'a.yaml': `${upstream}${bucket}` }),
  )
  t.match(flag.out, `--admin: warning: admin: port ${port} is in use by process ${process.pid} (`)
})

t.test('a secret as an option is told how it is given, and is not repeated', async t => {
  for (const option of ['--admin-token', '--secret-access-key', '--upstream-access-key-id']) {
    const { code, err } = await runCommand(['check', '--config', 'a.yaml', option, 's3cr3t-value'])
    t.equal(code, 64)
    t.match(err, `${option}: not an option: a secret comes by the environment variable `)
    t.notMatch(err, 's3cr3t-value')
  }
})
