import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parse } from 'yaml'
import { rows } from '../../deploy/grafana/dashboard.ts'
import { countedSince } from '../../deploy/grafana/selector.ts'
import { createMetrics } from '../../src/telemetry/metrics/metrics.ts'
import { skipWithout } from '../servers/installed.ts'
import { findPromtool, howToGetPrometheus } from '../servers/prometheus.ts'

t.setTimeout(300_000)

interface Rule {
  readonly alert?: string
  readonly record?: string
  readonly expr: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

const deploy = fileURLToPath(new URL('../../deploy', import.meta.url))
const { groups } = parse(readFileSync(`${deploy}/prometheus/rules.yaml`, 'utf8')) as {
  groups: { rules: Rule[] }[]
}
const rules = groups.flatMap(group => group.rules)
const alerts = rules.filter(({ alert }) => alert !== undefined)
const testFiles = ['rules.test.yaml', 'report.test.yaml']
const tests = testFiles.map(file => readFileSync(`${deploy}/prometheus/${file}`, 'utf8')).join('')

function promtool(...args: string[]): { readonly status: number | null; readonly printed: string } {
  const { status, stdout, stderr } = spawnSync(findPromtool() ?? 'promtool', args, {
    cwd: `${deploy}/prometheus`,
    encoding: 'utf8',
  })
  return { status, printed: stdout + stderr }
}

const skip = skipWithout('promtool', findPromtool() !== undefined, howToGetPrometheus)

t.test('promtool takes the rules, and they fire when they should', { skip }, async t => {
  const check = promtool('check', 'rules', 'rules.yaml')
  t.match(check.printed, `SUCCESS: ${rules.length} rules found`, 'promtool check rules')
  const test = promtool('test', 'rules', ...testFiles)
  t.equal(test.status, 0, `promtool test rules\n${test.printed}`)
  t.comment(`promtool check rules: ${check.printed.trim()}`)
  t.comment(`promtool test rules: ${test.printed.trim()}`)
})

/** https://docs.github.com/en/get-started/writing-on-github: lower case, without punctuation, spaces as hyphens. */
function anchors(markdown: string): ReadonlySet<string> {
  const headings = markdown.matchAll(/^#+ (.+)$/gm)
  return new Set(
    [...headings].map(([, text = '']) =>
      text
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    ),
  )
}

t.test('every alert says what is wrong and where to read on', async t => {
  const runbook = readFileSync(`${deploy}/runbook.md`, 'utf8')
  const known = anchors(runbook)
  for (const { alert = '', labels, annotations } of alerts) {
    t.match(labels?.severity, /^(?:page|ticket)$/, `${alert}: severity`)
    t.match(annotations?.summary, /^[A-Z].+\.$/, `${alert}: summary is a sentence`)
    t.match(annotations?.description, /\{\{ \$/, `${alert}: description names what it is about`)
    t.equal(annotations?.runbook_url, `deploy/runbook.md#${alert.toLowerCase()}`, `${alert}: runbook_url`)
    t.ok(known.has(alert.toLowerCase()), `${alert} has its section in the runbook`)
    const section = runbook.split(`## ${alert}\n`)[1]?.split('\n## ')[0] ?? ''
    for (const word of ['**Means.**', '**Look at', 'o.**']) t.ok(section.includes(word), `${alert}: ${word}`)
    t.match(tests, `alertname: ${alert}\n        exp_alerts:`, `${alert}: a case that fires`)
  }
  for (const [, anchor = ''] of runbook.matchAll(/\]\(#([^)]+)\)/g)) t.ok(known.has(anchor), `#${anchor} is there`)
  const titles = new Set(rows.flatMap(({ title, panels }) => [title, ...panels.map(panel => panel.title)]))
  for (const [, row = ''] of runbook.matchAll(/in the row ([A-Z][a-z]+(?: [a-z]+)*?)(?=[;:.,]|, for)/g)) {
    t.ok(titles.has(row), `the dashboard has a row ${row}`)
  }
})

t.test('rules ask for metrics that there are', async t => {
  const text = await createMetrics({ version: '1', origins: 1, status: () => [] }).text()
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]))
  const records = new Set(rules.map(({ record }) => record))
  for (const { alert, record, expr } of rules) {
    for (const [name] of expr.matchAll(/\b(?:job(?:_bucket)?:)?(?:s3cors|nodejs|process)_[a-z0-9_:]+/g)) {
      const family = name.replace(/_(?:bucket|count|sum)$/, '')
      t.ok(types.has(name) || types.get(family) === 'histogram' || records.has(name), `${alert ?? record}: ${name}`)
    }
  }
})

t.test('the bounds that the latency objectives name are bounds of the histograms', async t => {
  const text = await createMetrics({ version: '1', origins: 1, status: () => [], processMetrics: false }).text()
  for (const { expr } of rules) {
    for (const [, le = ''] of expr.matchAll(/le="([^"]+)"/g)) t.match(text, `le="${le}"`, `le="${le}"`)
  }
})

t.test('the case of vanishing series asks what the dashboard asks', async t => {
  const asked = countedSince('s3cors_origin_requests_total').replaceAll('$__range', '1h').slice(1, -1)
  t.ok(tests.replace(/\s+/g, ' ').includes(asked), asked)
})
