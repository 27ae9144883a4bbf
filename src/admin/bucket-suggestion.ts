// The rules that what was seen of a bucket suggests: what the command `suggest` writes of it.

import { type Seen, suggest } from '../cors/suggestion/suggest.ts'
import { suggestionHead, suggestionYaml } from '../cors/suggestion/suggestion-yaml.ts'
import { isBucketName } from '../s3/address/bucket-name.ts'
import type { OriginLine, OriginsSeen } from './admin-sources.ts'

/** Of more kinds of requests the rules take too long to find for a process that serves others meanwhile. */
const mostKinds = 1000

/** How much was seen of a bucket. */
export interface SeenBucket {
  readonly bucket: string
  readonly origins: number
  readonly requests: number
}

/** Every bucket that was seen and has a name that a configuration can have, that with the most requests first. */
export function seenBuckets(lines: readonly OriginLine[]): readonly SeenBucket[] {
  const found = new Map<string, { origins: Set<string>; requests: number }>()
  for (const { origin, requests } of lines) {
    for (const { bucket, preflights, actual } of requests) {
      if (bucket === undefined || !isBucketName(bucket)) continue
      const seen = found.get(bucket) ?? { origins: new Set(), requests: 0 }
      seen.origins.add(origin)
      seen.requests += preflights + actual
      found.set(bucket, seen)
    }
  }
  return [...found]
    .map(([bucket, { origins, requests }]) => ({ bucket, origins: origins.size, requests }))
    .sort((one, other) => other.requests - one.requests)
}

/**
 * A suggested entry of `buckets` as YAML. `decision`: of what was allowed, or denied, alone. Undefined where nothing was seen of the
 * bucket, or where no configuration can have one of that name.
 */
export function describeSuggestion(
  { lines, rest }: Pick<OriginsSeen, 'lines' | 'rest'>,
  bucket: string,
  decision?: string | undefined,
): string | undefined {
  if (!isBucketName(bucket)) return undefined
  const isAsked = (line: { readonly decision: string }) => decision === undefined || line.decision === decision
  const asked = lines.filter(isAsked)
  const seen = asked.flatMap(({ origin, requests }) =>
    requests.flatMap((request): Seen[] => (request.bucket === bucket ? [{ ...request, bucket, origin }] : [])),
  )
  const unknown = [
    ...asked.filter(line => line.lastBucket === bucket).map(({ otherRequests }) => otherRequests),
    ...rest.filter(sum => sum.bucket === bucket && isAsked(sum)).map(({ count }) => count),
  ].reduce((sum, count) => sum + count, 0)
  if (seen.length === 0) return undefined
  const heaviest = seen.toSorted((one, other) => requestsOf(other) - requestsOf(one)).slice(0, mostKinds)
  const left = seen.length - heaviest.length
  const leftOut = `# ${left} further kinds of requests, which came least, are left out: the command "suggest" takes all.\n`
  return suggestionHead(unknown, next) + (left === 0 ? '' : leftOut) + suggestionYaml(suggest(heaviest))
}

const next = [
  'put it under buckets in a copy of your configuration, next.yaml',
  's3-cors-proxy check --config next.yaml',
  's3-cors-proxy compare --config next.yaml --url THIS_ADMIN_PORT: what it would refuse and allow',
]

function requestsOf({ preflights, actual }: Seen): number {
  return preflights + actual
}
