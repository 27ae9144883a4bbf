#!/usr/bin/env node
import { servesRequests, startWithNodeOptions } from './cli/terminal/node-options.ts'
import { nodeFault } from './cli/terminal/node-version.ts'

// A listener takes the place of Node's own, which opens a debugger to every process of this machine:
// https://nodejs.org/api/process.html#signal-events. How images and units start it (--disable-sigusr1) closes the time before.
process.on('SIGUSR1', () => {})

// Before anything else is loaded: on an older Node, that fails with a stack trace of a dependency.
const fault = nodeFault(process.versions.node)
if (fault !== undefined) {
  process.stderr.write(`${fault}\n`)
  process.exit(1)
}
// Before anything else is loaded: it is loaded again.
if (servesRequests(process.argv.slice(2))) startWithNodeOptions()
const { main } = await import('./cli/main.ts')
const { createStandardOutput } = await import('./cli/terminal/standard-output.ts')

// What cannot be told there cannot be told anywhere, and is no reason to end: Node itself may warn there while the proxy serves.
process.stderr.on('error', () => {})
const out = createStandardOutput(process.stdout, reason => {
  process.stderr.write(`standard output: ${reason}\n`)
  process.once('exit', code => {
    if (code === 0) process.exitCode = 1
  })
})

process.exitCode = await main(process.argv.slice(2), {
  environment: process.env,
  out,
  err: text => process.stderr.write(text),
})
// The process ends although something is still open, such as an idle connection; output is written first.
setTimeout(() => process.exit(), 1000).unref()
