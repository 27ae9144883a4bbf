// What runs at the first `npx s3-cors-proxy`, without output and before its command.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'

const program = fileURLToPath(new URL('../prepare.mjs', import.meta.url))
const note = 'console.log("ran")\nprocess.exit(Number(process.env.FAILS ?? 0))\n'

/** A folder whose compiler and test runner only say that they ran; its files are an hour old. */
function folder(t: Test) {
  const path = t.testdir({
    'package.json': '{"type":"module"}',
    'tsconfig.json': '{}',
    src: { cli: { 'main.ts': '' } },
    dist: { 'cli.js': '' },
    node_modules: { typescript: { bin: { tsc: note } }, tap: { dist: { esm: { 'run.mjs': note } } } },
  })
  const hourAgo = Date.now() / 1000 - 3600
  for (const name of ['package.json', 'tsconfig.json', 'src/cli/main.ts', 'src/cli', 'src'])
    utimesSync(join(path, name), hourAgo, hourAgo)
  const prepare = (env = {}) => {
    const { status, stdout } = spawnSync(process.execPath, [program], { cwd: path, env: { ...process.env, ...env } })
    return { status, lines: String(stdout).split('\n').slice(0, -1) }
  }
  return { path, prepare }
}

const built = { status: 0, lines: ['Building s3-cors-proxy and its test runner: about half a minute', 'ran', 'ran'] }
const nothing = { status: 0, lines: [] }

t.test('the first run builds and says so in a line; what is built is not built again', async t => {
  const { prepare } = folder(t)
  t.strictSame(prepare(), built)
  t.strictSame(prepare(), nothing)
})

for (const name of ['src/cli/main.ts', 'src/cli', 'tsconfig.json', 'package.json']) {
  t.test(`what is newer than the last build has it built again: ${name}`, async t => {
    const { path, prepare } = folder(t)
    prepare()
    const later = Date.now() / 1000 + 10
    utimesSync(join(path, name), later, later)
    t.strictSame(prepare(), built)
  })
}

t.test('a build that fails fails, and the next run builds', async t => {
  const { path, prepare } = folder(t)
  t.match(prepare({ FAILS: '2' }), { status: 2, lines: [built.lines[0], 'ran'] })
  t.equal(existsSync(join(path, 'node_modules/.s3-cors-proxy-built')), false)
  t.strictSame(prepare(), built)
})

t.test('npm runs it', async t => {
  const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  t.equal(scripts.prepare, 'node test/prepare.mjs')
})
