import { quote, quoteShort } from '../explain/quoted-scalar.ts'
import { type BucketSuggestion, type LeftOut, type SeenSum, type SuggestedRule, sumOf } from './suggest.ts'

/** What is left out of a bucket is told of so many origins. */
const toldLeftOut = 50

/**
 * What stands above a suggestion: what it is, and what to do with it. `unknown`: requests whose origins are not known.
 * `next`: what to do with it, one line each.
 */
export function suggestionHead(unknown: number, next: readonly string[]): string {
  const lines = [
    'Suggested from what was seen: the fewest rules that allow it. Nothing of this is in force.',
    'Each line allows something, perhaps to a stranger: take out what is not yours. Then:',
    ...next.map((step, index) => `  ${index + 1}. ${step}`),
    ...(unknown === 0 ? [] : [`Further requests that are left out, because their origins are not known: ${unknown}.`]),
  ]
  return lines.map(line => `# ${line}\n`).join('')
}

/** Entries of `buckets`, each value on a line of its own with what was seen of it. In printable ASCII alone. */
export function suggestionYaml(buckets: readonly BucketSuggestion[]): string {
  const lines = buckets.flatMap(({ bucket, rules, leftOut }) => [
    ...(rules.length === 0 ? [] : [`  ${quote(bucket)}:`, '    CORSRules:', ...rules.flatMap(ruleLines)]),
    ...leftOutLines(bucket, leftOut),
  ])
  const isEmpty = buckets.every(({ rules }) => rules.length === 0)
  return [isEmpty ? 'buckets: {}' : 'buckets:', ...lines].map(line => `${line}\n`).join('')
}

function ruleLines({ rule, origins, methods, headers, warnings }: SuggestedRule): readonly string[] {
  const list = (name: string, values: readonly string[], seen: ReadonlyMap<string, SeenSum>) =>
    values.length === 0
      ? []
      : [`${name}:`, ...values.map(value => `  - ${quote(value)}${commentOf(value, seen.get(value))}`)]
  const lines = [
    ...list('AllowedOrigins', rule.allowedOrigins, origins),
    ...list('AllowedMethods', rule.allowedMethods, methods),
    ...list('AllowedHeaders', rule.allowedHeaders, headers),
    ...(rule.exposeHeaders.length === 0
      ? []
      : [
          `ExposeHeaders: [${rule.exposeHeaders.map(quote).join(', ')}] # uploads were seen: the SDKs need them to complete an upload`,
        ]),
  ]
  return [
    ...warnings.map(warning => `      # check warns: ${warning}`),
    ...lines.map((line, index) => `      ${index === 0 ? '- ' : '  '}${line}`),
  ]
}

function commentOf(value: string, seen: SeenSum | undefined): string {
  // A wildcard stands for several; a method or a name says how many asked for it.
  if (seen === undefined) return ''
  const isOrigin = value.includes('://')
  const who = isOrigin && !value.includes('*') ? '' : ` of ${count(seen.origins, 'origin')}`
  return ` # ${describeSum(seen)}${who}, ${describeTime(seen)}`
}

function leftOutLines(bucket: string, leftOut: readonly LeftOut[]): readonly string[] {
  if (leftOut.length === 0) return []
  const groups = [...Map.groupBy(leftOut, ({ seen, reason }) => `${reason}\n${seen.origin}`).values()]
  return [
    `  # Of ${quoteShort(bucket)}, not suggested:`,
    ...groups.slice(0, toldLeftOut).flatMap(group => {
      const [first] = group
      if (first === undefined) return []
      const sum = sumOf(group.map(({ seen }) => seen))
      const methods = [...new Set(group.map(({ seen }) => seen.method))]
        .slice(0, 10)
        .map(method => quoteShort(method, 20))
      return [
        `  #   - ${quoteShort(first.seen.origin)} # ${methods.join(', ')}: ${describeSum(sum)}, ${describeTime(sum)}`,
        `  #     ${first.reason}`,
      ]
    }),
    ...(groups.length > toldLeftOut ? [`  #   and ${groups.length - toldLeftOut} more`] : []),
  ]
}

function describeSum({ preflights, actual }: SeenSum): string {
  const parts = [
    ...(actual > 0 ? [count(actual, 'request')] : []),
    ...(preflights > 0 ? [count(preflights, 'preflight')] : []),
  ]
  return parts.join(' and ')
}

function describeTime({ firstSeenMs, lastSeenMs }: SeenSum): string {
  return `${iso(firstSeenMs)} to ${iso(lastSeenMs)}`
}

function iso(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
