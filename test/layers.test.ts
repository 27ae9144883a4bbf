import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

// The import direction of the parts: each may import itself, the ground floor and what stands beside it here, nothing else.
const groundFloor: readonly string[] = ['text', 'http']
const allowed: Readonly<Record<string, readonly string[]>> = {
  text: [],
  http: ['text'],
  cors: groundFloor,
  s3: [...groundFloor, 'cors'],
  policies: [...groundFloor, 's3', 'cors'],
  config: [...groundFloor, 's3', 'cors'],
  proxy: [...groundFloor, 'policies', 's3', 'cors'],
  telemetry: [...groundFloor, 'proxy', 'policies', 's3', 'cors'],
  admin: [...groundFloor, 'policies', 's3', 'cors'],
  daemon: [...groundFloor, 'proxy', 'admin', 'telemetry', 'config', 'policies', 's3', 'cors'],
  demo: [...groundFloor, 'daemon', 'telemetry', 'config', 'policies', 's3', 'cors'],
  cli: [...groundFloor, 'demo', 'daemon', 'config', 'policies', 's3', 'cors'],
}

const root = fileURLToPath(new URL('..', import.meta.url))
const src = join(root, 'src')
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'))

/** The part a file belongs to: its folder, or for `src/daemon/daemon.ts` and `src/cli.ts` the folder of that name. */
function partOf(file: string): string {
  const [first = ''] = file.split('/')
  return first.replace(/\.ts$/, '')
}

function importsOf(file: string, folder = src): readonly string[] {
  const text = readFileSync(join(folder, file), 'utf8')
  return [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g)].map(match => match[1] ?? '')
}

/** The files of src that `file` imports; it lies in `folder`, which is src or test. */
function targetsOf(file: string, folder = src): readonly string[] {
  return importsOf(file, folder)
    .filter(specifier => specifier.startsWith('.'))
    .map(specifier => relative(src, join(folder, dirname(file), specifier)))
}

/** A way from `file` back to itself through imports; undefined where there is none. */
function cycleThrough(file: string): readonly string[] | undefined {
  const cameFrom = new Map<string, string>()
  for (const open = [file]; open.length > 0; ) {
    const at = open.shift() ?? ''
    for (const target of targetsOf(at)) {
      if (target === file) {
        const way = [at]
        for (let step = cameFrom.get(at); step !== undefined; step = cameFrom.get(step)) way.unshift(step)
        return way
      }
      if (cameFrom.has(target)) continue
      cameFrom.set(target, at)
      open.push(target)
    }
  }
  return undefined
}

t.test('no file imports itself by others, not for types either', async t => {
  for (const file of files) t.strictSame(cycleThrough(file), undefined, file)
})

t.test('imports point one way', async t => {
  for (const file of files) {
    const part = partOf(file)
    t.ok(part in allowed, `${file} belongs to a known part`)
    for (const specifier of importsOf(file)) {
      if (!specifier.startsWith('.')) continue
      const target = partOf(relative(src, join(src, dirname(file), specifier)))
      const fine = target === part || allowed[part]?.includes(target) === true
      if (!fine) t.fail(`${file} imports ${specifier}: ${part} may not know ${target}`)
    }
  }
})

/** The same of the rooms of a part; what lies in a room's own folders belongs to it. */
const rooms: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  cors: {
    patterns: [],
    rules: [],
    lint: ['rules', 'patterns'],
    parsing: ['lint', 'rules'],
    decision: ['parsing', 'rules', 'patterns'],
    explain: ['decision', 'parsing', 'lint', 'rules', 'patterns'],
    suggestion: ['explain', 'lint', 'rules'],
  },
  s3: {
    xml: [],
    errors: ['xml'],
    address: [],
    'cors-operation': ['address', 'errors', 'xml'],
    signature: ['cors-operation', 'address', 'errors'],
    endpoint: ['cors-operation', 'address', 'xml'],
  },
  proxy: {
    shares: [],
    client: ['shares'],
    node: ['client', 'shares'],
    request: [],
    upstream: ['request', 'client', 'node'],
    exchange: ['upstream', 'request', 'client', 'node', 'shares'],
    http2: ['client', 'node', 'shares'],
    handling: ['exchange', 'upstream', 'http2', 'request', 'client', 'node', 'shares'],
    server: ['handling', 'exchange', 'http2', 'request', 'client', 'node', 'shares'],
  },
  telemetry: {
    labels: [],
    origins: ['labels'],
    metrics: ['origins', 'labels'],
    log: [],
  },
  cli: {
    terminal: [],
    running: ['terminal'],
    connect: ['terminal'],
    learning: ['running', 'terminal'],
    commands: ['running', 'connect', 'learning', 'terminal'],
  },
}

for (const [part, allowedOf] of Object.entries(rooms)) {
  t.test(`the rooms of ${part} import one another one way`, async t => {
    for (const file of files.filter(name => dirname(name).startsWith(`${part}/`))) {
      const [, room = ''] = file.split('/')
      t.ok(room in allowedOf, `${file} belongs to a known room`)
      for (const target of targetsOf(file)) {
        const [other, otherRoom = ''] = target.split('/')
        if (other !== part || otherRoom === room) continue
        t.ok(allowedOf[room]?.includes(otherRoom), `${file} may import ${target}`)
      }
    }
    for (const [room, others] of Object.entries(allowedOf)) {
      for (const other of others) t.notOk(allowedOf[other]?.includes(room), `${room} and ${other} are no circle`)
    }
  })
}

t.test('the core imports nothing but itself and the ground floor', async t => {
  for (const file of files.filter(name => name.startsWith('cors/'))) {
    for (const specifier of importsOf(file)) t.match(specifier, /^\.\.?\//, `${file} imports ${specifier}`)
  }
})

/** A file of types alone has nothing to run. */
function hasCode(file: string): boolean {
  return /^export (?:async |abstract )?(?:const|let|function|class)\b|^export \{(?! type)|^[a-z]+\(/m.test(
    readFileSync(join(src, file), 'utf8'),
  )
}

const tests = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' }).filter(name =>
  name.endsWith('.test.ts'),
)

/** The files of `folder` that its tests import, and those of it that these import. */
function testedOf(folder: string): ReadonlySet<string> {
  const tested = new Set<string>()
  const add = (file: string): void => {
    if (dirname(file) !== folder || tested.has(file) || !existsSync(join(src, file))) return
    tested.add(file)
    for (const target of targetsOf(file)) add(target)
  }
  for (const test of tests) {
    if (dirname(test) === folder) for (const target of targetsOf(test, join(root, 'test'))) add(target)
  }
  return tested
}

t.test('the tests of a folder cover every source file of it', async t => {
  const testedIn = new Map<string, ReadonlySet<string>>()
  for (const file of files.filter(hasCode)) {
    const folder = dirname(file)
    const tested = testedIn.get(folder) ?? testedOf(folder)
    testedIn.set(folder, tested)
    const own = join(root, 'test', file.replace(/\.ts$/, '.test.ts'))
    t.ok(tested.has(file) || existsSync(own), `a test in test/${folder} reaches ${file}`)
  }
})

t.test('no file is named for nothing in particular', async t => {
  for (const file of files) t.notMatch(file, /(?:^|\/)(?:utils?|common|helpers?|types|index)\.ts$/, file)
})
