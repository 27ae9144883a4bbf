// What an operator finds who wrote a fault into the file, and what is told when one is mended.

import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { until } from '../fixtures/patience.ts'
import { type ProxyProcess, startProxy } from '../fixtures/proxy-process.ts'

t.setTimeout(300_000)

interface Status {
  readonly endpoint: string
  readonly url: string
  readonly workers: number
  readonly configuration: {
    readonly file: string
    readonly sha256: string
    readonly inForceSince: string
    readonly changes: readonly string[]
    readonly restartRequired: readonly string[]
    readonly refused: readonly { readonly part: string; readonly since: string; readonly issues: readonly string[] }[]
  }
}

const linesOf = (proxy: ProxyProcess, event: string) =>
  proxy
    .logs()
    .split('\n')
    .filter(line => line.includes(`"event":"${event}"`))
    .map(line => JSON.parse(line) as Record<string, unknown>)

const digest = (text: string) => createHash('sha256').update(text).digest('hex')

for (const workers of [1, 2]) {
  t.test(`a refused reload, with ${workers} workers`, async t => {
    const proxy = await startProxy(
      `upstream: { url: "http://127.0.0.1:9" }\nworkers: ${workers}\ndrainSeconds: 1\nbuckets:\n  my-media:\n    CORSRules:\n      - AllowedOrigins: ["https://app.example"]\n        AllowedMethods: [GET]\n`,
    )
    t.teardown(() => proxy.stop('SIGINT'))
    const status = async () => (await (await fetch(`${proxy.adminUrl}/status`)).json()) as Status
    const page = async () => (await fetch(proxy.adminUrl)).text()
    const good = readFileSync(proxy.configFile, 'utf8')

    const started = linesOf(proxy, 'started')[0]
    t.match(started, { endpoint: 'http://127.0.0.1:9', file: proxy.configFile, workers })
    t.match(await status(), {
      endpoint: 'http://127.0.0.1:9',
      url: /^http:\/\/127\.0\.0\.1:\d+$/,
      workers,
      configuration: { file: proxy.configFile, sha256: digest(good), changes: [], restartRequired: [], refused: [] },
    })
    t.notMatch(await page(), 'class="alert"')

    writeFileSync(proxy.configFile, good.replace('[GET]', '[get, put]').replace('workers', 'wrokers'))
    await until(async () => (await status()).configuration.refused.length > 0, 'the fault is in /status')
    const { configuration } = await status()
    const [refused] = configuration.refused
    t.equal(configuration.sha256, digest(good), 'the one in force')
    t.equal(refused?.part, 'configuration')
    t.ok(Date.parse(refused?.since ?? '') >= Date.parse(configuration.inForceSince))
    t.match(refused?.issues[0], /config\.yaml:2:1: wrokers/)
    t.match(refused?.issues[1], /config\.yaml:8:26: buckets\.my-media\.CORSRules\[0\]\.AllowedMethods\[0\].*\bget\b/)
    const text = await page()
    t.match(text, 'The configuration on the disk is refused')
    t.match(text, /config\.yaml:8:26/)
    await sleep(4000)
    t.equal(linesOf(proxy, 'configuration_refused').length, 3, 'one line for each of the three faults, once')
    t.match(linesOf(proxy, 'configuration_refused')[0], { inForceSince: configuration.inForceSince })

    process.kill(proxy.pid, 'SIGHUP')
    await until(() => linesOf(proxy, 'reload_requested').length > 0, 'an answer to the signal')
    t.match(linesOf(proxy, 'reload_requested')[0], { by: 'SIGHUP', result: 'refused' })
    t.equal((await status()).configuration.refused[0]?.since, refused?.since, 'since the first refusal')

    const next = good.replace('"https://app.example"', '"https://app.example", "https://new.example"')
    writeFileSync(proxy.configFile, next.replace(/listen: .*/, 'listen: 127.0.0.1:1'))
    await until(async () => (await status()).configuration.refused.length === 0, 'it is accepted')
    const change = 'my-media: rule 1 AllowedOrigins + https://new.example'
    t.match((await status()).configuration, { changes: [change], restartRequired: ['listen'] })
    t.match(linesOf(proxy, 'configuration_reloaded').at(-1), { changes: change, restartRequired: 'listen' })
    t.match(await page(), 'A restart is needed for: <code>listen</code>')
  })
}

t.test('a fault that comes while a configuration waits for its TLS files is told once', async t => {
  const proxy = await startProxy('upstream: { url: "http://127.0.0.1:9" }\ndrainSeconds: 1\n')
  t.teardown(() => proxy.stop('SIGINT'))
  const good = readFileSync(proxy.configFile, 'utf8')
  writeFileSync(proxy.configFile, good.replace('9" }', '9", caFile: not-there.pem }'))
  await until(() => linesOf(proxy, 'reload_failed').length > 0, 'the file is missed')
  t.match(await (await fetch(proxy.adminUrl)).text(), /is refused<\/strong>.*not-there\.pem/s)
  writeFileSync(proxy.configFile, `${good}wrong: 1\n`)
  await until(() => linesOf(proxy, 'configuration_refused').length > 0, 'the fault is told')
  // Two looks at the TLS files.
  await sleep(11_000)
  t.equal(linesOf(proxy, 'configuration_refused').length, 1)
})

t.test(
  'whatever becomes of its files, a proxy tells it once, goes on, and tells what changed when they are mended',
  async t => {
    const rules = `CORSRules:
      - { ID: a, AllowedOrigins: ["https://a.example"], AllowedMethods: [GET] }
      - { ID: b, AllowedOrigins: ["https://b.example"], AllowedMethods: [GET] }`
    const proxy = await startProxy(
      `upstream: { url: "http://127.0.0.1:9" }\ndrainSeconds: 1\nbuckets:\n  my-media:\n    ${rules}\n`,
    )
    t.teardown(() => proxy.stop('SIGINT'))
    const file = proxy.configFile
    const corsFile = join(dirname(file), 'cors.json')
    const good = readFileSync(file, 'utf8')
    const withFile = good.replace('buckets:', 'buckets:\n  filed: { CORSFile: cors.json }')
    const cors = (origin: string) =>
      JSON.stringify({ CORSRules: [{ AllowedOrigins: [origin], AllowedMethods: ['GET'] }] })
    // As a ConfigMap of Kubernetes is mounted and changed.
    const swap = (name: string, text: string) => {
      mkdirSync(join(dirname(file), name))
      writeFileSync(join(dirname(file), name, 'config.yaml'), text)
      symlinkSync(name, join(dirname(file), '..data_tmp'))
      renameSync(join(dirname(file), '..data_tmp'), join(dirname(file), '..data'))
    }
    const steps: readonly (readonly [
      what: string,
      act: () => void,
      expected: { refused: RegExp } | { changes: string },
    ])[] = [
      ['deleted', () => unlinkSync(file), { refused: /config\.yaml: the file does not exist/ }],
      ['a directory', () => mkdirSync(file), { refused: /config\.yaml: the path is a directory/ }],
      [
        'empty',
        () => {
          rmSync(file, { recursive: true })
          writeFileSync(file, '')
        },
        { refused: /the file holds nothing/ },
      ],
      [
        'half written',
        () => writeFileSync(file, good.slice(0, good.indexOf('b.example'))),
        { refused: /is not closed/ },
      ],
      ['as before', () => writeFileSync(file, good), { changes: 'none' }],
      [
        'in another order',
        () =>
          writeFileSync(
            file,
            good
              .replace('ID: a', 'ID: c')
              .replace('ID: b', 'ID: a')
              .replace('ID: c', 'ID: b')
              .replace('//a.', '//c.')
              .replace('//b.', '//a.')
              .replace('//c.', '//b.'),
          ),
        { changes: 'my-media: the rules in another order' },
      ],
      [
        'with a file of rules',
        () => {
          writeFileSync(corsFile, cors('https://f.example'))
          writeFileSync(file, withFile)
        },
        { changes: 'filed: added: rules from file, 1 rule, enforcement headers; my-media: the rules in another order' },
      ],
      [
        'a broken file of rules',
        () => writeFileSync(corsFile, '{"CORSRules": ['),
        { refused: /cors\.json:1:\d+: .*ends too early/ },
      ],
      ['no file of rules', () => unlinkSync(corsFile), { refused: /cors\.json: the file does not exist/ }],
      [
        'another file of rules',
        () => writeFileSync(corsFile, cors('https://g.example')),
        { changes: 'filed: rule 1 AllowedOrigins + https://g.example, - https://f.example' },
      ],
      [
        'a link to a fault',
        () => {
          unlinkSync(file)
          symlinkSync('..data/config.yaml', file)
          swap('first', good.replace('[GET]', '[GTE]'))
        },
        { refused: /Unsupported method is GTE/ },
      ],
      ['a link to less', () => swap('second', good), { changes: 'filed: removed' }],
    ]
    for (const [what, act, expected] of steps) {
      const event = 'refused' in expected ? 'configuration_refused' : 'configuration_reloaded'
      const before = linesOf(proxy, event).length
      act()
      await until(() => linesOf(proxy, event).length > before, `${what}: ${event}`)
      const line = linesOf(proxy, event)[before]
      const { configuration } = (await (await fetch(`${proxy.adminUrl}/status`)).json()) as Status
      const text = await (await fetch(proxy.adminUrl)).text()
      if ('refused' in expected) {
        t.match(line?.issue, expected.refused, what)
        t.match(configuration.refused[0]?.issues[0], expected.refused)
        t.match(text, 'The configuration on the disk is refused')
      } else {
        t.match(line?.changes, expected.changes, what)
        t.strictSame(configuration.refused, [])
        t.notMatch(text, 'is refused')
      }
    }
  },
)
