import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { parseSnapshot } from '../../src/config/load-configuration.ts'
import { packResult, unpackResult } from '../../src/config/packed-result.ts'
import { parseOffLoop, runParser } from '../../src/config/parse-off-loop.ts'
import { contentOf, issueLines, upstreamLine } from '../fixtures/parsed-text.ts'

const source = { file: 'proxy.yaml', environment: {}, flags: {} }
const snapshot = new Map([
  ['proxy.yaml', contentOf(`${upstreamLine}vary: matched\nbuckets: { abc: { from: none } }\n`)],
])

t.test('another process reads what this one would', async t => {
  t.strictSame(await parseOffLoop(source, snapshot), unpackResult(packResult(parseSnapshot(source, snapshot))))
})

t.test('the built program does the same', async t => {
  const built = new URL('../../dist/config/parse-process.js', import.meta.url)
  t.strictSame(
    await runParser(built, source, snapshot, 20_000),
    unpackResult(packResult(parseSnapshot(source, snapshot))),
  )
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

const broken: readonly { name: string; code: string; message: RegExp }[] = [
  { name: 'throws', code: 'throw new Error("no memory")', message: /reading ended without a result \(exit code 1\)/ },
  { name: 'exits', code: 'process.exit(0)', message: /reading ended without a result \(exit code 0\)/ },
  { name: 'is killed', code: 'process.kill(process.pid, "SIGKILL")', message: /without a result \(SIGKILL\)/ },
  { name: 'never answers', code: 'setInterval(() => {}, 1000)', message: /reading took longer than 0\.5 seconds/ },
]
for (const { name, code, message } of broken) {
  t.test(`a parser that ${name} is a fault of the file`, async t => {
    const directory = t.testdir({ 'parser.mjs': code })
    const result = await runParser(pathToFileURL(join(directory, 'parser.mjs')), source, snapshot, 500)
    t.equal(result.parsed.configuration, undefined)
    t.match(issueLines(result.parsed), [message])
  })
}

t.test('a parser that does not exist is a fault too', async t => {
  const result = await runParser(new URL('none.js', import.meta.url), { ...source, file: undefined }, snapshot, 5000)
  t.match(issueLines(result.parsed), [/^configuration: reading ended without a result \(exit code 1\)/])
})

t.test('a parser has one thread for what it does, and no variable but those that it reads', async t => {
  const code = `
    process.once('message', ({ source }) => process.send({
      buckets: [], result: { parsed: { issues: [] }, wanted: [...process.execArgv, ...Object.keys(source.environment), ...Object.keys(process.env)] }
    }))
  `
  const url = pathToFileURL(join(t.testdir({ 'parser.mjs': code }), 'parser.mjs'))
  t.teardown(() => void delete process.env.OF_THIS_PROCESS)
  process.env.OF_THIS_PROCESS = 'secret'
  const environment = { S3CORS_LISTEN: ':1', AWS_SECRET_ACCESS_KEY: 'secret' }
  const { wanted } = await runParser(url, { ...source, environment }, snapshot, 5000)
  t.match(wanted, ['--single-threaded', /^--max-semi-space-size=/, /^--max-old-space-size=/, 'S3CORS_LISTEN'])
  t.notOk(wanted.includes('AWS_SECRET_ACCESS_KEY'))
  t.notOk(wanted.includes('OF_THIS_PROCESS'))
})
