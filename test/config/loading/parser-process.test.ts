import { readdirSync, readFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import {
  type ConfigurationSource,
  parseSnapshot,
  type SnapshotResult,
} from '../../../src/config/loading/load-configuration.ts'
import {
  isSmall,
  ParserFailure,
  parseForReload,
  parseForStart,
  parseInProcess,
  parserFlags,
} from '../../../src/config/loading/parser-process.ts'
import { execFile } from '../../fixtures/children.ts'
import { contentOf, upstreamLine } from '../../fixtures/parsed-text.ts'

t.setTimeout(300_000)

/** A slow machine takes seconds to start a process. */
const startMs = 20_000
const largeBytes = 128 * 1024
const source: ConfigurationSource = { file: 'proxy.yaml', environment: { S3CORS_DRAIN_SECONDS: '7' }, flags: {} }
const rule = '{ AllowedOrigins: ["https://a.example"], AllowedMethods: [GET] }'
const small = `${upstreamLine}vary: matched\nbuckets: { abc: { CORSRules: [${rule}, ${rule}] }, abd: { from: none } }\n`
const comment = `#${'x'.repeat(largeBytes)}\n`
const fileOf = (text: string) => new Map([['proxy.yaml', contentOf(text)]])

/** The result with the rules themselves, and no count of them. */
function plain(result: SnapshotResult): unknown {
  const { configuration } = result.parsed
  if (configuration === undefined) return result
  const buckets = configuration.buckets.map(({ ruleCount: _, ...bucket }) => bucket)
  return { ...result, parsed: { ...result.parsed, configuration: { ...configuration, buckets } } }
}

/** A program in place of the parser's. */
function programOf(t: Test, code: string): URL {
  return pathToFileURL(join(t.testdir({ 'parser.mjs': code }), 'parser.mjs'))
}

const programs = {
  sources: new URL('../../../src/config/loading/parser-program.ts', import.meta.url),
  'built program': new URL('../../../dist/config/loading/parser-program.js', import.meta.url),
}
for (const [name, program] of Object.entries(programs)) {
  for (const text of [small, `${small}listen: 1\n`, 'buckets: { abc: { CORSFile: b.json } }\n', '']) {
    t.test(`another process of the ${name} makes of ${JSON.stringify(text.slice(-9))} what this one does`, async t => {
      const here = parseSnapshot(source, fileOf(text))
      t.strictSame(plain(await parseInProcess(program, source, fileOf(text), startMs)), plain(here))
    })
  }
}

t.test('what is small is parsed here, and what takes long for its size is not', async t => {
  t.ok(isSmall(fileOf(small)))
  t.ok(isSmall(fileOf(`${small}${'      - "https://some-page.some-domain.example"\n'.repeat(700)}`)), 'rules of 30 KB')
  t.notOk(isSmall(fileOf(small + comment)))
  for (const [name, text] of Object.entries({
    commas: `[${','.repeat(20_000)}`,
    lines: '-\n'.repeat(20_000),
    keys: 'a:\n'.repeat(20_000),
    aliases: `a: &a 1\nb: [${'*a,'.repeat(20_000)}]`,
    tags: `[${'!!x 1,'.repeat(20_000)}]`,
    quotes: `[${'"",'.repeat(20_000)}]`,
  }))
    t.notOk(isSmall(fileOf(text)), name)
})

t.test('the rules of another process are counted and made whenever they are read', async t => {
  const { parsed } = await parseForReload(source, fileOf(small + comment))
  const [bucket, without] = parsed.configuration?.buckets ?? []
  t.strictSame([bucket?.ruleCount, bucket?.rules.length, without?.ruleCount], [2, 2, 0])
  t.not(bucket?.rules, bucket?.rules)
  t.strictSame(structuredClone(bucket)?.rules, bucket?.rules, 'and they can be sent on')
})

const places: readonly { name: string; text: string; isHere: boolean }[] = [
  { name: 'a small file is parsed in this process', text: small, isHere: true },
  { name: 'a large one in another', text: small + comment, isHere: false },
]
for (const [when, parse] of Object.entries({ 'at a start': parseForStart, 'at a reload': parseForReload })) {
  for (const { name, text, isHere } of places) {
    t.test(`${when} ${name}`, async t => {
      t.strictSame(await untilNone(), [])
      let isOver = false
      const parsing = parse(source, fileOf(text)).then(result => {
        isOver = true
        return result
      })
      // Another process takes many turns of the event loop, this one none.
      await new Promise(resolve => setImmediate(resolve))
      t.equal(isOver, isHere)
      t.equal(children().length > 0, !isHere, 'processes that were started')
      t.strictSame(plain(await parsing), plain(parseSnapshot(source, fileOf(text))))
    })
  }
}

t.test('the event loop goes on while a large file is parsed', async t => {
  const entry = (i: number) => `  bucket-${i}: { CORSRules: [${rule}] }\n`
  const large = fileOf(`${upstreamLine}buckets:\n${Array.from({ length: 8000 }, (_, i) => entry(i)).join('')}`)
  let turns = 0
  const beat = setInterval(() => turns++, 1)
  const { parsed } = await parseForReload(source, large)
  clearInterval(beat)
  t.equal(parsed.configuration?.buckets.length, 8000)
  t.ok(turns > 20, `${turns} turns`)
})

const broken: readonly { name: string; code: string; deadlineMs?: number; message: string }[] = [
  { name: 'throws', code: 'process.stderr.write = () => true; throw 1', message: 'exit code 1' },
  { name: 'exits', code: 'process.exit(0)', message: 'exit code 0' },
  { name: 'does not listen', code: 'process.exitCode = 3', message: 'exit code 3' },
  { name: 'is killed', code: 'process.kill(process.pid, "SIGKILL")', message: 'SIGKILL' },
]
for (const { name, code, message } of broken) {
  t.test(`a parser that ${name} gives no result, however much it was sent`, async t => {
    const failure = new ParserFailure(`reading ended without a result (${message})`)
    for (const text of [small, '#'.repeat(4_000_000)])
      await t.rejects(parseInProcess(programOf(t, code), source, fileOf(text), startMs), failure)
    t.strictSame(await untilNone(), [], 'and no process is left')
  })
}

t.test('a parser that never answers is ended in time', async t => {
  const program = programOf(t, 'process.on("message", () => {}); process.on("SIGTERM", () => {})')
  const failure = new ParserFailure('reading took longer than 0.5 seconds')
  await t.rejects(parseInProcess(program, source, fileOf(small), 500), failure)
  t.strictSame(await untilNone(), [])
})

t.test('a parser that needs more memory than it may have says so', async t => {
  const code = 'const all = []; process.on("message", () => { for (;;) all.push(new Array(1e7).fill(all)) })'
  const message = 'reading needs more than 512 MB of memory'
  await t.rejects(parseInProcess(programOf(t, code), source, fileOf(small), startMs), new ParserFailure(message))
})

t.test('a parser that does not exist gives no result', async t => {
  await t.rejects(parseInProcess(new URL('none.js', import.meta.url), source, fileOf(small), startMs), ParserFailure)
})

const cannotStart: readonly { name: string; shell: string; message: RegExp }[] = [
  { name: 'a descriptor to spare', shell: 'ulimit -n 64; exec "$0" "$1"', message: /spawn .* EMFILE/ },
  {
    name: "leave of Node's permission model",
    // tap has each Node process load what may not be loaded under this model.
    shell: 'unset NODE_OPTIONS; exec "$0" --permission --allow-fs-read=\\* "$1"',
    message: /Access to this API has been restricted.*/,
  },
]
for (const { name, shell, message } of cannotStart) {
  const skip = process.platform === 'win32'
  t.test(
    `without ${name} a small reload and every start take place, and a large reload is refused`,
    { skip },
    async t => {
      const code = `
      import { openSync } from 'node:fs'
      import { parseForReload, parseForStart } from ${JSON.stringify(new URL('../../../dist/config/loading/parser-process.js', import.meta.url))}
      await import('node:timers/promises')
      if (process.permission === undefined) try { for (;;) openSync('/dev/null') } catch {}
      const large = ${JSON.stringify(upstreamLine)} + '#'.repeat(${largeBytes})
      const parse = async (how, text) => {
        const content = { kind: 'bytes', bytes: Buffer.from(text) }
        const { configuration, issues } = (await how(${JSON.stringify(source)}, new Map([['proxy.yaml', content]]))).parsed
        const [{ reason, message }] = configuration === undefined ? issues : [{ message: configuration.upstream.url.authority }]
        return { reason, message }
      }
      console.log(JSON.stringify([
        await parse(parseForReload, ${JSON.stringify(small)}),
        await parse(parseForStart, large),
        await parse(parseForReload, large),
      ]))
    `
      const script = join(t.testdir({ 'script.mjs': code }), 'script.mjs')
      const { stdout } = await promisify(execFile)('sh', ['-c', shell, process.execPath, script], { env: {} })
      const [reload, start, large] = JSON.parse(stdout) as { readonly reason?: string; readonly message: string }[]
      t.strictSame([reload, start], [{ message: '127.0.0.1:9000' }, { message: '127.0.0.1:9000' }])
      t.equal(large?.reason, 'internal')
      t.match(large?.message, message)
    },
  )
}

t.test('a parser has its flags, and no variable but those that it reads', async t => {
  const code = `process.once('message', ({ source }) => {
    const wanted = [...process.execArgv, ...process.argv.slice(2), ...Object.keys(source.environment), ...Object.keys(process.env)]
    process.send({ rules: [], result: { parsed: {}, wanted } })
  })`
  t.teardown(() => void delete process.env.OF_THIS_PROCESS)
  process.env.OF_THIS_PROCESS = 'secret'
  const environment = { S3CORS_LISTEN: ':1', AWS_SECRET_ACCESS_KEY: 'secret' }
  const asked = { ...source, environment }
  const { wanted } = await parseInProcess(programOf(t, code), asked, fileOf(small), startMs, ['--beside-requests'])
  // tap gives these to every process that a test starts.
  const own = (wanted as readonly string[]).filter(name => !/^_TAPJS_|^NODE_OPTIONS$/.test(name))
  t.strictSame(own, [...parserFlags, '--beside-requests', 'S3CORS_LISTEN'])
})

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
t.test('beside requests a parser takes less of the processor, and the signals of a terminal do not end it', async t => {
  const own = getPriority()
  t.strictSame(await untilNone(), [])
  const parsing = parseForReload(source, fileOf(small + comment.repeat(7)))
  const [pid] = children()
  if (pid === undefined) throw new Error('no process was started')
  let isGentle = false
  let isOver = false
  const ended = parsing.then(() => {
    isOver = true
  })
  while (!isOver && !isGentle) {
    isGentle = priorityOf(pid) === Math.min(19, own + 5)
    if (isGentle) for (const signal of signals) process.kill(pid, signal)
    await wait(2)
  }
  await ended
  t.ok(isGentle)
  t.equal(getPriority(), own)
  t.ok((await parsing).parsed.configuration)
})

t.test('a parser ends when the process that asked has ended', async t => {
  const code = `
    import { parseInProcess } from ${JSON.stringify(new URL('../../../dist/config/loading/parser-process.js', import.meta.url))}
    const content = { kind: 'bytes', bytes: Buffer.from(${JSON.stringify(small)} + '#'.repeat(1_000_000)) }
    parseInProcess(new URL(${JSON.stringify(programs['built program'])}), ${JSON.stringify(source)}, new Map([['proxy.yaml', content]]), ${startMs})
    const { readdirSync, readFileSync } = await import('node:fs')
    process.stdout.write(readFileSync('/proc/self/task/' + process.pid + '/children', 'utf8'), () => process.kill(process.pid, 'SIGKILL'))
  `
  const script = join(t.testdir({ 'script.mjs': code }), 'script.mjs')
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [script]).catch(
    (error: { readonly stdout: string; readonly stderr: string }) => error,
  )
  const pid = Number(stdout)
  t.ok(pid > 0)
  for (let waited = 0; waited < startMs && isRunning(pid); waited += 20) await wait(20)
  t.equal(isRunning(pid), false)
  t.equal(stderr, '')
})

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

function priorityOf(pid: number): number | undefined {
  try {
    return getPriority(pid)
  } catch {
    return undefined
  }
}

/** The processes that this one has started, zombies too. */
function children(): readonly number[] {
  return readdirSync('/proc/self/task')
    .flatMap(task => readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number))
    .filter(pid => !isGuard(pid))
}

/** The shell that ends what this file leaves running. */
function isGuard(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('/bin/sh\0-c\0')
  } catch {
    return false // it has just ended
  }
}

async function untilNone(): Promise<readonly number[]> {
  for (let waited = 0; waited < startMs && children().length > 0; waited += 20) await wait(20)
  return children()
}
