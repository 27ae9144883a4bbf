import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { type ConfigurationSource, parseSnapshot, type Snapshot } from '../../src/config/load-configuration.ts'
import { packResult, unpackResult } from '../../src/config/packed-result.ts'
import {
  besideRequests,
  parseAtStart,
  parseOffLoop,
  ReadingFailure,
  runParser,
} from '../../src/config/parse-off-loop.ts'
import { contentOf, upstreamLine } from '../fixtures/parsed-text.ts'

/** A slow machine takes seconds to start a process. */
const startMs = 20_000
const source = { file: 'proxy.yaml', environment: {}, flags: {} }
const snapshot = new Map([
  ['proxy.yaml', contentOf(`${upstreamLine}vary: matched\nbuckets: { abc: { from: none } }\n`)],
])

t.test('another process reads what this one would', async t => {
  t.strictSame(await parseOffLoop(source, snapshot), received(source, snapshot))
})

t.test('the built program does the same', async t => {
  const built = new URL('../../dist/config/parse-process.js', import.meta.url)
  t.strictSame(await runParser(built, source, snapshot, startMs, besideRequests), received(source, snapshot))
})

t.test('the event loop goes on while a large file is read', async t => {
  const entry = (i: number) =>
    `  bucket-${i}: { CORSRules: [{ AllowedOrigins: ["https://a.example"], AllowedMethods: [GET] }] }\n`
  const large = contentOf(`${upstreamLine}buckets:\n${Array.from({ length: 8000 }, (_, i) => entry(i)).join('')}`)
  let longest = 0
  let before = performance.now()
  const beat = setInterval(() => {
    longest = Math.max(longest, performance.now() - before)
    before = performance.now()
  }, 1)
  const { parsed } = await parseOffLoop(source, new Map([['proxy.yaml', large]]))
  clearInterval(beat)
  t.equal(parsed.configuration?.buckets.length, 8000)
  const started = performance.now()
  parseSnapshot(source, new Map([['proxy.yaml', large]]))
  t.ok(longest < performance.now() - started, `longest pause ${longest.toFixed()} ms`)
})

const broken: readonly { name: string; code: string; deadlineMs: number; message: string }[] = [
  { name: 'throws', code: 'throw 1', deadlineMs: startMs, message: 'reading ended without a result (exit code 1)' },
  {
    name: 'exits',
    code: 'process.exit(0)',
    deadlineMs: startMs,
    message: 'reading ended without a result (exit code 0)',
  },
  {
    name: 'is killed',
    code: 'process.kill(process.pid, "SIGKILL")',
    deadlineMs: startMs,
    message: 'reading ended without a result (SIGKILL)',
  },
  {
    name: 'never answers',
    code: 'setInterval(() => {}, 1000)',
    deadlineMs: 500,
    message: 'reading took longer than 0.5 seconds',
  },
  {
    name: 'never stops',
    code: 'for (const piece = Buffer.alloc(2 ** 20); ; ) require("node:fs").writeSync(1, piece)',
    deadlineMs: startMs,
    message: 'reading gave more than 268435456 bytes',
  },
]
for (const { name, code, deadlineMs, message } of broken) {
  t.test(`a parser that ${name} gives no result`, async t => {
    const url = pathToFileURL(join(t.testdir({ 'parser.cjs': code }), 'parser.cjs'))
    await t.rejects(runParser(url, source, snapshot, deadlineMs, besideRequests), new ReadingFailure(message))
  })
}

t.test('nor does one that does not exist', async t => {
  const missing = new URL('none.js', import.meta.url)
  await t.rejects(runParser(missing, source, snapshot, startMs, besideRequests), ReadingFailure)
})

t.test('half a result is none', async t => {
  const [prefix, head] = packResult(parseSnapshot(source, snapshot)).map(piece => JSON.stringify([...piece]))
  const code = `process.stdout.write(Buffer.from(${prefix})); process.stdout.write(Buffer.from(${head}).subarray(0, -1))`
  const url = pathToFileURL(join(t.testdir({ 'parser.mjs': code }), 'parser.mjs'))
  const failure = new ReadingFailure('reading ended without a result (exit code 0)')
  await t.rejects(runParser(url, source, snapshot, startMs, besideRequests), failure)
})

t.test('nor does one that does not listen, however much it was sent', async t => {
  const url = pathToFileURL(join(t.testdir({ 'parser.mjs': 'process.exit(3)' }), 'parser.mjs'))
  const large = new Map([['proxy.yaml', contentOf('#'.repeat(4_000_000))]])
  const failure = new ReadingFailure('reading ended without a result (exit code 3)')
  await t.rejects(runParser(url, source, large, startMs, besideRequests), failure)
})

t.test(
  'without a descriptor to spare a reload is refused, and a start takes place',
  { skip: process.platform === 'win32' },
  async t => {
    const program = new URL('../../src/config/parse-off-loop.ts', import.meta.url)
    const code = `
    import { openSync } from 'node:fs'
    import { parseAtStart, parseOffLoop } from ${JSON.stringify(program)}
    try { for (;;) openSync('/dev/null') } catch {}
    const content = { kind: 'bytes', bytes: Buffer.from(${JSON.stringify(upstreamLine)} + '#'.repeat(200_000)) }
    const asked = [${JSON.stringify(source)}, new Map([['proxy.yaml', content]])]
    const [later, first] = [(await parseOffLoop(...asked)).parsed, (await parseAtStart(...asked)).parsed]
    console.log(later.issues.map(({ reason, message }) => reason + ': ' + message).join())
    console.log(later.configuration?.upstream.url.authority, first.configuration?.upstream.url.authority)
  `
    const script = join(t.testdir({ 'script.mjs': code }), 'script.mjs')
    const shell = 'ulimit -n 64; exec "$0" "$1"'
    const { stdout } = await promisify(execFile)('sh', ['-c', shell, process.execPath, script], { env: {} })
    t.match(stdout, /^internal: reading failed: spawn .* EMFILE\nundefined 127\.0\.0\.1:9000\n$/)
  },
)

t.test('a parser has one thread for what it does, and no variable but those that it reads', async t => {
  const parcel = new URL('../../src/config/parcel.ts', import.meta.url)
  const code = `
    import { readFileSync, writeSync } from 'node:fs'
    import { packParcel, unpackParcel } from ${JSON.stringify(parcel)}
    const { source } = unpackParcel([readFileSync(0)]).data
    const wanted = [...process.execArgv, ...process.argv.slice(2), ...Object.keys(source.environment), ...Object.keys(process.env)]
    for (const piece of packParcel({ buckets: [], result: { parsed: { issues: [] }, wanted } }, [])) writeSync(1, piece)
  `
  const url = pathToFileURL(join(t.testdir({ 'parser.mjs': code }), 'parser.mjs'))
  t.teardown(() => void delete process.env.OF_THIS_PROCESS)
  process.env.OF_THIS_PROCESS = 'secret'
  const environment = { S3CORS_LISTEN: ':1', AWS_SECRET_ACCESS_KEY: 'secret' }
  const { wanted } = await runParser(url, { ...source, environment }, snapshot, startMs, besideRequests)
  t.match(wanted, [
    '--disable-sigusr1',
    '--single-threaded',
    /^--max-semi-space-size=/,
    /^--initial-old-space-size=/,
    /^--max-old-space-size=/,
    '--beside-requests',
    'S3CORS_LISTEN',
  ])
  t.notOk(wanted.includes('AWS_SECRET_ACCESS_KEY'))
  t.notOk(wanted.includes('OF_THIS_PROCESS'))
})

const comment = (bytes: number) => `${upstreamLine}#${'x'.repeat(bytes)}\n`
const starts: readonly { name: string; text: string; isHere: boolean }[] = [
  { name: 'a small file is read here', text: comment(1024), isHere: true },
  { name: 'a large one by another process', text: comment(128 * 1024), isHere: false },
]
for (const { name, text, isHere } of starts) {
  t.test(`of what a process starts with, ${name}`, async t => {
    const file = new Map([['proxy.yaml', contentOf(text)]])
    let isOver = false
    const reading = parseAtStart(source, file).then(result => {
      isOver = true
      return result
    })
    // Another process takes many turns of the event loop, this one none.
    await new Promise(resolve => setImmediate(resolve))
    t.equal(isOver, isHere)
    const result = await reading
    t.ok(result.parsed.configuration)
    t.strictSame(result, isHere ? parseSnapshot(source, file) : received(source, file))
  })
}

function received(from: ConfigurationSource, files: Snapshot) {
  return unpackResult([Buffer.concat(packResult(parseSnapshot(from, files)))])
}
