import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Configuration } from '../../../src/config/configuration.ts'
import type { FileContent } from '../../../src/config/files/file-content.ts'
import { describeIssue } from '../../../src/config/issue.ts'
import {
  type ConfigurationSource,
  loadConfiguration,
  parseSnapshot,
} from '../../../src/config/loading/load-configuration.ts'
import { type ReloadResult, watchConfiguration } from '../../../src/config/loading/watch-configuration.ts'
import { contentOf, upstreamLine } from '../../fixtures/parsed-text.ts'
import { until as waitUntil } from '../../fixtures/patience.ts'

t.setTimeout(300_000)

const yaml = (origin: string) =>
  `${upstreamLine}buckets:\n  abc:\n    CORSRules:\n      - AllowedOrigins: ["https://${origin}.example"]\n        AllowedMethods: [GET]\n`
const json = (origin: string) => `[{"AllowedOrigins": ["https://${origin}.example"], "AllowedMethods": ["GET"]}]`
const withFiles = (...names: readonly string[]) =>
  `${upstreamLine}buckets:\n${names.map((name, index) => `  bucket-${index}: { CORSFile: ${name} }\n`).join('')}`

/** The origins that a configuration allows, one word for each. */
function originsOf(configuration: Configuration): string {
  return configuration.buckets
    .flatMap(bucket => bucket.rules.flatMap(rule => rule.allowedOrigins))
    .map(origin => /\/\/(\w+)/.exec(origin)?.[1])
    .join(',')
}

/** What a reading process that could not be started leaves behind. */
const notRead = {
  parsed: {
    configuration: undefined,
    issues: [
      {
        severity: 'fault',
        reason: 'internal',
        file: 'etc/proxy.yaml',
        path: [],
        value: undefined,
        message: 'no process',
        allowed: '',
      },
    ],
    corsFiles: [],
    pemFiles: [],
    places: [],
  },
  wanted: [],
} as const

/** A watch over files in memory, whose time only passes when a test says so. */
async function watchMemory(initial: Readonly<Record<string, string>>) {
  const files: Record<string, string | undefined> = { ...initial }
  const applied: string[] = []
  const refused: string[] = []
  const closed: string[] = []
  const directories = new Map<string, () => void>()
  const beforeRead: ((path: string, count: number) => void)[] = []
  let reads = 0
  let parses = 0
  let failing = 0
  let wakePoll = () => {}
  const source: ConfigurationSource = { file: 'etc/proxy.yaml', environment: {}, flags: {} }
  const read = async (path: string): Promise<FileContent> => {
    reads++
    for (const hook of beforeRead) hook(path, reads)
    const text = files[path]
    return text === undefined ? { kind: 'failed', message: 'the file does not exist' } : contentOf(text)
  }
  const loaded = await loadConfiguration(source, read)
  const watch = watchConfiguration({
    source,
    loaded,
    read,
    apply: configuration => {
      applied.push(originsOf(configuration))
    },
    refuse: issues => refused.push(issues.map(describeIssue).join('\n')),
    parse: async (from, snapshot) => {
      parses++
      return failing-- > 0 ? notRead : parseSnapshot(from, snapshot)
    },
    watchDirectory: (directory, changed) => {
      directories.set(directory, changed)
      return () => {
        directories.delete(directory)
        closed.push(directory)
      }
    },
    sleep: (ms, signal) =>
      new Promise(resolve => {
        signal.addEventListener('abort', () => resolve(), { once: true })
        if (ms >= 1000) wakePoll = resolve
        else setImmediate(resolve)
      }),
  })
  t.teardown(() => watch.stop())
  const settled = async () => {
    for (let turns = 0; turns < 100; turns++) await new Promise(resolve => setImmediate(resolve))
  }
  return {
    files,
    applied,
    refused,
    closed,
    directories,
    beforeRead,
    watch,
    settled,
    parses: () => parses,
    /** The next readings fail for a reason that is not in the files. */
    failReadings(count: number) {
      failing = count
    },
    /** The time of the next poll has come. */
    async poll() {
      wakePoll()
      await settled()
    },
    /** Something in the directory has changed. */
    async event(directory = 'etc') {
      directories.get(directory)?.()
      await settled()
    },
  }
}

t.test('an event in the directory brings the new file into force', async t => {
  const w = await watchMemory({ 'etc/proxy.yaml': yaml('a') })
  w.files['etc/proxy.yaml'] = yaml('b')
  await w.event()
  t.strictSame(w.applied, ['b'])
  await w.event()
  await w.poll()
  t.strictSame(w.applied, ['b'], 'once')
})

t.test('the poll finds what no event told', async t => {
  const w = await watchMemory({ 'etc/proxy.yaml': yaml('a') })
  await w.poll()
  t.equal(w.parses(), 0, 'what has not changed is not parsed')
  w.files['etc/proxy.yaml'] = yaml('b')
  await w.poll()
  t.strictSame(w.applied, ['b'])
})

t.test(
  'what could not be read for no fault of the files is read again, less and less often, and told once',
  async t => {
    const w = await watchMemory({ 'etc/proxy.yaml': yaml('a') })
    w.files['etc/proxy.yaml'] = yaml('b')
    w.failReadings(3)
    const parsesAtPoll: number[] = []
    for (let poll = 0; poll < 15; poll++) {
      await w.poll()
      parsesAtPoll.push(w.parses())
    }
    t.strictSame(parsesAtPoll, [1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 4])
    t.strictSame(w.applied, ['b'])
    t.match(w.refused, [/no process/])
    t.equal(w.refused.length, 1)
  },
)

t.test('a reload that was asked for waits for no turn, and the next failure is told again', async t => {
  const w = await watchMemory({ 'etc/proxy.yaml': yaml('a') })
  w.files['etc/proxy.yaml'] = yaml('b')
  w.failReadings(1)
  await w.poll()
  t.match(await w.watch.trigger(), { kind: 'applied' })
  t.strictSame(w.applied, ['b'])
  w.failReadings(1)
  t.match(await w.watch.trigger(), { kind: 'refused' })
  t.equal(w.refused.length, 2)
  await w.poll()
  t.strictSame([w.applied, w.parses()], [['b'], 3], 'what runs is in force all the same')
})

t.test('a faulty file changes nothing and is told once; a good one later counts', async t => {
  const w = await watchMemory({ 'etc/proxy.yaml': yaml('a') })
  w.files['etc/proxy.yaml'] = `${yaml('b')}listen: 80\n`
  await w.poll()
  await w.poll()
  await w.event()
  t.strictSame(w.applied, [])
  t.match(w.refused, [/^etc\/proxy\.yaml:7:9: listen: 80 is a number/])
  t.equal(w.refused.length, 1)
  w.files['etc/proxy.yaml'] = yaml('a')
  await w.poll()
  t.strictSame(w.applied, ['a'], 'even when it is the one that runs: the report of the fault has to end')
})

t.test('a file written in two steps is never used half', async t => {
  const w = await watchMemory({ 'etc/proxy.yaml': yaml('a') })
  const whole =
    yaml('b') +
    yaml('b')
      .slice(upstreamLine.length + 'buckets:\n'.length)
      .replace('abc', 'abd')
  w.files['etc/proxy.yaml'] = whole.slice(0, yaml('b').length)
  let written = false
  w.beforeRead.push(() => {
    if (written) w.files['etc/proxy.yaml'] = whole
    written = true
  })
  await w.event()
  t.strictSame(w.applied, ['b,b'], 'the first half alone would have been good YAML')
})

t.test('of a file that grows byte by byte only the end is used', async t => {
  const w = await watchMemory({ 'etc/proxy.yaml': yaml('a') })
  const whole = yaml('b')
  w.files['etc/proxy.yaml'] = ''
  let length = 0
  w.beforeRead.push(() => {
    length = Math.min(whole.length, length + 7)
    w.files['etc/proxy.yaml'] = whole.slice(0, length)
  })
  await w.event()
  t.strictSame(w.applied, ['b'])
  t.strictSame(w.refused, [])
})

t.test('a file that never stands still is left to the next poll', async t => {
  const w = await watchMemory({ 'etc/proxy.yaml': yaml('a') })
  let count = 0
  w.beforeRead.push(() => {
    w.files['etc/proxy.yaml'] = yaml(`o${count++}`)
  })
  t.strictSame(await w.watch.trigger(), { kind: 'unsettled' })
  t.ok(count < 100, 'and it is not read for ever')
  w.beforeRead.length = 0
  await w.poll()
  t.equal(w.applied.length, 1)
})

t.test('a file that is gone keeps the last good one and is told once', async t => {
  const w = await watchMemory({ 'etc/proxy.yaml': yaml('a') })
  w.files['etc/proxy.yaml'] = undefined
  await w.event()
  await w.poll()
  t.strictSame(w.applied, [])
  t.strictSame(w.refused, ['etc/proxy.yaml: the file does not exist; allowed: the path of a readable file'])
  w.files['etc/proxy.yaml'] = yaml('b')
  await w.poll()
  t.strictSame(w.applied, ['b'], 'and it recovers')
})

t.test('CORS files are watched too, in their own directories', async t => {
  const w = await watchMemory({ 'etc/proxy.yaml': withFiles('rules/a.json'), 'etc/rules/a.json': json('a') })
  t.strictSame([...w.directories.keys()], ['etc', 'etc/rules'])
  w.files['etc/rules/a.json'] = json('b')
  await w.event('etc/rules')
  t.strictSame(w.applied, ['b'])
  w.files['etc/rules/a.json'] = '[{'
  await w.event('etc/rules')
  t.match(w.refused, [/^etc\/rules\/a\.json:1:3: /])
  w.files['etc/rules/a.json'] = json('c')
  await w.poll()
  t.strictSame(w.applied, ['b', 'c'])
})

t.test('a CORS file that is new is read twice before it counts, and one that is no longer named is let go', async t => {
  const w = await watchMemory({
    'etc/proxy.yaml': withFiles('old/a.json'),
    'etc/old/a.json': json('a'),
    'etc/new/b.json': json('half'),
  })
  w.files['etc/proxy.yaml'] = withFiles('new/b.json')
  let read = 0
  w.beforeRead.push(path => {
    if (path === 'etc/new/b.json' && ++read === 2) w.files[path] = json('whole')
  })
  await w.event()
  t.strictSame(w.applied, ['whole'])
  t.strictSame([...w.directories.keys()], ['etc', 'etc/new'])
  t.strictSame(w.closed, ['etc/old'])
})

t.test('a faulty file keeps the CORS files that were known in view', async t => {
  const w = await watchMemory({ 'etc/proxy.yaml': withFiles('rules/a.json'), 'etc/rules/a.json': json('a') })
  w.files['etc/proxy.yaml'] = '['
  await w.event()
  t.strictSame([...w.directories.keys()], ['etc', 'etc/rules'])
  w.files['etc/proxy.yaml'] = withFiles('rules/a.json')
  w.files['etc/rules/a.json'] = json('b')
  await w.event('etc/rules')
  t.strictSame(w.applied, ['b'])
})

t.test('a thousand changes are few looks, and the last one wins', async t => {
  const w = await watchMemory({ 'etc/proxy.yaml': yaml('a') })
  for (let change = 1; change <= 1000; change++) {
    w.files['etc/proxy.yaml'] = yaml(`o${change}`)
    w.directories.get('etc')?.()
    if (change % 100 === 0) await new Promise(resolve => setImmediate(resolve))
  }
  await w.settled()
  await w.poll()
  t.equal(w.applied.at(-1), 'o1000')
  t.ok(w.parses() <= 10, `${w.parses()} parses`)
})

t.test('looks never overlap, and all who ask meanwhile share the next one', async t => {
  const w = await watchMemory({ 'etc/proxy.yaml': yaml('a') })
  const first = w.watch.trigger()
  await new Promise(resolve => setImmediate(resolve))
  w.files['etc/proxy.yaml'] = yaml('b')
  const others = [w.watch.trigger(), w.watch.trigger(), w.watch.trigger()]
  const results = await Promise.all([first, ...others])
  t.strictSame(
    results.map(result => result.kind),
    ['applied', 'applied', 'applied', 'applied'],
  )
  t.equal(w.parses(), 2)
  t.equal(w.applied.at(-1), 'b')
})

t.test('trigger reads even what has not changed, and says what is wrong', async t => {
  const w = await watchMemory({ 'etc/proxy.yaml': `${yaml('a')}hosts: [s3.example.com]\n` })
  t.strictSame(await w.watch.trigger(), { kind: 'applied', issues: [] })
  w.files['etc/proxy.yaml'] = ''
  const result = await w.watch.trigger()
  t.equal(result.kind, 'refused')
  t.match(result.kind === 'refused' && result.issues.map(describeIssue), [/the file holds nothing/])
})

t.test('after stop nothing is applied any more, not even what was being read', async t => {
  const w = await watchMemory({ 'etc/proxy.yaml': yaml('a') })
  w.files['etc/proxy.yaml'] = yaml('b')
  const pending = w.watch.trigger()
  w.watch.stop()
  t.strictSame(await pending, { kind: 'unsettled' } satisfies ReloadResult)
  t.strictSame(await w.watch.trigger(), { kind: 'unsettled' } satisfies ReloadResult)
  await w.event()
  t.strictSame(w.applied, [])
  t.equal(w.directories.size, 0)
})

t.test('what is in force already is unchanged, unless a look under way has just brought it', async t => {
  const source = { file: 'proxy.yaml', environment: {}, flags: {} }
  let text = yaml('a')
  let opened: Promise<void> | undefined
  let isReading = () => {}
  const read = async () => {
    isReading()
    await opened
    return contentOf(text)
  }
  let inForce = 'a'
  let changed = () => {}
  const watch = watchConfiguration({
    source,
    loaded: await loadConfiguration(source, read),
    read,
    parse: async (from, snapshot) => parseSnapshot(from, snapshot),
    watchDirectory: (_, heard) => {
      changed = heard
      return () => undefined
    },
    sleep: (ms, signal) =>
      new Promise(resolve => {
        signal.addEventListener('abort', () => resolve(), { once: true })
        if (ms < 1000) setImmediate(resolve)
      }),
    refuse: () => t.fail('nothing is wrong with the file'),
    apply: async configuration => {
      const origins = originsOf(configuration)
      if (origins === inForce) return 'unchanged'
      inForce = origins
      return 'applied'
    },
  })
  t.teardown(() => watch.stop())
  t.equal((await watch.trigger()).kind, 'unchanged')
  text = yaml('b')
  let open = () => {}
  opened = new Promise(resolve => {
    open = resolve
  })
  const begun = new Promise<void>(resolve => {
    isReading = resolve
  })
  changed()
  await begun
  const asked = watch.trigger()
  open()
  t.equal((await asked).kind, 'applied', 'by whichever look')
  t.equal(inForce, 'b')
  t.equal((await watch.trigger()).kind, 'unchanged')
})

t.test('a configuration that cannot be put into force is refused with the reason', async t => {
  const source = { file: 'proxy.yaml', environment: {}, flags: {} }
  const read = async () => contentOf(yaml('a'))
  const watch = watchConfiguration({
    source,
    loaded: await loadConfiguration(source, read),
    read,
    parse: async (from, snapshot) => parseSnapshot(from, snapshot),
    watchDirectory: () => () => undefined,
    refuse: () => t.fail('nothing is wrong with the file'),
    apply: async () => {
      throw new Error('tls.crt: no such file')
    },
  })
  t.teardown(() => watch.stop())
  const result = await watch.trigger()
  t.equal(result.kind, 'refused')
  t.match(result.kind === 'refused' && result.issues.map(describeIssue), [
    'proxy.yaml: not put into force: tls.crt: no such file',
  ])
})

t.test('on a disk', async t => {
  /** A watch with everything real: the directory, the poll, the clock, the worker. */
  const watchDisk = async (file: string) => {
    const applied: string[] = []
    const refused: string[] = []
    const source = { file, environment: {}, flags: {} }
    const watch = watchConfiguration({
      source,
      loaded: await loadConfiguration(source),
      apply: configuration => {
        applied.push(originsOf(configuration))
      },
      refuse: issues => refused.push(issues.map(describeIssue).join('\n')),
    })
    t.teardown(() => watch.stop())
    const until = (done: () => boolean) => waitUntil(done).then(done, done)
    return { applied, refused, until, watch }
  }

  t.test('three swaps of a Kubernetes volume all count', async t => {
    const directory = t.testdir({ v0: { 'proxy.yaml': yaml('v0') } })
    symlinkSync('v0', join(directory, '..data'))
    symlinkSync('..data/proxy.yaml', join(directory, 'proxy.yaml'))
    const { applied, until } = await watchDisk(join(directory, 'proxy.yaml'))
    for (const version of ['v1', 'v2', 'v3']) {
      mkdirSync(join(directory, version))
      writeFileSync(join(directory, version, 'proxy.yaml'), yaml(version))
      symlinkSync(version, join(directory, '..data_tmp'))
      renameSync(join(directory, '..data_tmp'), join(directory, '..data'))
      t.equal(await until(() => applied.at(-1) === version), true, version)
    }
    t.strictSame(applied, ['v1', 'v2', 'v3'])
  })

  t.test('a file deleted, replaced by a directory, or closed keeps the last good one and recovers', async t => {
    const directory = t.testdir({ 'proxy.yaml': yaml('a') })
    const file = join(directory, 'proxy.yaml')
    const { applied, refused, until } = await watchDisk(file)
    rmSync(file)
    t.equal(await until(() => refused.length === 1), true, 'deleted')
    mkdirSync(file)
    t.equal(await until(() => refused.length === 2), true, 'a directory')
    rmSync(file, { recursive: true })
    writeFileSync(file, yaml('b'))
    if (process.getuid?.() !== 0) {
      t.equal(await until(() => applied.length === 1), true)
      chmodSync(file, 0)
      t.equal(await until(() => refused.length === 3), true, 'closed')
      chmodSync(file, 0o600)
    }
    t.equal(await until(() => applied.at(-1) === 'b'), true, 'recovered')
    t.notOk(applied.includes('a'))
  })

  t.test('a directory removed and made again is seen by the poll', async t => {
    const directory = t.testdir({ etc: { 'proxy.yaml': yaml('a') } })
    const etc = join(directory, 'etc')
    const { applied, refused, until } = await watchDisk(join(etc, 'proxy.yaml'))
    rmSync(etc, { recursive: true })
    t.equal(await until(() => refused.length === 1), true)
    mkdirSync(etc)
    writeFileSync(join(etc, 'proxy.yaml'), yaml('b'))
    t.equal(await until(() => applied.at(-1) === 'b'), true)
  })

  t.test('a directory that is not there cannot be watched, only polled', async t => {
    const directory = t.testdir()
    const { applied, until } = await watchDisk(join(directory, 'etc/proxy.yaml'))
    mkdirSync(join(directory, 'etc'))
    writeFileSync(join(directory, 'etc/proxy.yaml'), yaml('b'))
    t.equal(await until(() => applied.at(-1) === 'b'), true)
  })
})
