import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { getHeapStatistics } from 'node:v8'
import { debuggerOff } from '../../config/loading/debugger-off.ts'

/** The commands that serve requests: only for these a second start pays. */
const servingCommands = ['serve', 'demo']
const shortWords = ['--help', '-h', '--version']

/** Whether the arguments name a command that serves requests: `serve`, where they name none. */
export function servesRequests(given: readonly string[]): boolean {
  const [first = 'serve'] = given
  const command = first.startsWith('-') ? 'serve' : first
  return servingCommands.includes(command) && !given.some(word => shortWords.includes(word))
}

/**
 * What Node has to be started with to serve, beside what it was started with; of two that contradict, the operator's holds.
 *
 * {@link debuggerOff}.
 * `--max-semi-space-size`, in MiB: what requests allocate dies young; the more room it has, the more seldom V8 looks for what is
 * alive. Three times as much is taken, so it is a part of V8's limit for the heap, which Node sets by the memory of the control
 * group or the machine: 8 below 1 GiB, 16 below 2 GiB, else 32.
 * {@link moreInlining}: V8 compiles more of the functions that a request goes through as one.
 * Measured: deploy/README.md.
 *
 * @param given NODE_OPTIONS, and the options before the program's name
 */
export function missingNodeOptions(given: readonly string[], heapLimitBytes: number): readonly string[] {
  const names = optionNames(given)
  if (isInspected(names)) return []
  const missing: string[] = []
  if (!names.includes(debuggerOff)) missing.push(debuggerOff)
  // An operator that sizes the old generation has sized the heap: with a smaller young one there would be less than that.
  if (!names.some(name => name.endsWith('-semi-space-size') || name === '--max-old-space-size')) {
    missing.push(`--max-semi-space-size=${semiSpaceMebibytes(heapLimitBytes)}`)
  }
  if (!names.includes(moreInlining)) missing.push(`${moreInlining}=${inlinedBytes}`)
  return missing
}

function optionNames(given: readonly string[]): readonly string[] {
  // V8 takes underscores, too, and Node a word of NODE_OPTIONS in quotes.
  return given
    .flatMap(text => text.split(/\s+/))
    .map(word =>
      word
        .replace(/^"/, '')
        .replace(/[="].*/, '')
        .replaceAll('_', '-'),
    )
}

/** Whether each start waits for its debugger, so that there should be one. */
function isInspected(names: readonly string[]): boolean {
  return names.some(name => name.startsWith('--inspect'))
}

const moreInlining = '--max-inlined-bytecode-size-cumulative'
/** Of the functions that are compiled into one, in bytes of V8's own code; 920 unless told. */
const inlinedBytes = 3000

function semiSpaceMebibytes(heapLimitBytes: number): number {
  const share = heapLimitBytes / 32 / 1024 ** 2
  return share < 16 ? 8 : share < 32 ? 16 : 32
}

/**
 * Settings of glibc's allocator that keep resident memory level, which otherwise creeps for hours (`npm run soak`): buffers from
 * 1 MiB on are given back as soon as they are free, and so is the end of the heap. Unless told, glibc raises both limits to the
 * largest buffer that it has seen freed, up to 32 and 64 MiB. Two arenas instead of eight per core: nearly all work is on one thread.
 *
 * The image and the unit set them, too. Another C library does not read them.
 */
const allocatorSettings = [
  { variable: 'MALLOC_ARENA_MAX', value: '2', tunable: 'glibc.malloc.arena_max' },
  { variable: 'MALLOC_MMAP_THRESHOLD_', value: '1048576', tunable: 'glibc.malloc.mmap_threshold' },
  { variable: 'MALLOC_TRIM_THRESHOLD_', value: '1048576', tunable: 'glibc.malloc.trim_threshold' },
]

/** Those of the settings that the operator has not made, under either of their names. */
export function missingAllocatorSettings(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const tunables = (environment.GLIBC_TUNABLES ?? '').split(':').map(word => word.replace(/=.*/, ''))
  return Object.fromEntries(
    allocatorSettings
      .filter(({ variable, tunable }) => environment[variable] === undefined && !tunables.includes(tunable))
      .map(({ variable, value }) => [variable, value]),
  )
}

/**
 * Puts the same program in the place of this process, with the options of Node and the settings of the allocator that pay: the same
 * process id, no parent. Returns where there is nothing to add, or where that cannot be done without a loss: the program then runs
 * as it is.
 */
export function startWithNodeOptions(): void {
  const given = [process.env.NODE_OPTIONS ?? '', ...process.execArgv]
  const missing = missingNodeOptions(given, getHeapStatistics().heap_size_limit)
  const settings = isInspected(optionNames(given)) ? {} : missingAllocatorSettings(process.env)
  const isComplete = missing.length === 0 && Object.keys(settings).length === 0
  if (isComplete || process.platform !== 'linux' || losesDescriptors()) return
  // Not this Node's path: a package manager may have put another there.
  const node = '/proc/self/exe'
  const args = [process.argv0, ...process.execArgv, ...missing, ...process.argv.slice(1)]
  try {
    process.execve?.(node, args, { ...process.env, ...settings })
  } catch {
    // By Node's permission model, for one.
  }
}

/**
 * Whether another process has passed descriptors that a second start would close: sockets of systemd (LISTEN_FDS), the channel of
 * `fork`, `--config <(…)`. Node marks what it finds at its start, and its own, with O_CLOEXEC; its own are pipes of which it has both
 * ends, and what has no file.
 */
function losesDescriptors(): boolean {
  const folder = '/proc/self/fd'
  try {
    const targets = readdirSync(folder)
      .filter(fd => Number(fd) > 2)
      .map(fd => targetOf(folder, fd))
      .filter(target => target !== undefined && target !== '/dev/null' && !target.startsWith('anon_inode:'))
    return targets.some(
      target => !target?.startsWith('pipe:') || targets.indexOf(target) === targets.lastIndexOf(target),
    )
  } catch {
    return true
  }
}

const closedByExec = 0o2000000

/** What a descriptor leads to; undefined for one that stays open, or is closed by now, as that of the listing itself. */
function targetOf(folder: string, fd: string): string | undefined {
  try {
    const [, flags = '0'] = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1')) ?? []
    return (Number.parseInt(flags, 8) & closedByExec) === 0 ? undefined : readlinkSync(`${folder}/${fd}`)
  } catch {
    return undefined
  }
}
