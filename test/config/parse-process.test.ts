import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parseSnapshot } from '../../src/config/load-configuration.ts'
import { packResult } from '../../src/config/packed-result.ts'
import { packSnapshot } from '../../src/config/packed-snapshot.ts'
import { contentOf, upstreamLine } from '../fixtures/parsed-text.ts'

const program = fileURLToPath(new URL('../../dist/config/parse-process.js', import.meta.url))
const source = { file: 'a.yaml', environment: { S3CORS_LISTN: 'x' }, flags: {} }
const snapshot = new Map([['a.yaml', contentOf('upstream: 1\nbuckets: { abc: { CORSFile: b.json } }\n')]])
const asked = Buffer.concat(packSnapshot(source, snapshot))

/** What it should give itself. */
const gentlest = Math.min(19, getPriority() + 5)

type Parser = ChildProcessByStdio<Writable, Readable, Readable>

function start(...args: readonly string[]): Parser {
  return spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
}

async function untilGentle(parser: Parser): Promise<void> {
  for (let waited = 0; waited < 10_000 && getPriority(parser.pid) !== gentlest; waited += 10) await wait(10)
}

for (const args of [[], ['--beside-requests']] as const) {
  t.test(`${args.join('') || 'at start'}: it answers once, with faults and wanted files, and ends`, async t => {
    const parser = start(...args)
    const ended = once(parser, 'exit')
    parser.stdin.end(asked)
    const answer = await buffer(parser.stdout)
    t.strictSame(answer, Buffer.concat(packResult(parseSnapshot(source, snapshot))))
    t.strictSame(await ended, [0, null])
  })
}

t.test('beside requests it has a smaller share of the processor, and the process that started it has not', async t => {
  const own = getPriority()
  const [gentle, usual] = [start('--beside-requests'), start()]
  t.teardown(() => [gentle, usual].map(parser => parser.kill('SIGKILL')))
  await untilGentle(gentle)
  t.strictSame([getPriority(gentle.pid), getPriority(usual.pid), getPriority()], [gentlest, own, own])
})

t.test(
  'beside requests it leaves the processor again and again',
  { skip: !isLinux() && 'only Linux counts it' },
  async t => {
    const entry = (i: number) =>
      `  bucket-${i}: { CORSRules: [{ AllowedOrigins: ["https://a.example"], AllowedMethods: [GET] }] }\n`
    const large = `${upstreamLine}buckets:\n${Array.from({ length: 2000 }, (_, i) => entry(i)).join('')}`
    const switches = async (...args: readonly string[]) => {
      const parser = start(...args)
      parser.stdin.end(
        Buffer.concat(packSnapshot({ ...source, environment: {} }, new Map([['a.yaml', contentOf(large)]]))),
      )
      const answer = buffer(parser.stdout)
      let seen = 0
      while (parser.exitCode === null && parser.signalCode === null) {
        seen = Math.max(seen, voluntarySwitches(parser.pid))
        await wait(2)
      }
      t.equal(parser.exitCode, 0)
      t.ok((await answer).length > 2000)
      return seen
    }
    const [usual, gentle] = [await switches(), await switches('--beside-requests')]
    t.ok(gentle > usual + 50, `${usual} and ${gentle} times`)
  },
)

t.test('it ends when nobody hears it any more, and not by the signals of a terminal', async t => {
  const parser = start('--beside-requests')
  const ended = once(parser, 'exit')
  const words = buffer(parser.stderr)
  await untilGentle(parser)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) parser.kill(signal)
  await wait(200)
  t.strictSame([parser.exitCode, parser.signalCode], [null, null])
  parser.stdout.destroy()
  parser.stdin.end(asked)
  t.strictSame(await ended, [1, null])
  t.equal((await words).toString(), '')
})

t.test('what is not a whole snapshot ends it, without a word', async t => {
  const parser = start()
  const words = buffer(parser.stderr)
  const ended = once(parser, 'exit')
  parser.stdin.end(asked.subarray(0, -1))
  t.strictSame(await buffer(parser.stdout), Buffer.alloc(0))
  t.strictSame(await ended, [1, null])
  t.equal((await words).toString(), '')
})

function isLinux(): boolean {
  return process.platform === 'linux'
}

function voluntarySwitches(pid: number | undefined): number {
  try {
    return Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}
