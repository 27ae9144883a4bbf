import { escapeText } from '../../cors/explain/quoted-scalar.ts'
import type { ComparedRequest, Comparison } from './comparison.ts'

/** A table for a person, in printable ASCII: newly refused first. */
export function comparisonText({ refused, allowed, same, unusedRules, unknownBuckets }: Comparison): string {
  const lines = [
    ...section('Newly refused', refused),
    ...section('Newly allowed', allowed),
    `Same as today: ${same} ${same === 1 ? 'kind' : 'kinds'} of requests.`,
    ...(unusedRules.length === 0
      ? ['Every rule matches something that was seen.']
      : [
          'Rules that match nothing that was seen:',
          ...unusedRules.map(
            ({ bucket, rule }) =>
              `  ${escapeText(bucket)}: ${typeof rule === 'number' ? `rule ${rule}` : escapeText(rule)}`,
          ),
        ]),
    ...(unknownBuckets.length === 0
      ? []
      : [`Not compared, because their rules are in no configuration: ${unknownBuckets.map(escapeText).join(', ')}`]),
  ]
  return `${lines.join('\n')}\n`
}

const heads = ['BUCKET', 'ORIGIN', 'METHOD', 'HEADERS', 'COUNT', 'LAST SEEN', 'WHY'] as const

function section(title: string, requests: readonly ComparedRequest[]): readonly string[] {
  if (requests.length === 0) return [`${title}: nothing.`]
  const rows = requests.map(({ bucket, origin, method, headers, count, lastSeenMs, reason }) => [
    cell(bucket),
    cell(origin),
    cell(method),
    headers === undefined ? '(no list of names)' : headers.length === 0 ? '-' : cell(headers.join(',')),
    String(count),
    new Date(lastSeenMs).toISOString().slice(0, 19).concat('Z'),
    reason,
  ])
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map(row => (row[column] ?? '').length)))
  const lines = [heads, ...rows].map(row =>
    `  ${row.map((text, column) => text.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  )
  return [`${title}: ${requests.length}`, ...lines, '']
}

function cell(text: string): string {
  const escaped = escapeText(text)
  return escaped.length <= 120 ? escaped : `${escaped.slice(0, 117)}...`
}
