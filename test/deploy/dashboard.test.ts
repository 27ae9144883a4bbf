// The rules of Grafana's own dashboard-linter (github.com/grafana/dashboard-linter, docs/rules), which is no npm package, held
// against the dashboard by means of its generator: every selector has the same few shapes.

import { readFileSync } from 'node:fs'
import t from 'tap'
import { createDashboard, renderDashboard, rows } from '../../deploy/grafana/dashboard.ts'
import { countedSince, selectBuckets } from '../../deploy/grafana/selector.ts'

interface Variable {
  readonly name: string
  readonly type: string
  readonly label?: string
  readonly query?: unknown
  readonly datasource?: { readonly uid?: string }
  readonly multi?: boolean
  readonly allValue?: string
  readonly refresh?: number
}

interface Panel {
  readonly id?: number
  readonly type: string
  readonly title?: string
  readonly description?: string
  readonly datasource?: { readonly type?: string; readonly uid?: string }
  readonly targets?: readonly {
    readonly expr: string
    readonly refId?: string
    readonly datasource?: { uid?: string }
  }[]
  readonly fieldConfig?: { readonly defaults?: { readonly unit?: string } }
  readonly gridPos?: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
}

const dashboard = createDashboard()
const variables = dashboard.templating.list as readonly Variable[]
const all = dashboard.panels as readonly Panel[]
const panels = all.filter(({ type }) => type !== 'row')
const targets = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })))

/** Of the units that dashboard-linter knows, those that are used. */
const units = ['short', 'reqps', 'cps', 'percentunit', 's', 'bytes', 'Bps', 'dateTimeFromNow']

const selector = /\b(s3cors|process|nodejs)_[a-z0-9_]+(\{[^}]*\})?(\[[^\]]*\])?/g

t.test('the committed dashboard is the one that the code makes', async t => {
  const committed = readFileSync(new URL('../../deploy/grafana/s3-cors-proxy.json', import.meta.url), 'utf8')
  t.equal(committed, renderDashboard(), 'else: npm run dashboard')
})

t.test('the dashboard itself', async t => {
  t.equal(dashboard.uid, 's3-cors-proxy', 'its uid is stable')
  t.equal(dashboard.editable, false, 'uneditable-dashboard')
  t.ok(dashboard.schemaVersion >= 39, 'schemaVersion')
  t.notOk('id' in dashboard, 'an id belongs to one installation')
  t.strictSame(
    all.filter(({ type }) => type === 'row').map(({ title }) => title),
    [
      'Who is refused',
      'Who is allowed',
      'Preflights',
      'Report: before the rules are enforced',
      'Rules in use',
      'Traffic',
      'Latency',
      'Rule sources',
      'Process',
    ],
    'rows',
  )
  t.strictSame(new Set(all.map(({ id }) => id)).size, all.length, 'every panel has an id of its own')
  for (const { title, panels: specs } of rows) {
    const width = specs.reduce((sum, { width }) => sum + width, 0)
    t.equal(width % 24, 0, `${title}: the panels fill their lines`)
  }
})

t.test('variables', async t => {
  t.strictSame(
    variables.map(({ name }) => name),
    ['datasource', 'job', 'instance', 'bucket'],
  )
  const [datasource, ...queries] = variables
  t.match(datasource, { type: 'datasource', query: 'prometheus', label: 'Data source' }, 'template-datasource-rule')
  for (const variable of queries) {
    const { name } = variable
    t.equal(variable.type, 'query', `${name} is a query`)
    t.equal(variable.label, `${name.charAt(0).toUpperCase()}${name.slice(1)}`, `template-${name}-rule: label`)
    t.equal(variable.datasource?.uid, '$datasource', `template-${name}-rule: data source`)
    t.equal(variable.multi, true, `template-${name}-rule: multi select`)
    t.equal(variable.allValue, '.+', `template-${name}-rule: allValue`)
    t.equal(variable.refresh, 2, `template-on-time-change-reload-rule: ${name}`)
    t.match(
      variable.query,
      /^label_values\(s3cors_[a-z_]+(?:\{[^}]+\})?, [a-z]+\)$/,
      `template-label-promql-rule: ${name}`,
    )
  }
})

t.test('panels', async t => {
  t.ok(panels.length >= 25, `${panels.length} panels`)
  t.equal(new Set(panels.map(({ title }) => title)).size, panels.length, 'no title stands twice')
  for (const panel of panels) {
    const { title = '', description = '', targets = [] } = panel
    t.ok(title.length > 0, `panel-title-description-rule: a title, ${title}`)
    t.ok(description.length > 20 && description.endsWith('.'), `${title}: panel-title-description-rule`)
    t.ok(units.includes(panel.fieldConfig?.defaults?.unit ?? ''), `${title}: panel-units-rule`)
    t.strictSame(panel.datasource, { type: 'prometheus', uid: '$datasource' }, `${title}: panel-datasource-rule`)
    t.ok(targets.length > 0, `${title}: panel-no-targets-rule`)
    t.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, `${title}: every query has its refId`)
    const { x = 0, w = 99 } = panel.gridPos ?? {}
    t.ok(x + w <= 24, `${title}: within the grid`)
  }
})

t.test('queries', async t => {
  for (const { title, expr } of targets) {
    const found = [...expr.matchAll(selector)]
    t.ok(found.length > 0, `${title}: asks for metrics of the proxy`)
    for (const [whole, , matchers = '', range = ''] of found) {
      t.match(matchers, 'job=~"$job"', `${title}: target-job-rule, ${whole}`)
      t.match(matchers, 'instance=~"$instance"', `${title}: target-instance-rule, ${whole}`)
      if (range !== '')
        t.ok(['[$__rate_interval]', '[$__range]', '[15m]'].includes(range), `${title}: a range that Grafana sets`)
    }
    for (const [, call, , range] of expr.matchAll(/\b(rate|irate|increase)\(([^[()]*)\[([^\]]*)\]/g)) {
      const wanted = call === 'increase' ? '$__range' : '$__rate_interval'
      t.equal(range, wanted, `${title}: target-rate-interval-rule`)
    }
    t.equal(/\b(?:irate|delta|idelta|deriv|resets)\(/.test(expr), false, `${title}: no function that a gap misleads`)
    t.equal(/\b(?:rate|increase)\(\s*(?:sum|max|avg|topk)/.test(expr), false, `${title}: no rate of a sum`)
  }
})

/** The one use of a counter's own value: step by step, each against the one before. */
const counted = [
  ...new Set(targets.flatMap(({ expr }) => expr.match(/sum_over_time\(.*?\[\$__range:\$__interval\]\)/g) ?? [])),
]

const rulesInForce = selectBuckets('s3cors_rule_matches_total', 'bucket!="other"')
/** What has no rate: whether a rule is in force, and what it counted since the process began. */
const asItStands = `sum by (bucket, rule) (${rulesInForce}) unless `

t.test('counters are read by rate and increase alone, or step by step; gauges never', async t => {
  t.strictSame(
    counted,
    [
      ...['denied', 'allowed'].map(decision => selectBuckets('s3cors_origin_requests_total', `decision="${decision}"`)),
      selectBuckets('s3cors_report_decisions_total'),
      rulesInForce,
    ].map(countedSince),
  )
  for (const { title, expr } of targets) {
    const rest = counted.reduce((rest, part) => rest.replace(part, ''), expr.replace(asItStands, ''))
    for (const [whole, , , range] of rest.matchAll(selector)) {
      const name = whole.replace(/[{[].*/s, '')
      const counter = /_(?:total|bucket|count|sum)$/.test(name)
      t.equal(range !== undefined, counter, `${title}: target-counter-agg-rule, ${name}`)
    }
  }
})

t.test('nothing is divided by what may be zero', async t => {
  for (const { title, expr } of targets) {
    if (!expr.includes(' / ')) continue
    // File descriptors: process_max_fds is a limit of the system.
    t.match(expr, /> 0\)$|process_max_fds/, title ?? '')
  }
})
