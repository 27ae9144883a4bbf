// The walk-through of the README, command by command, against its own output.

import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { skipWithoutCurl } from '../clients/curl.ts'
import { spawn } from '../fixtures/children.ts'
import { startProxy } from '../fixtures/proxy-process.ts'
import { freePort } from '../servers/free-ports.ts'
import { skipWithout } from '../servers/installed.ts'
import { findPrometheus, howToGetPrometheus, startPrometheus } from '../servers/prometheus.ts'

t.setTimeout(300_000)

const root = fileURLToPath(new URL('../..', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const section = readme.split('### From refused to allowed\n')[1]?.split('\n## ')[0] ?? ''

interface Step {
  readonly command: string
  readonly output: string
}

/** Every command of the section with what it prints, and the change of the configuration where it stands. */
const steps = [...section.matchAll(/```(console|diff)\n([\s\S]*?)```/g)].flatMap(
  ([, kind, block = '']): (Step | 'change')[] =>
    kind === 'diff'
      ? ['change']
      : block
          .split(/^\$ /m)
          .slice(1)
          .map(step => {
            const end = step.indexOf('\n')
            return { command: step.slice(0, end), output: step.slice(end + 1) }
          }),
)
const changed = /```diff\n([\s\S]*?)```/.exec(section)?.[1] ?? ''

/** The lines of a diff before it, or after it. */
function side(gone: '-' | '+'): string {
  return changed
    .split('\n')
    .filter(line => !line.startsWith(gone))
    .map(line => line.slice(1))
    .join('\n')
}

/** What differs each time; and on a slow machine the proxy has seen a change by itself before it is told. */
function steady(printed: string): string {
  return printed
    .replaceAll('\r', '')
    .replace(/@\[[\d.]+\]/g, '@[NOW]')
    .replace(/"unchanged",\s+"inForceSince": "[^"]+"/, '"applied"')
}

const skip = skipWithout('Prometheus', findPrometheus() !== undefined, howToGetPrometheus) || skipWithoutCurl()

t.test('from refused to allowed, as the README says', { skip }, async t => {
  const head = `upstream: { url: "http://127.0.0.1:${await freePort()}", credentials: none }\nhosts: [s3.example.com]\nbuckets:\n  my-media:\n    CORSRules:\n`
  const proxy = await startProxy(head + side('+'))
  t.teardown(() => proxy.stop())
  const prometheus = await startPrometheus({ targets: [new URL(proxy.adminUrl).host] })
  t.teardown(() => prometheus.stop({ keepLogs: !t.passing() }))
  const bin = mkdtempSync(join(tmpdir(), 's3-cors-proxy-bin-'))
  t.teardown(() => rmSync(bin, { recursive: true }))
  // The one program that `npx` is asked for here.
  writeFileSync(join(bin, 'npx'), `#!/bin/sh\nshift\nexec "${process.execPath}" "${root}/dist/cli.js" "$@"\n`)
  chmodSync(join(bin, 'npx'), 0o755)

  /** The README's addresses are the defaults; here every test has its own. */
  async function run(command: string): Promise<string> {
    const here = command
      .replaceAll('http://127.0.0.1:8080', proxy.url)
      .replaceAll('http://127.0.0.1:9464', proxy.adminUrl)
      .replaceAll('http://127.0.0.1:9090', prometheus.url)
    const shell = spawn('/bin/sh', ['-c', here], {
      env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    return (await text(shell.stdout)).replaceAll(proxy.configFile, 'proxy.yaml')
  }

  t.ok(steps.length >= 6, `${steps.length} steps`)
  for (const step of steps) {
    if (step === 'change') {
      const before = readFileSync(proxy.configFile, 'utf8')
      t.ok(before.includes(side('+')), 'the change fits the configuration')
      writeFileSync(proxy.configFile, before.replace(side('+'), side('-')))
      continue
    }
    const wanted = steady(step.output).trimEnd()
    let printed = await run(step.command)
    // Prometheus scrapes when its time has come.
    for (
      let tries = 0;
      step.command.startsWith('promtool') && steady(printed).trimEnd() !== wanted && tries < 60;
      tries++
    ) {
      await sleep(500)
      printed = await run(step.command)
    }
    t.equal(steady(printed).trimEnd(), wanted, step.command)
  }
})
