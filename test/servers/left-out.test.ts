// A machine that has a program in another version, without a part of it, or not at all: the suite says what it leaves out, in one
// line that says how to get it, and fails for it only where everything is required.

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { execFile } from '../fixtures/children.ts'

t.setTimeout(600_000)

const root = join(import.meta.dirname, '..', '..')

/** Every program outside: the file that a machine has of it, and what says whether tests may use it. */
const programs: readonly { name: string; executable: string; module: string; skip: string; howToGetIt: RegExp }[] = [
  {
    name: 'awscli',
    executable: 'aws',
    module: 'servers/client-matrix.ts',
    skip: `m.clientMatrix().find(({ client }) => client === 'awscli').skip`,
    howToGetIt: /apt-get install .*awscli/,
  },
  ...['rclone', 's3cmd'].map(name => ({
    name,
    executable: name,
    module: 'servers/client-matrix.ts',
    skip: `m.copyingMatrix('path').find(({ client }) => client === '${name}').skip`,
    howToGetIt: new RegExp(`apt-get install .*${name}`),
  })),
  {
    name: 'restic',
    executable: 'restic',
    module: 'servers/client-matrix.ts',
    skip: `m.storingMatrix().find(({ client }) => client === 'restic').skip`,
    howToGetIt: /apt-get install .*restic/,
  },
  ...[
    ['nginx', 'nginx', 'nginxCache', 'nginx-cache'],
    ['varnish', 'varnishd', 'varnishCache', 'varnish-cache'],
    ['squid', 'squid', 'squidCache', 'squid-cache'],
  ].map(([name = '', executable = '', kind, file]) => ({
    name,
    executable,
    module: `servers/${file}.ts`,
    skip: `skipWithout('${name}', m.${kind}.find() !== undefined, m.${kind}.howToGetIt)`,
    howToGetIt: new RegExp(`apt-get install .*${name}`),
  })),
  {
    name: 'Prometheus',
    executable: 'promtool',
    module: 'servers/prometheus.ts',
    skip: `skipWithout('Prometheus', m.findPromtool() !== undefined, m.howToGetPrometheus)`,
    howToGetIt: /apt-get install .*prometheus/,
  },
  {
    name: 'Chromium',
    executable: 'chromium',
    module: 'browser/chromium.ts',
    skip: 'm.skipWithoutChromium()',
    howToGetIt: /apt-get install .*chromium/,
  },
  {
    name: 'Firefox',
    executable: 'firefox-esr',
    module: 'browser/web-browser.ts',
    skip: `m.skipWithoutBrowser('Firefox')`,
    howToGetIt: /apt-get install .*firefox-esr/,
  },
  {
    name: 'OpenSSL',
    executable: 'openssl',
    module: 'fixtures/test-authority.ts',
    skip: 'm.skipWithoutOpenssl()',
    howToGetIt: /apt-get install .*openssl/,
  },
  {
    name: 'curl',
    executable: 'curl',
    module: 'clients/curl.ts',
    skip: 'm.skipWithoutCurl()',
    howToGetIt: /apt-get install .*curl/,
  },
  {
    name: 'Helm',
    executable: 'helm',
    module: 'deploy/tools.ts',
    skip: `skipWithout('Helm', m.findHelm() !== undefined, m.howToGetTools)`,
    howToGetIt: /install-tools\.sh/,
  },
  {
    name: 'Compose',
    executable: 'docker-compose',
    module: 'deploy/tools.ts',
    skip: `skipWithout('Compose', m.findCompose() !== undefined, m.howToGetTools)`,
    howToGetIt: /install-tools\.sh/,
  },
  {
    name: 'systemd-analyze',
    executable: 'systemd-analyze',
    module: 'deploy/tools.ts',
    skip: `skipWithout('systemd-analyze', m.findSystemdAnalyze() !== undefined, 'apt-get install systemd')`,
    howToGetIt: /apt-get install systemd/,
  },
]

const machines: readonly { name: string; fake: string | undefined; line: (name: string) => RegExp | false }[] = [
  { name: 'has nothing', fake: undefined, line: name => new RegExp(`^${name} is not installed: `) },
  {
    name: 'has everything in an old version',
    fake: 'echo "program/v0.1.2 (2009)"',
    line: name => new RegExp(`^${name} is too old, /\\S+ is 0\\.1\\.2 and tests need [\\d.]+ or later: `),
  },
  {
    name: 'has files that only say where to get the program',
    fake: 'echo "requires the snap to be installed" >&2; exit 1',
    line: name => new RegExp(`^${name} does not run: /\\S+ .* tells no version: `),
  },
  { name: 'has everything in a later version', fake: 'echo "program version 999.1-rc1+ds"', line: () => false },
]

for (const { name, fake, line } of machines) {
  t.test(`a machine that ${name}`, async t => {
    const files = fake === undefined ? {} : Object.fromEntries(programs.map(({ executable }) => [executable, fake]))
    const machine = setUp(t, files)
    const said = await machine.say(programs)
    for (const [index, program] of programs.entries()) {
      const expected = line(program.name)
      if (expected === false) {
        t.equal(said[index], 'false', program.name)
        continue
      }
      t.match(said[index], expected, program.name)
      t.match(said[index], program.howToGetIt)
    }
    if (line('') === false) return
    const required = await machine.say(programs.slice(0, 1), { S3CORS_REQUIRE_SERVERS: '1' })
    t.match(required[0], /^awscli .*: apt-get .*S3CORS_REQUIRE_SERVERS=1 requires it/)
  })
}

/** Answers the question that {@link findBoto3} asks. */
const python = (answer: string) => `case "$*" in *'import boto3'*) ${answer} ;; *) exit 1 ;; esac`
const pythons: readonly {
  name: string
  files: Readonly<Record<string, string>>
  rows: readonly (string | RegExp)[]
}[] = [
  {
    name: 'no Python',
    files: {},
    rows: [
      /^boto3 undefined, path: boto3 is not installed: apt-get/,
      /^boto3 undefined, virtual: boto3 is not installed: apt-get/,
      /^boto3 undefined, virtual: a current boto3 is not installed: bash test\/clients\/install-boto3\.sh/,
      /^boto3 undefined over TLS, path: a current boto3 is not installed/,
    ],
  },
  {
    name: 'Python without boto3',
    files: { python3: python('echo "ModuleNotFoundError: No module named boto3" >&2; exit 1') },
    rows: [/boto3 is not installed/, /boto3 is not installed/, /a current boto3/, /a current boto3/],
  },
  {
    name: 'an old boto3',
    files: { python3: python('echo 1.26.27 crc32 sha1 sha256') },
    rows: ['boto3 1.26.27, path: false', 'boto3 1.26.27, virtual: false', /a current boto3/, /a current boto3/],
  },
  {
    name: 'a current boto3 without awscrt',
    files: { python3: python('echo 1.43.1 crc32 sha1 sha256') },
    rows: [
      'boto3 1.43.1, path: false',
      'boto3 1.43.1, virtual: false',
      'boto3 1.43.1, virtual: false x-amz-checksum-crc32',
      'boto3 1.43.1 over TLS, path: false trailer x-amz-checksum-crc32',
      /^boto3 1\.43\.1 with CRC32C, CRC64NVME, path: awscrt beside \S+python3 is not installed: bash test\/clients\/install-boto3\.sh/,
    ],
  },
]
for (const { name, files, rows } of pythons) {
  t.test(`a machine that has ${name}`, async t => {
    const expression = `m.boto3Matrix({ trailers: true }).map(({ client, style, skip, carries = [] }) => [client + ', ' + style + ': ' + skip, ...(skip === false ? carries.filter(one => one.includes('checksum')) : [])].join(' ')).join('\\n')`
    const [matrix = ''] = await setUp(t, files).say([{ module: 'servers/client-matrix.ts', skip: expression }])
    const said = matrix.split('\n')
    t.equal(said.length, rows.length, said.join('\n'))
    for (const [index, row] of rows.entries()) t.match(said[index], row)
  })
}

// Whole files, which here have none of what they need.
for (const file of ['daemon/caches', 'browser/demo', 'browser/matrix', 'telemetry/metrics/metrics']) {
  t.test(`${file} on a machine that has nothing`, async t => {
    const machine = setUp(t, {})
    const { code, stdout } = await machine.run([join(root, 'test', `${file}.test.ts`)])
    t.equal(code, 0, stdout)
    const skips = [...stdout.matchAll(/^ *ok \d+ - .* # SKIP (.*)$/gm)].map(match => match[1])
    t.ok(skips.length > 0)
    for (const skip of skips) t.match(skip, /^\S.* (?:is not installed|is not): (?:apt-get|bash|pip|npm) /)
    const required = await machine.run([join(root, 'test', `${file}.test.ts`)], { S3CORS_REQUIRE_SERVERS: '1' })
    t.not(required.code, 0, 'and fails where everything is required')
    t.match(required.stdout + required.stderr, /is not installed: .* \(S3CORS_REQUIRE_SERVERS=1 requires it\)/)
  })
}

interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A machine that has these shell scripts and nothing else outside Node, in the way that tests look for programs. */
function setUp(t: Test, files: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-left-out-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  for (const [name, script] of Object.entries(files)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(folder, name), 0o755)
  }
  const env = {
    PATH: folder,
    S3CORS_SYSTEM_PATH: folder,
    HOME: folder,
    XDG_CACHE_HOME: folder,
    TMPDIR: process.env.TMPDIR ?? tmpdir(),
  }
  const run = (args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    new Promise<Ran>(resolve => {
      execFile(process.execPath, args, { cwd: root, env: { ...env, ...more } }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
      )
    })
  return {
    run,
    /** What each expression, in which `m` is its module, gives or throws; all in one process. */
    async say(
      asked: readonly { readonly module: string; readonly skip: string }[],
      more: Readonly<Record<string, string>> = {},
    ): Promise<readonly string[]> {
      const path = (file: string) => JSON.stringify(join(root, 'test', file))
      const answers = asked.map(
        ({ module, skip }) => `await import(${path(module)}).then(m => String(${skip})).catch(error => error.message)`,
      )
      const program = `const { skipWithout } = await import(${path('servers/installed.ts')})
console.log(JSON.stringify([${answers.join(',\n')}]))`
      const { stdout, stderr } = await run(['--input-type=module', '--eval', program], more)
      return stdout === '' ? [stderr] : (JSON.parse(stdout) as string[])
    },
  }
}
