import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { parseSnapshot } from '../../src/config/load-configuration.ts'
import { packResult, unpackResult } from '../../src/config/packed-result.ts'
import { parseOffLoop, runWorker } from '../../src/config/parse-off-loop.ts'
import { contentOf, issueLines, upstreamLine } from '../fixtures/parsed-text.ts'

const source = { file: 'proxy.yaml', environment: {}, flags: {} }
const snapshot = new Map([
  ['proxy.yaml', contentOf(`${upstreamLine}vary: matched\nbuckets: { abc: { from: none } }\n`)],
])

t.test('another thread reads what this one would', async t => {
  t.strictSame(await parseOffLoop(source, snapshot), unpackResult(packResult(parseSnapshot(source, snapshot))))
})

t.test('the built worker does the same', async t => {
  const built = new URL('../../dist/config/parse-worker.js', import.meta.url)
  t.strictSame(
    await runWorker(built, source, snapshot, 20_000),
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
  { name: 'throws', code: 'throw new Error("no memory")', message: /reading failed: no memory/ },
  { name: 'exits', code: 'process.exit(0)', message: /reading ended without a result/ },
  { name: 'never answers', code: 'setInterval(() => {}, 1000)', message: /reading took longer than 0\.5 seconds/ },
]
for (const { name, code, message } of broken) {
  t.test(`a worker that ${name} is a fault of the file`, async t => {
    const directory = t.testdir({ 'worker.mjs': code })
    const result = await runWorker(pathToFileURL(join(directory, 'worker.mjs')), source, snapshot, 500)
    t.equal(result.parsed.configuration, undefined)
    t.match(issueLines(result.parsed), [message])
  })
}

t.test('a worker that does not exist is a fault too', async t => {
  const result = await runWorker(new URL('none.js', import.meta.url), { ...source, file: undefined }, snapshot, 5000)
  t.match(issueLines(result.parsed), [/^configuration: reading failed: /])
})
