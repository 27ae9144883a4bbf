// Where the rules come from, and how the process is.
import type { RowSpec } from './panel.ts'
import { rate, select, selectBuckets } from './selector.ts'

const yesOrNo = { 0: 'no', 1: 'yes' }

const sources: RowSpec = {
  title: 'Rule sources',
  panels: [
    {
      kind: 'series',
      title: 'Age of fetched rules',
      description:
        'Since the source last gave a usable answer. Rules of named buckets are asked for again every rules.freshSeconds; past rules.staleSeconds they are unknown and preflights get 503. Without buckets of from: upstream or managed there is nothing here.',
      unit: 's',
      width: 8,
      queries: [{ expr: `max by (bucket) (${selectBuckets('s3cors_rules_age_seconds')})`, legend: '{{bucket}}' }],
    },
    {
      kind: 'series',
      title: 'Fetches of rules by result',
      description:
        'rules, none, unsupported and no-such-bucket are answers; every other word is why there was none. Without buckets of from: upstream or managed there is nothing here.',
      unit: 'cps',
      width: 8,
      stacked: true,
      queries: [{ expr: `sum by (result) (${rate(select('s3cors_rules_fetches_total'))})`, legend: '{{result}}' }],
    },
    {
      kind: 'table',
      title: 'Entries of the configuration',
      description:
        'By source of their rules and by enforcement, "*" included. report protects nothing: it only counts.',
      unit: 'short',
      width: 8,
      expr: `max by (source, enforcement) (${select('s3cors_buckets')})`,
      columns: { source: 'Rules from', enforcement: 'Enforcement', Value: 'Entries' },
    },
    {
      kind: 'stat',
      title: 'Last reload refused',
      description:
        'yes: the configuration file has a fault; the one before it stays in force. The log names file, line and column.',
      unit: 'short',
      width: 8,
      height: 4,
      words: yesOrNo,
      badFrom: 1,
      queries: [{ expr: `max(1 - ${select('s3cors_config_last_reload_successful')})`, legend: 'refused' }],
    },
    {
      kind: 'stat',
      title: 'Restart required',
      description:
        'yes: listen, admin, workers, or TLS on or off were changed in the file; only a restart puts that in force.',
      unit: 'short',
      width: 8,
      height: 4,
      words: yesOrNo,
      badFrom: 1,
      queries: [{ expr: `max(${select('s3cors_config_restart_required')})`, legend: 'required' }],
    },
    {
      kind: 'stat',
      title: 'Configuration in force since',
      description: 'Of the process whose configuration is the oldest.',
      unit: 'dateTimeFromNow',
      width: 8,
      height: 4,
      queries: [
        {
          expr: `min(${select('s3cors_config_last_reload_success_timestamp_seconds')}) * 1000`,
          legend: 'since',
        },
      ],
    },
  ],
}

const runtime: RowSpec = {
  title: 'Process',
  panels: [
    {
      kind: 'series',
      title: 'CPU',
      description: 'Cores in use. One process uses one for requests and a little more for TLS and collection.',
      unit: 'percentunit',
      width: 8,
      queries: [{ expr: `sum by (instance) (${rate(select('process_cpu_seconds_total'))})`, legend: '{{instance}}' }],
    },
    {
      kind: 'series',
      title: 'Memory',
      description:
        'Resident, and what JavaScript uses of it. Bodies are streamed: it does not grow with the size of objects.',
      unit: 'bytes',
      width: 8,
      queries: [
        { expr: `sum by (instance) (${select('process_resident_memory_bytes')})`, legend: '{{instance}} resident' },
        { expr: `sum by (instance) (${select('nodejs_heap_size_used_bytes')})`, legend: '{{instance}} heap' },
      ],
    },
    {
      kind: 'series',
      title: 'Event loop delay, p99',
      description: 'Between two scrapes. Above 0.1 s every request waits that long: the process has too little CPU.',
      unit: 's',
      width: 8,
      queries: [{ expr: `max by (instance) (${select('nodejs_eventloop_lag_p99_seconds')})`, legend: '{{instance}}' }],
    },
    {
      kind: 'series',
      title: 'File descriptors in use',
      description: 'Connections of clients and to the endpoint, of what the system allows.',
      unit: 'percentunit',
      width: 8,
      queries: [
        {
          expr: `max by (instance) (${select('process_open_fds')} / ${select('process_max_fds')})`,
          legend: '{{instance}}',
        },
      ],
    },
    {
      kind: 'series',
      title: 'Bounds reached',
      description:
        'Origins without a series of their own (metrics.origins), counted as "other"; and log lines left out because they repeat or their reader is slow. A flood of invented origins shows here and nowhere else.',
      unit: 'cps',
      width: 8,
      queries: [
        { expr: `sum(${rate(select('s3cors_label_overflow_total'))})`, legend: 'requests under "other"' },
        { expr: `sum(${rate(select('s3cors_log_suppressed_total'))})`, legend: 'log lines left out' },
      ],
    },
    {
      kind: 'table',
      title: 'Versions',
      description: 'Processes by version. Two rows are a roll-out under way.',
      unit: 'short',
      width: 8,
      expr: `count by (version, node_version) (${select('s3cors_build_info')})`,
      columns: { version: 'Version', node_version: 'Node', Value: 'Processes' },
    },
  ],
}

export const operationRows: readonly RowSpec[] = [sources, runtime]
