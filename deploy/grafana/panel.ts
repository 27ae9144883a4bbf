// What the panels of the dashboard are made of: data first, Grafana's words at the end.
import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import {
  BigValueColorMode,
  BigValueGraphMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import {
  MappingType,
  type Panel,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table'
import { PanelBuilder as TimeSeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries'

/** Grafana's names of the units that are used here. */
export type Unit = 'short' | 'reqps' | 'cps' | 'percentunit' | 's' | 'bytes' | 'Bps' | 'dateTimeFromNow'

interface PanelWords {
  readonly title: string
  /** What is seen, and what it means if it looks odd. */
  readonly description: string
  readonly unit: Unit
  /** Of the 24 columns. */
  readonly width: number
  readonly height?: number
}

/** A question to Prometheus and the name of its series. */
export interface Query {
  readonly expr: string
  readonly legend: string
}

/** One panel of the dashboard. */
export type PanelSpec = PanelWords &
  (
    | { readonly kind: 'series'; readonly queries: readonly Query[]; readonly stacked?: boolean }
    | {
        readonly kind: 'stat'
        readonly queries: readonly Query[]
        readonly decimals?: number
        readonly words?: Readonly<Record<string, string>>
        /** From here on it is red. */
        readonly badFrom?: number
      }
    | {
        readonly kind: 'table'
        readonly expr: string
        readonly columns: Readonly<Record<string, string>>
        readonly leastFirst?: boolean
      }
  )

/** A row of panels under a title. */
export interface RowSpec {
  readonly title: string
  readonly panels: readonly PanelSpec[]
}

const datasource = { type: 'prometheus', uid: '$datasource' }

function queryOf({ expr, legend }: Query, index: number): DataqueryBuilder {
  return new DataqueryBuilder()
    .datasource(datasource)
    .refId(String.fromCharCode(65 + index))
    .expr(expr)
    .legendFormat(legend)
}

function series(spec: PanelSpec & { kind: 'series' }): Builder<Panel> {
  const calcs = ['mean', 'max', 'lastNotNull']
  const panel = new TimeSeriesBuilder()
    .targets(spec.queries.map((query, index) => queryOf(query, index).range()))
    .min(0)
    .fillOpacity(spec.stacked === true ? 30 : 10)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs(calcs),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
  return spec.stacked === true
    ? panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'))
    : panel
}

function stat(spec: PanelSpec & { kind: 'stat' }): Builder<Panel> {
  const panel = new StatBuilder()
    .targets(spec.queries.map((query, index) => queryOf(query, index).instant()))
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .graphMode(BigValueGraphMode.None)
    .colorMode(BigValueColorMode.Value)
    .noValue('–')
    .thresholds(
      new ThresholdsConfigBuilder()
        .mode(ThresholdsMode.Absolute)
        .steps([
          { value: null, color: 'text' },
          ...(spec.badFrom === undefined ? [] : [{ value: spec.badFrom, color: 'red' }]),
        ]),
    )
  if (spec.decimals !== undefined) panel.decimals(spec.decimals)
  if (spec.words === undefined) return panel
  const options = Object.entries(spec.words).map(([value, text]) => [value, { text }])
  return panel.mappings([{ type: MappingType.ValueToText, options: Object.fromEntries(options) }])
}

function table(spec: PanelSpec & { kind: 'table' }): Builder<Panel> {
  const names = Object.keys(spec.columns)
  return new TableBuilder()
    .targets([queryOf({ expr: spec.expr, legend: '' }, 0).instant().format(PromQueryFormat.Table)])
    .filterable(true)
    .noValue('–')
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: { Time: true },
        indexByName: Object.fromEntries(names.map((name, index) => [name, index])),
        renameByName: spec.columns,
      },
    })
    .withTransformation({
      id: 'sortBy',
      options: { sort: [{ field: spec.columns.Value, desc: spec.leastFirst !== true }] },
    })
}

function draw(spec: PanelSpec) {
  switch (spec.kind) {
    case 'series':
      return series(spec) as TimeSeriesBuilder
    case 'stat':
      return stat(spec) as StatBuilder
    case 'table':
      return table(spec) as TableBuilder
    default:
      return spec satisfies never
  }
}

/** The panel in Grafana's words. */
export function buildPanel(spec: PanelSpec, id: number): Builder<Panel> {
  return draw(spec)
    .id(id)
    .title(spec.title)
    .description(spec.description)
    .unit(spec.unit)
    .datasource(datasource)
    .span(spec.width)
    .height(spec.height ?? 8)
}
