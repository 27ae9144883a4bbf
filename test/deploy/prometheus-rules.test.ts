import { spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { rows } from '../../deploy/grafana/dashboard.ts'
import { countedSince } from '../../deploy/grafana/selector.ts'
import { createMetrics } from '../../src/telemetry/metrics/metrics.ts'
import { skipWithout } from '../servers/installed.ts'
import { scrapers } from '../servers/prometheus.ts'

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

interface Verdict {
  readonly status: number | null
  readonly printed: string
}

function runTester(program: string, args: readonly string[], cwd = `${deploy}/prometheus`): Verdict {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' })
  return { status, printed: stdout + stderr }
}

/** Where the times of a test begin for VictoriaMetrics' tool, in seconds; for promtool, at 0. */
const vmalertStart = Date.UTC(2000, 0) / 1000

/** VictoriaMetrics' tool takes the same files, but for one key and the times. */
function runVmalertTool(t: Test, program: string): Verdict {
  const folder = t.testdir()
  copyFileSync(`${deploy}/prometheus/rules.yaml`, join(folder, 'rules.yaml'))
  for (const file of testFiles) {
    const text = readFileSync(`${deploy}/prometheus/${file}`, 'utf8')
      .replaceAll('promql_expr_test:', 'metricsql_expr_test:')
      .replace('* 1000 > 3600000', `* 1000 > ${(vmalertStart + 3600) * 1000}`)
      .replace(/process_start_time_seconds\{.*/g, line =>
        line.replace(/-?\d+(?=x)/g, (seconds, at) =>
          line[at - 1] === '_' ? seconds : `${vmalertStart + Number(seconds)}`,
        ),
      )
    writeFileSync(join(folder, file), text)
  }
  const files = testFiles.map(file => `--files=${file}`)
  return runTester(program, ['unittest', '--disableAlertgroupLabel', ...files], folder)
}

for (const { name, ruleTester = '', howToGetIt } of scrapers) {
  const skip = skipWithout(name, ruleTester !== '', howToGetIt)
  t.test(`${name}: the rules are taken, and fire when they should`, { skip }, async t => {
    if (name === 'VictoriaMetrics') {
      const test = runVmalertTool(t, ruleTester)
      t.equal(test.status, 0, `vmalert-tool unittest\n${test.printed}`)
      return
    }
    const check = runTester(ruleTester, ['check', 'rules', 'rules.yaml'])
    t.match(check.printed, `SUCCESS: ${rules.length} rules found`, 'promtool check rules')
    const test = runTester(ruleTester, ['test', 'rules', ...testFiles])
    t.equal(test.status, 0, `promtool test rules\n${test.printed}`)
    t.comment(`promtool check rules: ${check.printed.trim()}`)
    t.comment(`promtool test rules: ${test.printed.trim()}`)
  })
}

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
    for (const [name] of expr.matchAll(/\b(?:job(?:_[a-z]+)*:)?(?:s3cors|nodejs|process)_[a-z0-9_:]+/g)) {
      const family = name.replace(/_(?:bucket|count|sum)$/, '')
      t.ok(types.has(name) || types.get(family) === 'histogram' || records.has(name), `${alert ?? record}: ${name}`)
    }
  }
})

t.test(
  'the bounds that the latency objectives name are bounds of the histograms, as each server stores them',
  async t => {
    const text = await createMetrics({ version: '1', origins: 1, status: () => [], processMetrics: false }).text()
    const bounds = new Set([...text.matchAll(/le="([^"]+)"/g)].map(([, bound = '']) => bound))
    // https://prometheus.io/docs/prometheus/latest/migration/#le-and-quantile-label-values
    const spellings = {
      'Prometheus 2': [...bounds],
      'Prometheus 3': [...bounds].map(bound => (/^\d+$/.test(bound) ? `${bound}.0` : bound)),
    }
    for (const { expr } of rules) {
      for (const [whole, operator, value = ''] of expr.matchAll(/le(=~?)"([^"]+)"/g)) {
        const pattern = new RegExp(`^(?:${value.replaceAll('\\\\', '\\')})$`)
        const isAsked = (bound: string) => (operator === '=' ? bound === value : pattern.test(bound))
        for (const [server, stored] of Object.entries(spellings)) {
          t.equal(stored.filter(isAsked).length, 1, `${server}: ${whole} is one bound`)
        }
      }
    }
  },
)

t.test('the case of the dashboard’s tables asks what they ask', async t => {
  const asked = countedSince('s3cors_origin_requests_total')
    .replaceAll('{job=~"$job", instance=~"$instance"}', '')
    .replaceAll('$__range', '1h')
    .replaceAll('$__interval', '15s')
    .replaceAll('$__from', '3600000')
  t.ok(tests.replace(/\s+/g, '').includes(asked.replace(/\s+/g, '')), asked)
})
