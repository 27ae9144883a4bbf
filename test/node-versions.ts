// Runs the socket part of the suite on the other versions of Node that are promised: `npm run versions`. The tests, and the
// processes that they start, run on that Node. Prints TAP, a point for each file; `--file WORD` takes only the files with
// that word, `--version V` one version. The versions come with `bash test/servers/install-node-versions.sh`.

import { globSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { parseArgs } from 'node:util'
import { inTurns, runTestFile } from './test-file.ts'

/** All that speaks to sockets; what costs minutes, or tests the endpoint more than the proxy, is left to Node 24. */
const patterns = [
  'test/proxy/**/*.test.ts',
  'test/wire/*.test.ts',
  'test/daemon/{conformance,enforcement,drain,data-plane,run-daemon,upstream/*}.test.ts',
  'test/fixtures/*.test.ts',
  'test/incidents/field-bytes-sent-as-utf8.test.ts',
]
const jobs = 2
// Far longer than any of them takes, for a machine that is busy.
const longestMs = 240_000

const { values } = parseArgs({
  options: { version: { type: 'string' }, file: { type: 'string', default: '' } },
})
const root = join(import.meta.dirname, '..')
const pinned = readFileSync(join(root, 'test/servers/node-versions'), 'utf8').trim().split('\n')
const versions = pinned.filter(version => values.version === undefined || version === values.version)
const files = globSync(patterns, { cwd: root })
  .filter(file => file.includes(values.file))
  .toSorted()
const empty = patterns.filter(pattern => globSync(pattern, { cwd: root }).length === 0)
if (empty.length > 0) throw new Error(`no file matches ${empty.join(', ')}`)
if (versions.length === 0 || files.length === 0)
  throw new Error(`no such version (${pinned.join(', ')}), or no such file`)
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 's3-cors-proxy/node')

let points = 0
const sum = { total: 0, pass: 0, fail: 0, skip: 0 }
console.log(`TAP version 14\n1..${versions.length * files.length}`)
for (const version of versions) {
  const before = { ...sum }
  const start = performance.now()
  await inTurns(files, jobs, file => runFile(version, file))
  const seconds = ((performance.now() - start) / 1000).toFixed(0)
  console.log(`# Node ${version}: ${sum.pass - before.pass} passed, ${sum.fail - before.fail} failed, ${seconds} s`)
}
console.log(`# { total: ${sum.total}, pass: ${sum.pass}, fail: ${sum.fail}, skip: ${sum.skip} }`)
process.exitCode = sum.fail === 0 && sum.pass > 0 ? 0 : 1

async function runFile(version: string, file: string): Promise<void> {
  const folder = join(cache, version)
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` }
  const asked = { node: join(folder, 'node'), file, cwd: root, env, longestMs }
  const { ok, pass, fail, skip, seconds, output } = await runTestFile(asked).catch((cause: unknown) => {
    const advice = 'bash test/servers/install-node-versions.sh brings it'
    throw new Error(`Node ${version} cannot be started: ${advice}`, { cause })
  })
  sum.total += pass + fail + skip
  sum.pass += pass
  sum.fail += fail
  sum.skip += skip
  console.log(`${ok ? 'ok' : 'not ok'} ${++points} - Node ${version} ${file} # ${pass} passed, ${seconds.toFixed(1)} s`)
  if (!ok) console.log(output.replaceAll(/^/gm, '    '))
}
