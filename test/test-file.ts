import { readFileSync } from 'node:fs'
import { spawn } from './fixtures/children.ts'

/** What one run of a test file has shown. A file that was cut short, or that tests nothing, has failed. */
export interface TestFileOutcome {
  readonly ok: boolean
  readonly pass: number
  readonly fail: number
  readonly skip: number
  readonly seconds: number
  /** TAP and whatever else it printed, on both of its streams. */
  readonly output: string
}

export interface TestFileRun {
  readonly node: string
  /** From `cwd`. */
  readonly file: string
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  /** The file ends itself then, and says what it waited for; ten seconds later it is killed. */
  readonly longestMs: number
  readonly signal?: AbortSignal
}

/**
 * Runs one test file by Node itself: tap's runner would load its records of processes, and source maps, into this process and into
 * every Node that it starts, which doubles the time of a start.
 */
export async function runTestFile(run: TestFileRun): Promise<TestFileOutcome> {
  const start = performance.now()
  const { code, output } = await outputOf(run)
  const closing = output.match(/^# \{ total: .*\}$/gm)?.at(-1) ?? ''
  const number = (name: string): number => Number(new RegExp(`\\b${name}: (\\d+)`).exec(closing)?.[1] ?? 0)
  const [pass, fail, skip] = [number('pass'), number('fail'), number('skip') + number('todo')]
  const ok = code === 0 && pass + skip > 0 && fail === 0
  const seconds = (performance.now() - start) / 1000
  return { ok, pass, fail: ok ? 0 : Math.max(1, fail), skip, seconds, output }
}

function outputOf(run: TestFileRun): Promise<{ readonly code: number | null; readonly output: string }> {
  const { node, file, cwd, longestMs, signal } = run
  return new Promise((resolve, reject) => {
    const child = spawn(node, [file], {
      cwd,
      env: { ...run.env, TAP_TIMEOUT: String(longestMs / 1000) },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    }
    const timer = setTimeout(() => child.kill('SIGKILL'), longestMs + 10_000)
    const stop = (): void => void child.kill('SIGTERM')
    signal?.addEventListener('abort', stop, { once: true })
    child.once('error', reject)
    child.once('close', code => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', stop)
      resolve({ code, output })
    })
  })
}

/** What a reader of a passed file still wants to see: skipped tests with how to get what they need, and notes. */
export function notesOf(output: string): readonly string[] {
  const isUsual = /^\s*(?:$|ok \d|\d+\.\.\d+|TAP version|# Subtest|# time=|# \{ total)/
  return output.split('\n').filter(line => / # (?:SKIP|TODO)\b/.test(line) || !isUsual.test(line))
}

/** Works through what waits, `jobs` at a time, in the order given. */
export async function inTurns<Work>(
  waiting: readonly Work[],
  jobs: number,
  work: (one: Work) => Promise<void>,
): Promise<void> {
  const left = waiting.values()
  const worker = async (): Promise<void> => {
    for (const one of left) await work(one)
  }
  await Promise.all(Array.from({ length: jobs }, worker))
}

/** The files that need the machine to themselves: package.json names them for tap's own runner, too. */
export function needsTheMachine(): (file: string) => boolean {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  const { tap } = JSON.parse(text) as { readonly tap: { readonly serial: readonly string[] } }
  return file => tap.serial.some(name => file === name || file.startsWith(`${name}/`))
}
