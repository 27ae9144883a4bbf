import type { LastRefusal, OriginCount, OriginLine, OriginsSeen } from './admin-sources.ts'
import { isoTime } from './answer.ts'
import { type AskedList, nextQuery } from './page/paging.ts'
import { changeOf } from './report-change.ts'

interface BucketOrigins {
  readonly bucket: string
  readonly denied: CountedOrigins
  readonly allowed: CountedOrigins
}

interface CountedOrigins {
  readonly origins: ReturnType<typeof describeOrigin>[]
  readonly rest: Pick<OriginCount, 'origin' | 'reason' | 'count'>[]
}

function describeOrigin({ bucket: _, decision, firstSeenMs, lastSeenMs, requests, ...line }: OriginLine) {
  return {
    ...line,
    actual: line.count - line.preflights,
    firstSeen: isoTime(firstSeenMs),
    lastSeen: isoTime(lastSeenMs),
    requests: requests.map(({ firstSeenMs, lastSeenMs, endpointAllowed, endpointRefused, ...request }) => ({
      ...request,
      ...(line.enforcement === 'report'
        ? { endpointAllowed, endpointRefused, change: changeOf(decision, { endpointAllowed, endpointRefused }) }
        : {}),
      firstSeen: isoTime(firstSeenMs),
      lastSeen: isoTime(lastSeenMs),
    })),
  }
}

/** By bucket, as a person looks for them; of each bucket the origins, then the sums of those without a line. */
export function listOrigins({ lines, rest, overflow, lastRefusals }: OriginsSeen, asked: AskedList) {
  const { offset, limit } = asked
  const counted = [
    ...lines.map(line => ({ bucket: line.bucket, decision: line.decision, line, sum: undefined })),
    ...rest.map(sum => ({ bucket: sum.bucket, decision: sum.decision, line: undefined, sum })),
  ].filter(
    ({ bucket, decision }) =>
      (asked.bucket === undefined || bucket === asked.bucket) &&
      (asked.decision === undefined || decision === asked.decision),
  )
  counted.sort((one, other) => (one.bucket < other.bucket ? -1 : one.bucket > other.bucket ? 1 : 0))
  const buckets = new Map<string, BucketOrigins>()
  for (const { bucket, decision, line, sum } of counted.slice(offset, offset + limit)) {
    const group = buckets.get(bucket) ?? {
      bucket,
      denied: { origins: [], rest: [] },
      allowed: { origins: [], rest: [] },
    }
    buckets.set(bucket, group)
    if (line !== undefined) group[decision].origins.push(describeOrigin(line))
    else group[decision].rest.push({ origin: sum.origin, reason: sum.reason, count: sum.count })
  }
  // The list of a next part has them not again.
  const refusals = lastRefusals.filter(({ bucket }) => asked.bucket === undefined || bucket === asked.bucket)
  return {
    buckets: [...buckets.values()],
    overflow,
    lastRefusals: offset > 0 || asked.decision === 'allowed' ? undefined : refusals.toReversed().map(describeRefusal),
    next: nextQuery(asked, counted.length),
  }
}

function describeRefusal({ firstSeenMs, lastSeenMs, ...refusal }: LastRefusal) {
  return { ...refusal, firstSeen: isoTime(firstSeenMs), lastSeen: isoTime(lastSeenMs) }
}
