import { writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import t from 'tap'
import {
  fingerprint,
  isSameSnapshot,
  loadConfiguration,
  parseSnapshot,
  readAll,
  type Snapshot,
} from '../../../src/config/loading/load-configuration.ts'
import { contentOf, issueLines, upstreamLine } from '../../fixtures/parsed-text.ts'

const cors = '[{"AllowedOrigins": ["https://a.example"], "AllowedMethods": ["GET"]}]'
const source = (file?: string) => ({ file, environment: {}, flags: {} })

t.test('the file and the CORS files it names are read from disk', async t => {
  const directory = t.testdir({
    'proxy.yaml': `${upstreamLine}hosts: [s3.example.com]\nbuckets: { abc: { CORSFile: sub/cors.json }, abd: { CORSFile: sub/cors.json } }\n`,
    sub: { 'cors.json': cors },
  })
  const file = join(directory, 'proxy.yaml')
  const { parsed, snapshot } = await loadConfiguration(source(file))
  t.strictSame(parsed.issues, [])
  t.strictSame(
    parsed.configuration?.buckets.map(bucket => bucket.corsFile),
    Array(2).fill(join(directory, 'sub/cors.json')),
  )
  t.strictSame([...snapshot.keys()], [file, join(directory, 'sub/cors.json')])
})

const broken: readonly { name: string; file: string; line: RegExp }[] = [
  { name: 'a missing file', file: 'none.yaml', line: /none\.yaml: the file does not exist; allowed: / },
  { name: 'a directory', file: '.', line: /: the path is a directory; allowed: / },
  {
    name: 'a file that is too large',
    file: 'large.yaml',
    line: /large\.yaml:1:1: the file has 1048577 bytes; allowed: at most 1048576/,
  },
]
for (const { name, file, line } of broken) {
  t.test(`${name} is a fault`, async t => {
    const directory = t.testdir()
    writeFileSync(join(directory, 'large.yaml'), Buffer.alloc(2_000_000, '#'))
    const { parsed } = await loadConfiguration(source(join(directory, file)))
    t.equal(parsed.configuration, undefined)
    t.match(issueLines(parsed), [line])
  })
}

t.test('no file is needed where flags say enough', async t => {
  const { parsed, snapshot } = await loadConfiguration({ environment: {}, flags: { 'upstream-url': 'http://a' } })
  t.equal(parsed.configuration?.upstream.url.authority, 'a')
  t.equal(snapshot.size, 0)
})

t.test('a snapshot says which files it lacks', async t => {
  t.strictSame(parseSnapshot(source('a/b.yaml'), new Map()).wanted, ['a/b.yaml'])
  const yaml = contentOf(`${upstreamLine}buckets: { abc: { CORSFile: c.json } }\n`)
  t.strictSame(parseSnapshot(source('a/b.yaml'), new Map([['a/b.yaml', yaml]])).wanted, ['a/c.json'])
  const whole = new Map([
    ['a/b.yaml', yaml],
    ['a/c.json', contentOf(cors)],
  ])
  const result = parseSnapshot(source('a/b.yaml'), whole)
  t.strictSame(result.wanted, [])
  t.ok(result.parsed.configuration)
  t.strictSame(structuredClone(result), result, 'and the result can cross threads')
})

t.test('two snapshots are the same, and have one fingerprint, when every file reads the same', async t => {
  const of = (entries: readonly (readonly [string, string])[]): Snapshot =>
    new Map(entries.map(([path, text]) => [path, contentOf(text)]))
  const failed = (message: string): Snapshot => new Map([['a', { kind: 'failed', message }]])
  const two = of([
    ['a', '1'],
    ['b', ''],
  ])
  const different = [
    of([]),
    of([['a', '1']]),
    of([['a', '2']]),
    of([['b', '1']]),
    two,
    of([['a', '1b']]),
    failed('1'),
    failed('2'),
  ]
  for (const [index, one] of different.entries()) {
    for (const [otherIndex, other] of structuredClone(different).entries()) {
      const name = `${index} and ${otherIndex}`
      t.equal(isSameSnapshot(one, other), index === otherIndex, name)
      t.equal(fingerprint(one) === fingerprint(other), index === otherIndex, name)
    }
  }
})

t.test('every path is read once', async t => {
  const read: string[] = []
  const snapshot = await readAll(['a', 'b', 'a'], async path => {
    read.push(path)
    return contentOf(path)
  })
  t.strictSame(read, ['a', 'b'])
  t.strictSame([...snapshot.keys()], ['a', 'b'])
})

t.test('who reads a file is asked for it until nothing is wanting', async t => {
  const directory = t.testdir({
    'proxy.yaml': `${upstreamLine}buckets: { abc: { CORSFile: cors.json } }\n`,
    'cors.json': cors,
  })
  const asked: (readonly string[])[] = []
  const { parsed } = await loadConfiguration(
    source(join(directory, 'proxy.yaml')),
    undefined,
    async (from, snapshot) => {
      asked.push(Array.from(snapshot.keys(), path => basename(path)))
      return parseSnapshot(from, snapshot)
    },
  )
  t.ok(parsed.configuration)
  t.strictSame(asked, [['proxy.yaml'], ['proxy.yaml', 'cors.json']])
})
