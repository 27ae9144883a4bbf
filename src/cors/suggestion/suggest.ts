import { isToken } from '../../http/token.ts'
import { lintRules } from '../lint/lint.ts'
import { lintOrigin } from '../lint/origin-lint.ts'
import { type CorsMethod, type CorsRule, isCorsMethod } from '../rules/rule.ts'
import { fewestRules, type NeededRule } from './fewest-rules.ts'

/** Requests of one origin on one bucket that the rules cannot tell apart. Times are milliseconds since the epoch. */
export interface Seen {
  readonly bucket: string
  readonly origin: string
  readonly method: string
  /** In lower case, each once; undefined where the request's fields were no list of names. */
  readonly headers: readonly string[] | undefined
  readonly preflights: number
  readonly actual: number
  readonly firstSeenMs: number
  readonly lastSeenMs: number
}

/** How often, by what and when something was seen. */
export interface SeenSum {
  readonly preflights: number
  readonly actual: number
  readonly origins: number
  readonly firstSeenMs: number
  readonly lastSeenMs: number
}

/** A rule, and what was seen of each of its values. */
export interface SuggestedRule {
  readonly rule: CorsRule
  readonly origins: ReadonlyMap<string, SeenSum>
  readonly methods: ReadonlyMap<string, SeenSum>
  readonly headers: ReadonlyMap<string, SeenSum>
  /** What `check` will say of it, one sentence each. */
  readonly warnings: readonly string[]
}

/** Something that was seen and gets no rule. */
export interface LeftOut {
  readonly seen: Seen
  readonly reason: string
}

/** What is suggested for one bucket. */
export interface BucketSuggestion {
  readonly bucket: string
  readonly rules: readonly SuggestedRule[]
  readonly leftOut: readonly LeftOut[]
}

/** Turns origins of one rule into fewer values that match all of them; the value for each. */
export type JoinOrigins = (origins: readonly string[]) => ReadonlyMap<string, string>

/** S3 takes no more rules for a bucket. */
const mostRules = 100

/**
 * For each bucket the rules that allow what was seen and nothing else of these origins, methods and names, so far as rules can tell
 * that: to an origin and a method they allow the names that were seen with both. What needs a thought before it is allowed is left
 * out, with the reason.
 */
export function suggest(seen: readonly Seen[], join?: JoinOrigins): readonly BucketSuggestion[] {
  const buckets = [...Map.groupBy(seen, ({ bucket }) => bucket)].sort(([one], [other]) => (one < other ? -1 : 1))
  return buckets.map(([bucket, ofBucket]) => suggestBucket(bucket, ofBucket, join))
}

function suggestBucket(bucket: string, seen: readonly Seen[], join: JoinOrigins | undefined): BucketSuggestion {
  const leftOut: LeftOut[] = []
  const kept = seen.filter(request => {
    const reason = reasonAgainst(request)
    if (reason !== undefined) leftOut.push({ seen: request, reason })
    return reason === undefined
  })
  const byPair = Map.groupBy(kept, ({ origin, method }) => `${method} ${origin}`)
  const needs = [...byPair.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return []
    const headers = [first, ...others].flatMap(({ headers }) => headers ?? [])
    return [{ origin: first.origin, method: first.method as CorsMethod, headers }]
  })
  const weighed = fewestRules(needs).map(needed => {
    const origins = new Set(needed.origins)
    const methods: ReadonlySet<string> = new Set(needed.methods)
    const names = new Set(needed.headers)
    const mine = kept.filter(
      ({ origin, method, headers = [] }) =>
        origins.has(origin) && methods.has(method) && headers.every(name => names.has(name)),
    )
    return { needed, mine }
  })
  // What came most stands first: it is found first.
  weighed.sort((one, other) => requestsOf(other.mine) - requestsOf(one.mine))
  for (const { mine } of weighed.slice(mostRules)) {
    leftOut.push(...mine.map(seen => ({ seen, reason: `a bucket has at most ${mostRules} rules` })))
  }
  const suggested = weighed.slice(0, mostRules).map(({ needed, mine }) => {
    const values = join?.(needed.origins) ?? new Map(needed.origins.map(origin => [origin, origin]))
    const rule: CorsRule = {
      allowedOrigins: [...new Set(needed.origins.map(origin => values.get(origin) ?? origin))],
      allowedMethods: needed.methods,
      allowedHeaders: needed.headers,
      exposeHeaders: exposedFor(needed),
    }
    return {
      rule,
      origins: sums(mine, ({ origin }) => [values.get(origin) ?? origin]),
      methods: sums(mine, ({ method }) => [method]),
      headers: sums(mine, ({ headers }) => headers ?? []),
    }
  })
  const issues = lintRules(suggested.map(({ rule }) => rule))
  const rules = suggested.map((one, index) => ({
    ...one,
    warnings: issues.filter(({ path }) => path[0] === index).map(({ message }) => message),
  }))
  return { bucket, rules, leftOut }
}

/**
 * What a page that uploads reads of the answer: ETag, and each checksum that it sent. The AWS SDK names both again to complete an
 * upload in parts, which fails without them.
 */
function exposedFor({ methods, headers }: NeededRule): readonly string[] {
  if (!methods.some(method => method === 'PUT' || method === 'POST')) return []
  return ['ETag', ...headers.filter(name => checksumField.test(name))]
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html; algorithm, mode and type are no checksums. */
const checksumField = /^x-amz-checksum-(?!algorithm$|mode$|type$)/

/** Why no rule is suggested for a request. */
function reasonAgainst({ origin, method, headers }: Seen): string | undefined {
  if (origin.includes('*')) return 'a * in a rule would match more than this'
  const warning = lintOrigin(origin)
  if (warning !== undefined) return warning.message
  if (!origin.startsWith('https://')) {
    return 'its scheme is not https: an app or an extension sends it, and another one can send the same'
  }
  if (!isCorsMethod(method)) return 'no rule can list this method: S3 knows GET, PUT, POST, DELETE and HEAD'
  if (headers === undefined || headers.some(name => !isToken(name)))
    return 'the requested header names are no list of names'
  if (headers.some(name => name.includes('*'))) return 'a * in a rule would match more header names than this'
  return undefined
}

function requestsOf(seen: readonly Seen[]): number {
  return seen.reduce((sum, { preflights, actual }) => sum + preflights + actual, 0)
}

function sums(seen: readonly Seen[], valuesOf: (request: Seen) => readonly string[]): ReadonlyMap<string, SeenSum> {
  const found = new Map<string, Seen[]>()
  for (const request of seen) {
    for (const value of valuesOf(request)) {
      const list = found.get(value)
      if (list === undefined) found.set(value, [request])
      else list.push(request)
    }
  }
  return new Map([...found].map(([value, requests]) => [value, sumOf(requests)]))
}

/** Everything about some requests in one. */
export function sumOf(seen: readonly Seen[]): SeenSum {
  let sum = { preflights: 0, actual: 0, firstSeenMs: Number.POSITIVE_INFINITY, lastSeenMs: 0 }
  for (const { preflights, actual, firstSeenMs, lastSeenMs } of seen) {
    sum = {
      preflights: sum.preflights + preflights,
      actual: sum.actual + actual,
      firstSeenMs: Math.min(sum.firstSeenMs, firstSeenMs),
      lastSeenMs: Math.max(sum.lastSeenMs, lastSeenMs),
    }
  }
  return { ...sum, origins: new Set(seen.map(({ origin }) => origin)).size }
}
