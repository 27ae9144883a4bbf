import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { scenarios } from '../bench/scenarios/requests.ts'

// A figure of speed has one source, the report of the benchmark: documents get theirs by `npm run generate`, and a comment names
// the benchmark that shows what it says.

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')

/** What measures something, or compares: a time below a second, a share or a multiple of what something takes. */
const speed =
  /\d ?[µn]s\b|\d times (?:nginx|one|the (?:CPU|time|throughput)|as (?:long|fast|dear|much CPU))|\d ?% (?:less|more|faster|slower)|(?:takes?|costs?) (?:(?:less than )?half|a (?:third|quarter|fifth|tenth|twentieth)) (?:of what|the (?:CPU|time)|less|more)|costs? a (?:third|quarter|fifth|tenth) /

t.test('what is looked for is found', async t => {
  for (const text of [
    'a preflight costs a third less',
    'takes half the time it did',
    'less than half the CPU it did: takes less than half the CPU',
    'costs a third of what it did',
    'a decision takes 0.5 µs',
    '2.7 times nginx',
    '18 % less',
  ]) {
    t.match(text, speed)
  }
  for (const text of ['50 ms of each second', 'half the memory', 'as often as takes a tenth of a core']) {
    t.notMatch(text, speed)
  }
})

for (const path of ['README.md', 'deploy/README.md', 'CHANGELOG.md', 'config/README.md', 'src/README.md']) {
  t.test(`${path} has no figure of speed but those that are generated`, async t => {
    const written = read(path).replace(/<!-- figures \S+ -->[\s\S]*?<!-- end -->/g, '')
    for (const line of written.split('\n')) t.notMatch(line, speed)
  })
}

/** In comments, comparisons count too. */
const comparison =
  /\b(?:cheaper|dearer|faster)\b|\bcosts? (?:less|more|several times|half|\d+ %)|ten times as (?:long|much)|\d ?% (?:less|more|of an? (?:small )?(?:preflight|GET|request))|a (?:third|quarter|fifth|tenth|twentieth) of a preflight|[Mm]easured at .*(?:%|µs)|\d ?[µn]s\b|microsecond of/
const names = [
  ...scenarios.map(({ name }) => name),
  ...['latency', 'slow-readers', 'stalled-readers', 'many-buckets', 'full-configuration', 'workers', 'switched-on'],
]

t.test('what a comment says of speed names its benchmark', async t => {
  let named = 0
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter(name =>
    name.endsWith('.ts'),
  )
  for (const file of files) {
    const text = read(`src/${file}`)
    for (const [comment] of text.matchAll(/\/\*\*[\s\S]*?\*\/|(?:^[ \t]*\/\/.*\n)+/gm)) {
      const plain = comment.replaceAll(/\n\s*(?:\*|\/\/) ?/g, ' ')
      for (const [, scenario = ''] of plain.matchAll(/`bench --scenario ([^`]+)`/g)) {
        named++
        for (const name of scenario.split(',')) t.ok(names.includes(name), `${file}: ${name} is a scenario`)
      }
      if (comparison.test(plain) && !/`bench(?::micro| --scenario)/.test(plain)) t.fail(`${file}: ${plain}`)
    }
  }
  t.ok(named > 5)
})
