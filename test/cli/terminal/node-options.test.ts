// What Node is started with: the bin adds the options that pay, in the same process, and the operator's own hold.

import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { missingAllocatorSettings, missingNodeOptions, servesRequests } from '../../../src/cli/terminal/node-options.ts'
import { spawn } from '../../fixtures/children.ts'
import { createMemoryGroup } from '../../fixtures/memory-group.ts'
import { startProxy } from '../../fixtures/proxy-process.ts'
import { cliPath, runCli } from '../../fixtures/run-cli.ts'
import { freePorts } from '../../servers/free-ports.ts'

t.setTimeout(300_000)

const mebibyte = 1024 ** 2
const debuggerOff = '--disable-sigusr1'
const inlining = '--max-inlined-bytecode-size-cumulative=3000'

for (const [given, heapMebibytes, missing] of [
  [[''], 4288, [debuggerOff, '--max-semi-space-size=32', inlining]],
  [[''], 1048, [debuggerOff, '--max-semi-space-size=32', inlining]],
  [[''], 560, [debuggerOff, '--max-semi-space-size=16', inlining]],
  [[''], 268, [debuggerOff, '--max-semi-space-size=8', inlining]],
  [[''], 64, [debuggerOff, '--max-semi-space-size=8', inlining]],
  [['', debuggerOff], 4288, ['--max-semi-space-size=32', inlining]],
  [[`--enable-source-maps ${debuggerOff}`], 4288, ['--max-semi-space-size=32', inlining]],
  [['', '--max-semi-space-size=4'], 4288, [debuggerOff, inlining]],
  [['', '--max_semi_space_size=4'], 4288, [debuggerOff, inlining]],
  [['--max-semi-space-size=4'], 4288, [debuggerOff, inlining]],
  [['', '--min-semi-space-size=4'], 4288, [debuggerOff, inlining]],
  [['--max_old_space_size=64'], 112, [debuggerOff, inlining]],
  [['"--max-old-space-size=64" "--import=file:///hooks.mjs"'], 112, [debuggerOff, inlining]],
  [['"--disable-sigusr1" "--max-semi-space-size=4"'], 112, [inlining]],
  [['', debuggerOff, '--max-semi-space-size=64'], 4288, [inlining]],
  [['', '--inspect-brk'], 4288, []],
  [['--inspect=0'], 4288, []],
  [['', '--max-inlined-bytecode-size-cumulative=920'], 4288, [debuggerOff, '--max-semi-space-size=32']],
  [['--max_inlined_bytecode_size_cumulative=920'], 4288, [debuggerOff, '--max-semi-space-size=32']],
] as const) {
  t.test(
    `${JSON.stringify(given)} and a heap of ${heapMebibytes} MiB: ${JSON.stringify(missing)} is added`,
    async t => {
      t.strictSame(missingNodeOptions(given, heapMebibytes * mebibyte), missing)
      t.strictSame(missingNodeOptions([...given, ...missing], heapMebibytes * mebibyte), [], 'and then nothing')
    },
  )
}

const settings = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '1048576', MALLOC_TRIM_THRESHOLD_: '1048576' }
const { MALLOC_ARENA_MAX, MALLOC_MMAP_THRESHOLD_, MALLOC_TRIM_THRESHOLD_ } = settings

for (const [environment, missing] of [
  [{}, settings],
  [settings, {}],
  [{ MALLOC_ARENA_MAX: '4' }, { MALLOC_MMAP_THRESHOLD_, MALLOC_TRIM_THRESHOLD_ }],
  [{ MALLOC_TRIM_THRESHOLD_: '' }, { MALLOC_ARENA_MAX, MALLOC_MMAP_THRESHOLD_ }],
  [
    { GLIBC_TUNABLES: 'glibc.malloc.mmap_threshold=1048576:glibc.malloc.check=1' },
    { MALLOC_ARENA_MAX, MALLOC_TRIM_THRESHOLD_ },
  ],
  [{ GLIBC_TUNABLES: 'glibc.malloc.arena_max=1:glibc.malloc.trim_threshold=0' }, { MALLOC_MMAP_THRESHOLD_ }],
] as const) {
  t.test(
    `the environment ${JSON.stringify(environment)}: ${Object.keys(missing).join(', ') || 'nothing'} is added`,
    async t => {
      t.strictSame(missingAllocatorSettings(environment), missing)
    },
  )
}

for (const [given, serves] of [
  [[], true],
  [['serve', '--config', 'file'], true],
  [['--config', 'file'], true],
  [['demo'], true],
  [['serve', '--help'], false],
  [['--version'], false],
  [['-h'], false],
  [['check'], false],
  [['probe'], false],
  [['help', 'serve'], false],
  [['unknown'], false],
] as const) {
  t.test(`arguments ${JSON.stringify(given)} ${serves ? 'serve' : 'do not serve'}`, async t => {
    t.equal(servesRequests(given), serves)
  })
}

const noProc = !existsSync('/proc/self/exe') && 'needs /proc'
const configuration =
  'upstream: { url: "http://127.0.0.1:9" }\ndrainSeconds: 1\nbuckets: { media: { from: none, enforcement: report } }'

/** What a running process was started with, from the name of Node to that of the program. */
function optionsOf(pid: number): readonly string[] {
  const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  return words.slice(1, words.indexOf(cliPath))
}

/** The allocator's settings in the environment of a running process. */
function settingsOf(pid: number | string): Readonly<Record<string, string>> {
  const entries = readFileSync(`/proc/${pid}/environ`, 'utf8')
    .split('\0')
    .filter(entry => entry.startsWith('MALLOC_'))
    .map(entry => entry.split('=') as [string, string])
  return Object.fromEntries(entries)
}

t.test(
  'the bin and its workers have the settings of the allocator, and those of the operator hold',
  { skip: noProc },
  async t => {
    // Between Node and the program: with these options there is no other reason to start Node again.
    const options = `node=$1; shift; exec "$node" ${debuggerOff} --max-semi-space-size=8 ${inlining} "$@"`
    for (const [env, through, expected] of [
      [{}, [], settings],
      [{ MALLOC_ARENA_MAX: '1' }, [], { ...settings, MALLOC_ARENA_MAX: '1' }],
      [{}, ['/bin/sh', '-c', options, 'sh'], settings],
    ] as const) {
      const proxy = await startProxy(`${configuration}\nworkers: 2`, { env, through })
      t.teardown(() => proxy.stop('SIGKILL'))
      t.strictSame(settingsOf(proxy.pid), expected, `${JSON.stringify(env)}: the process that was started`)
      const workers = [...proxy.logs().matchAll(/"event":"worker_started","worker":\d+,"pid":(\d+)/g)]
      t.equal(workers.length, 2)
      for (const [, pid = ''] of workers) t.strictSame(settingsOf(pid), expected, 'a worker')
      t.equal(await proxy.stop(), 0)
    }
  },
)

t.test('the bin has the options that it was not started with', { skip: noProc }, async t => {
  const proxy = await startProxy(configuration)
  t.teardown(() => proxy.stop('SIGKILL'))
  const options = optionsOf(proxy.pid)
  t.match(options, [debuggerOff, /^--max-semi-space-size=(?:8|16|32)$/, inlining], 'in the process that was started')
  t.equal(options.length, 3)
  const started = proxy
    .logs()
    .split('\n')
    .find(line => line.includes('"event":"started"'))
  t.match(started, `"nodeOptions":"${options.join(' ')}"`, 'the log tells')
  const status = (await (await fetch(`${proxy.adminUrl}/status`)).json()) as { readonly nodeOptions: unknown }
  t.strictSame(status.nodeOptions, options, '/status tells')
  t.notMatch(proxy.logs(), /ExperimentalWarning|execve/)
  t.equal(await proxy.stop(), 0, 'signals reach it')
})

t.test('workers have the options of the process that starts them', { skip: noProc }, async t => {
  const proxy = await startProxy(`${configuration}\nworkers: 2`)
  t.teardown(() => proxy.stop('SIGKILL'))
  const options = optionsOf(proxy.pid)
  const workers = [...proxy.logs().matchAll(/"event":"worker_started","worker":\d+,"pid":(\d+)/g)]
  t.equal(workers.length, 2)
  for (const [, pid] of workers) {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    t.strictSame(words.slice(1, 1 + options.length), options)
  }
})

t.test('what the operator says holds', { skip: noProc }, async t => {
  const proxy = await startProxy(configuration, {
    env: { NODE_OPTIONS: '--max-semi-space-size=4 --max-old-space-size=64' },
  })
  t.teardown(() => proxy.stop('SIGKILL'))
  t.strictSame(optionsOf(proxy.pid), [debuggerOff, inlining])
})

t.test('the young generation is smaller where memory is small', { skip: noProc }, async t => {
  for (const [mebibytes, size] of [
    [128, 8],
    [512, 8],
    [1024, 16],
    [2048, 32],
  ] as const) {
    const group = createMemoryGroup('s3-cors-proxy-node-options', mebibytes * mebibyte)
    if (group === undefined) continue
    try {
      const proxy = await startProxy(configuration, {
        through: ['/bin/sh', '-c', `echo $$ > ${group.processesFile} && exec "$@"`, 'sh'],
      })
      const options = optionsOf(proxy.pid)
      t.equal(await proxy.stop(), 0)
      t.strictSame(options, [debuggerOff, `--max-semi-space-size=${size}`, inlining], `${mebibytes} MiB`)
    } finally {
      await group.remove()
    }
  }
})

t.test('a command that ends soon is not started again', { skip: noProc }, async t => {
  // Each start of Node writes one line.
  const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-starts-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const counter = join(folder, 'counter.cjs')
  writeFileSync(counter, "require('node:fs').writeSync(2, 'start\\n')")
  const starts = async (...args: string[]) =>
    (await runCli(args, { NODE_OPTIONS: `--require=${counter}` })).err.split('\n').filter(line => line === 'start')
      .length
  t.equal(await starts('--version'), 1)
  t.equal(await starts('serve', '--help'), 1)
  t.equal(await starts('serve', '--config', join(folder, 'missing.yaml')), 2)
})

/** Serves with descriptors beyond the three usual ones, which `redirections` make, and tells how it was started. */
async function serveBeside(t: Test, redirections: string, config = '"$config"'): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-descriptors-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const [port = 0, adminPort = 0] = await freePorts(2)
  const file = join(folder, 'config.yaml')
  writeFileSync(file, `${configuration}\nlisten: 127.0.0.1:${port}\nadmin: 127.0.0.1:${adminPort}\n`)
  const command = `config=$1; exec "$2" "$3" serve --config ${config} ${redirections}`
  const { PATH, HOME } = process.env
  const child = spawn('bash', ['-c', command, '-', file, process.execPath, cliPath], {
    env: { PATH, HOME },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  for await (const line of createInterface(child.stdout)) if (line.includes('"event":"started"')) break
  const options = optionsOf(child.pid ?? 0)
  child.stdout.resume()
  child.kill('SIGINT')
  t.strictSame(await once(child, 'close'), [0, null])
  return options
}

t.test('a descriptor that a second start would close is kept: the program runs as it is', { skip: noProc }, async t => {
  t.strictSame(await serveBeside(t, '3</etc/passwd'), [], 'a file')
  t.strictSame(await serveBeside(t, '3< <(:)'), [], 'one end of a pipe')
  t.equal((await serveBeside(t, '3</dev/null')).length, 3, 'nothing is lost with /dev/null')
})
