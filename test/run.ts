// `npm test`: every test file, or those that the patterns given match, in a temporary folder of its own. Whatever a test file leaves
// behind, one that was killed included, ends with the run: processes that it started (they inherit TMPDIR) and files. Both are told,
// by name. Prints TAP, a point for each file: skipped tests and notes of those that pass, all that those print that fail.

import { chmodSync, globSync, mkdtempSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { removeLeftovers } from './leftovers.ts'
import { inTurns, needsTheMachine, notesOf, runTestFile } from './test-file.ts'

const longestMs = 600_000
/** What starts processes and waits for them goes first: what is quick fills the end. */
const slowFirst = ['daemon', 'deploy', 'cli', 'servers', 'clients', 'browser', 'docs', 'wire', 'proxy', 'config']

const { values, positionals } = parseArgs({
  allowPositionals: true,
  // More than cores: many files wait for time to pass.
  options: { jobs: { type: 'string', default: String(availableParallelism() + 1) } },
})
const jobs = Number(values.jobs)
if (!(jobs >= 1)) throw new Error('expected --jobs to be a number of files side by side, 1 or more')
const root = fileURLToPath(new URL('..', import.meta.url))
const patterns = positionals.length === 0 ? ['test/**/*.test.ts'] : positionals
const rank = (file: string): number => {
  const place = slowFirst.indexOf(file.split('/')[1] ?? '')
  return place === -1 ? slowFirst.length : place
}
const files = globSync(patterns, { cwd: root }).toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
for (const pattern of patterns) {
  if (globSync(pattern, { cwd: root }).length > 0) continue
  throw new Error(
    `expected a file or a pattern of files, as "test/s3/**/*.test.ts", got ${pattern}: no file matches it`,
  )
}

// Short: paths of Unix sockets in it have 107 bytes at most.
const TMPDIR = mkdtempSync(join(tmpdir(), 's3t-'))
// Servers that give up root, as Apache does, have to pass through it.
chmodSync(TMPDIR, 0o711)
const cache = 'node-compile-cache'
const env = { ...process.env, TMPDIR }

const aborted = new AbortController()
// A terminal tells the test files, too; a supervisor only this process.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => aborted.abort())

let points = 0
const sum = { pass: 0, fail: 0, skip: 0 }
async function runFile(file: string, ownEnv: NodeJS.ProcessEnv): Promise<void> {
  if (aborted.signal.aborted) return
  const run = { node: process.execPath, file, cwd: root, env: ownEnv, longestMs, signal: aborted.signal }
  const { ok, pass, fail, skip, seconds, output } = await runTestFile(run)
  sum.pass += pass
  sum.fail += fail
  sum.skip += skip
  const shown = ok ? notesOf(output).join('\n') : output
  if (shown !== '') console.log(shown.trimEnd().replaceAll(/^/gm, '    '))
  const skipped = skip === 0 ? '' : `, ${skip} skipped`
  console.log(`${ok ? 'ok' : 'not ok'} ${++points} - ${file} # ${pass} passed${skipped}, ${seconds.toFixed(1)} s`)
}

const start = performance.now()
console.log(`TAP version 14\n1..${files.length}`)
const isAlone = needsTheMachine()
const alone = files.filter(isAlone)
const beside = files.filter(file => !isAlone(file))
// Half of a start is compiling. Files that measure memory run the program as its users do.
await inTurns(beside, jobs, file => runFile(file, { ...env, NODE_COMPILE_CACHE: join(TMPDIR, cache) }))
await inTurns(alone, 1, file => runFile(file, env))
console.log(`# { total: ${sum.pass + sum.fail + sum.skip}, pass: ${sum.pass}, fail: ${sum.fail}, skip: ${sum.skip} }`)
console.log(`# time=${(performance.now() - start).toFixed(0)}ms`)

const { processes, files: leftFiles } = removeLeftovers(TMPDIR)
const left = leftFiles.filter(name => name !== cache)
for (const command of processes) console.error(`left running, ended: ${command.slice(0, 200)}`)
if (left.length > 0) console.error(`left in the temporary folder, removed: ${left.join(', ')}`)
process.exitCode = sum.fail === 0 && sum.pass > 0 && !aborted.signal.aborted ? 0 : 1
