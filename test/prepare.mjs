// What `npm ci`, `npm install` and the first `npx s3-cors-proxy` in a folder run: builds the program and the test runner, unless both
// are newer than every source. npx shows no output while it waits for this, so it must have nothing to do.
// Plain JavaScript: it runs on the Node.js that the machine has.

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Written after a build. `npm ci` removes it with the built test runner, which stands in `node_modules`, too. */
const stamp = join('node_modules', '.s3-cors-proxy-built')

function timeOf(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0
}

/** The newest of a folder's files and folders: a folder is as new as the last change of its names. */
function newestIn(folder) {
  const entries = readdirSync(folder, { withFileTypes: true })
  const times = entries.map(entry => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? newestIn(path) : timeOf(path)
  })
  return times.reduce((newest, time) => Math.max(newest, time), timeOf(folder))
}

function run(...args) {
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

const newest = Math.max(newestIn('src'), timeOf('tsconfig.json'), timeOf('package.json'))
if (!existsSync(join('dist', 'cli.js')) || timeOf(stamp) < newest) {
  console.log('Building s3-cors-proxy and its test runner: about half a minute')
  run(join('node_modules', 'typescript', 'bin', 'tsc'))
  run(join('node_modules', 'tap', 'dist', 'esm', 'run.mjs'), 'build')
  writeFileSync(stamp, '')
}
