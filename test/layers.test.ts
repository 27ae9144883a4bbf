import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

// The import direction of the parts: each may import itself and what stands beside it here, nothing else.
const allowed: Readonly<Record<string, readonly string[]>> = {
  cors: [],
  s3: ['cors'],
  policies: ['s3', 'cors'],
  config: ['s3', 'cors'],
  proxy: ['policies', 's3', 'cors'],
  telemetry: ['proxy', 'policies', 's3', 'cors'],
  admin: ['policies', 's3', 'cors'],
  daemon: ['proxy', 'admin', 'telemetry', 'config', 'policies', 's3', 'cors'],
  demo: ['daemon', 'telemetry', 'config', 'policies', 's3', 'cors'],
  cli: ['demo', 'daemon', 'config', 'policies', 's3', 'cors'],
}

const root = fileURLToPath(new URL('..', import.meta.url))
const src = join(root, 'src')
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'))

/** The part a file belongs to: its folder, or for `src/daemon.ts` and `src/cli.ts` the folder of that name. */
function partOf(file: string): string {
  const [first = ''] = file.split('/')
  return first.replace(/\.ts$/, '')
}

function importsOf(file: string): readonly string[] {
  const text = readFileSync(join(src, file), 'utf8')
  return [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g)].map(match => match[1] ?? '')
}

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

t.test('the core imports nothing but itself', async t => {
  for (const file of files.filter(name => name.startsWith('cors/'))) {
    for (const specifier of importsOf(file)) t.match(specifier, /^\.\//, `${file} imports ${specifier}`)
  }
})

/** A file of types alone has nothing to run. */
function hasCode(file: string): boolean {
  return /^export (?:async |abstract )?(?:const|let|function|class)\b|^export \{(?! type)|^[a-z]+\(/m.test(
    readFileSync(join(src, file), 'utf8'),
  )
}

t.test('every source file has its test', async t => {
  for (const file of files.filter(hasCode)) {
    const test = join(root, 'test', file.replace(/\.ts$/, '.test.ts'))
    t.ok(existsSync(test), `${file} has test/${file.replace(/\.ts$/, '.test.ts')}`)
  }
})

t.test('no file is named for nothing in particular', async t => {
  for (const file of files) t.notMatch(file, /(?:^|\/)(?:utils?|common|helpers?|types|index)\.ts$/, file)
})
