// The Grafana dashboard, made of typed parts. `npm run dashboard` writes s3-cors-proxy.json; a test keeps it current.
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { decisionRows } from './decision-rows.ts'
import { operationRows } from './operation-rows.ts'
import { buildPanel, type RowSpec } from './panel.ts'
import { ruleRows } from './rule-rows.ts'
import { trafficRows } from './traffic-rows.ts'

/** Every row, from the question that is asked most to the one that is asked last. */
export const rows: readonly RowSpec[] = [...decisionRows, ...ruleRows, ...trafficRows, ...operationRows]

function variable(name: string, label: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource({ type: 'prometheus', uid: '$datasource' })
    .query(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.+')
    .current({ text: 'All', value: '$__all' })
}

/** The dashboard as Grafana imports it. */
export function createDashboard(): Dashboard {
  const builder = new DashboardBuilder('s3-cors-proxy')
    .uid('s3-cors-proxy')
    .description(
      'Which origins are allowed and refused on which bucket and why, and how the proxy and the endpoint are.',
    )
    .tags(['s3', 'cors'])
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: 'now-1h', to: 'now' })
    .refresh('30s')
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .withVariable(variable('job', 'Job', 'label_values(s3cors_build_info, job)'))
    .withVariable(variable('instance', 'Instance', 'label_values(s3cors_build_info{job=~"$job"}, instance)'))
    .withVariable(
      variable('bucket', 'Bucket', 'label_values(s3cors_decisions_total{job=~"$job", instance=~"$instance"}, bucket)'),
    )
  let id = 0
  for (const row of rows) {
    id++
    builder.withRow(new RowBuilder(row.title).id(id))
    for (const panel of row.panels) {
      id++
      builder.withPanel(buildPanel(panel, id))
    }
  }
  return builder.build()
}

/** The text of `s3-cors-proxy.json`. */
export function renderDashboard(): string {
  return `${JSON.stringify(createDashboard(), undefined, 2)}\n`
}
