#!/usr/bin/env node
import { nodeFault } from './cli/node-version.ts'

// Before anything else is loaded: on an older Node, that fails with a stack trace of somebody else's.
const fault = nodeFault(process.versions.node)
if (fault !== undefined) {
  process.stderr.write(`${fault}\n`)
  process.exit(1)
}
const { main } = await import('./cli/main.ts')

// A reader that has enough, such as `head`, is no failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}

process.exitCode = await main(process.argv.slice(2), {
  environment: process.env,
  out: text => process.stdout.write(text),
  err: text => process.stderr.write(text),
})
// What is still open after a command has ended, such as an idle connection, keeps nobody waiting; output is written first.
setTimeout(() => process.exit(), 1000).unref()
