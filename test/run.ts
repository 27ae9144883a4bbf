// `npm test`: tap, in a temporary folder of its own. Whatever a test file leaves behind, one that was killed included, ends with the
// run: processes that it started (they inherit TMPDIR) and files. Both are told, by name.

import { chmodSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { spawn } from './fixtures/children.ts'
import { removeLeftovers } from './leftovers.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
// Short: paths of Unix sockets in it have 107 bytes at most.
const TMPDIR = mkdtempSync(join(tmpdir(), 's3t-'))
// Servers that give up root, as Apache does, have to pass through it.
chmodSync(TMPDIR, 0o711)

const program = [join(root, 'node_modules/tap/dist/esm/run.mjs'), 'run', '--disable-coverage', ...process.argv.slice(2)]
const tap = spawn(process.execPath, program, {
  cwd: root,
  env: { ...process.env, TMPDIR },
  stdio: 'inherit',
})
// A terminal tells tap, too; a supervisor only this process.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => tap.kill(signal))
tap.once('exit', (code, signal) => {
  const { processes, files } = removeLeftovers(TMPDIR)
  for (const command of processes) console.error(`left running, ended: ${command.slice(0, 200)}`)
  if (files.length > 0) console.error(`left in the temporary folder, removed: ${files.join(', ')}`)
  process.exitCode = signal === null ? (code ?? 1) : 1
})
