import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { inTurns, needsTheMachine, notesOf, runTestFile, type TestFileOutcome } from './test-file.ts'

const root = join(import.meta.dirname, '..')
const tap = JSON.stringify(pathToFileURL(join(root, 'node_modules/tap/dist/esm/index.js')).href)
const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-test-file-'))
t.teardown(() => rmSync(folder, { recursive: true }))

async function outcomeOf(code: string): Promise<TestFileOutcome> {
  const file = join(folder, 'file.mjs')
  writeFileSync(file, code)
  return runTestFile({ node: process.execPath, file, cwd: root, env: process.env, longestMs: 240_000 })
}

const outcomes: readonly { name: string; code: string; expected: Omit<TestFileOutcome, 'seconds' | 'output'> }[] = [
  {
    name: 'a file whose tests pass has passed',
    code: `import t from ${tap}; t.test('one', async t => { t.ok(1); t.ok(1) }); t.test('two', async t => t.ok(1))`,
    expected: { ok: true, pass: 3, fail: 0, skip: 0 },
  },
  {
    name: 'a file of skipped tests has passed, and they are counted',
    code: `import t from ${tap}; t.test('one', { skip: 'no server' }, async t => t.ok(1))`,
    expected: { ok: true, pass: 0, fail: 0, skip: 1 },
  },
  {
    name: 'a file with a failed assertion has failed',
    code: `import t from ${tap}; t.test('one', async t => { t.ok(1); t.ok(0) })`,
    expected: { ok: false, pass: 1, fail: 1, skip: 0 },
  },
  {
    name: 'a file that throws before its first test has failed',
    code: `import ${tap}; throw new Error('at once')`,
    expected: { ok: false, pass: 0, fail: 1, skip: 0 },
  },
  {
    name: 'a file that ends before its tests do has failed',
    code: `import t from ${tap}; t.test('one', async t => { t.ok(1); process.kill(process.pid, 'SIGKILL') })`,
    expected: { ok: false, pass: 0, fail: 1, skip: 0 },
  },
  {
    name: 'a file that exits before its last test has failed',
    code: `import t from ${tap}; t.plan(2); t.test('one', async t => t.ok(1)); process.on('beforeExit', () => process.exit(0))`,
    expected: { ok: false, pass: 1, fail: 1, skip: 0 },
  },
  {
    name: 'a file that tests nothing has failed',
    code: 'console.log("nothing")',
    expected: { ok: false, pass: 0, fail: 1, skip: 0 },
  },
  {
    name: 'a file whose tests pass and that exits with 1 has failed',
    code: `import t from ${tap}; t.ok(1); process.once('exit', () => { process.exitCode = 1 })`,
    expected: { ok: false, pass: 1, fail: 1, skip: 0 },
  },
]
for (const { name, code, expected } of outcomes) {
  t.test(name, async t => {
    const { seconds, output: _, ...outcome } = await outcomeOf(code)
    t.strictSame(outcome, expected)
    t.ok(seconds > 0)
  })
}

t.test('of a passed file, skipped tests and what it prints itself are shown', async t => {
  const { output } = await outcomeOf(`import t from ${tap}
    t.test('passes', async t => t.ok(1))
    t.test('needs a server', { skip: 'MinIO is not installed: bash install.sh' }, async () => {})
    t.comment('memory: 12 MiB')
    console.error('left running, ended: node')`)
  const notes = notesOf(output).map(line => line.trim())
  t.match(notes.toSorted(), [
    /^# memory: 12 MiB$/,
    /^left running, ended: node$/,
    /^ok 2 - needs a server # SKIP MinIO is not installed: bash install.sh$/,
  ])
  t.equal(notes.length, 3)
})

t.test('what waits is worked through in its order, and never more than that many at a time', async t => {
  const begun: number[] = []
  let now = 0
  let most = 0
  await inTurns([1, 2, 3, 4, 5], 2, async one => {
    begun.push(one)
    most = Math.max(most, ++now)
    await new Promise(resolve => setImmediate(resolve))
    now--
  })
  t.strictSame(begun, [1, 2, 3, 4, 5])
  t.equal(most, 2)
})

t.test('files that package.json names, and those in folders that it names, need the machine to themselves', async t => {
  const isAlone = needsTheMachine()
  t.equal(isAlone('test/daemon/footprint.test.ts'), true)
  t.equal(isAlone('test/chaos/chaos.test.ts'), true)
  t.equal(isAlone('test/daemon/drain.test.ts'), false)
})
