import type {
  AdminSources,
  LastRefusal,
  OriginCount,
  OriginLine,
  OriginsSeen,
  RuleUse,
  UnknownAddresses,
} from './admin-sources.ts'
import { type Answer, errorAnswer, jsonAnswer } from './answer.ts'
import { describeRules } from './bucket-rules.ts'
import { describeSuggestion } from './bucket-suggestion.ts'
import { parseExplainQuery } from './explain-query.ts'
import { renderPage } from './page/page.ts'
import { pageScript } from './page/page-script.ts'
import { pageStyle } from './page/page-style.ts'
import { type AskedList, decisions, nextQuery, parseListQuery } from './page/paging.ts'
import { changeOf } from './report-change.ts'

/** One thing the admin port answers. */
export interface Route {
  readonly method: 'GET' | 'POST'
  /** `NAME` stands for one segment. */
  readonly path: string
  /** `operator`: who has the token; where none is set, who calls directly from this machine. */
  readonly who: 'anyone' | 'operator'
  readonly meaning: string
  readonly answer: (sources: AdminSources, request: RouteRequest) => Answer | Promise<Answer>
}

/** What of a request a route needs. */
export interface RouteRequest {
  /** The decoded segment that stands for `NAME`. */
  readonly name: string
  readonly query: URLSearchParams
}

/** Everything the admin port answers. */
export const routes: readonly Route[] = [
  { method: 'GET', path: '/livez', who: 'anyone', meaning: 'the process answers', answer: live },
  { method: 'GET', path: '/readyz', who: 'anyone', meaning: 'ready, or what is not', answer: ready },
  {
    method: 'GET',
    path: '/status',
    who: 'operator',
    meaning: 'what runs, and which configuration is in force',
    answer: status,
  },
  { method: 'GET', path: '/metrics', who: 'anyone', meaning: 'metrics for Prometheus', answer: metrics },
  { method: 'GET', path: '/explain', who: 'operator', meaning: 'why a request is allowed or denied', answer: explain },
  { method: 'GET', path: '/buckets', who: 'operator', meaning: 'buckets, their rules and sources', answer: buckets },
  {
    method: 'GET',
    path: '/buckets/NAME',
    who: 'operator',
    meaning: 'the rules in force, as YAML',
    answer: bucketRules,
  },
  {
    method: 'GET',
    path: '/buckets/NAME/suggestion',
    who: 'operator',
    meaning: 'the rules that what was seen suggests, as YAML',
    answer: suggestion,
  },
  { method: 'GET', path: '/origins', who: 'operator', meaning: 'allowed and denied origins', answer: origins },
  { method: 'POST', path: '/reload', who: 'operator', meaning: 'reads the configuration again', answer: reload },
  { method: 'POST', path: '/buckets/NAME/refresh', who: 'operator', meaning: 'fetches rules now', answer: refresh },
  { method: 'GET', path: '/', who: 'operator', meaning: 'a page of all this', answer: page },
  // The form for the token needs them, and they say nothing of this proxy.
  { method: 'GET', path: '/page.css', who: 'anyone', meaning: 'its style', answer: style },
  { method: 'GET', path: '/page.js', who: 'anyone', meaning: 'its script', answer: script },
]

/** The routes of a path, with the segment that stands for `NAME`; none when there is nothing at that path. */
export function findRoutes(path: string): readonly { readonly route: Route; readonly name: string }[] {
  const segments = path.split('/')
  return routes.flatMap(route => {
    const wanted = route.path.split('/')
    if (wanted.length !== segments.length) return []
    let name = ''
    for (const [index, part] of wanted.entries()) {
      const segment = segments[index] ?? ''
      if (part === 'NAME' && segment !== '') name = segment
      else if (part !== segment) return []
    }
    return [{ route, name }]
  })
}

function live(): Answer {
  return { status: 200, type: 'text/plain; charset=utf-8', body: 'ok\n' }
}

function ready(sources: AdminSources): Answer {
  const notReady = sources.notReady()
  return jsonAnswer(notReady.length === 0 ? 200 : 503, { ready: notReady.length === 0, notReady })
}

function status(sources: AdminSources): Answer {
  const { configuration, names, ...running } = sources.status()
  const { sinceMs, refused, ...known } = configuration
  return jsonAnswer(200, {
    version: sources.version,
    node: process.version,
    nodeOptions: process.execArgv,
    notReady: sources.notReady(),
    ...running,
    names: names.map(({ sinceMs, ...line }) => ({ ...line, since: iso(sinceMs) })),
    configuration: {
      ...known,
      inForceSince: iso(sinceMs),
      refused: refused.map(({ part, sinceMs, issues }) => ({ part, since: iso(sinceMs), issues })),
    },
  })
}

async function metrics(sources: AdminSources): Promise<Answer> {
  await sources.gather?.()
  return { status: 200, type: sources.metricsType, body: await sources.metrics() }
}

function explain(sources: AdminSources, { query }: RouteRequest): Answer {
  const parsed = parseExplainQuery(query)
  return 'fault' in parsed ? errorAnswer(400, parsed.fault) : jsonAnswer(200, sources.explainTyped(parsed.query))
}

function iso(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString()
}

async function buckets(sources: AdminSources, { query }: RouteRequest): Promise<Answer> {
  const asked = parseListQuery(query, 'buckets')
  if ('fault' in asked) return errorAnswer(400, asked.fault)
  await sources.gather?.()
  const { offset, limit, bucket } = asked
  const known = sources.buckets().filter(status => bucket === undefined || status.bucket === bucket)
  let rulesLeft = maxListedRules
  const lines = known.slice(offset, offset + limit).map(({ fetchedAt, nextTryAt, ...status }) => {
    const line = { ...status, fetchedAt: iso(fetchedAt), nextTryAt: iso(nextTryAt) }
    rulesLeft -= status.rules
    return rulesLeft < 0 ? line : { ...line, matches: sources.ruleUses(status.bucket).map(describeRuleUse) }
  })
  const { buckets: unknownBuckets, hosts } = sources.unknownAddresses()
  const isWhole = offset === 0 && bucket === undefined
  return jsonAnswer(200, {
    countingSince: iso(sources.countingSinceMs),
    buckets: lines,
    notConfigured: isWhole ? { buckets: describeNames(unknownBuckets), hosts: describeNames(hosts) } : undefined,
    next: nextQuery(asked, known.length),
  })
}

function bucketRules(sources: AdminSources, { name }: RouteRequest): Answer {
  const known = sources.rulesOf(name)
  if (known === undefined) return errorAnswer(404, 'no entry of the configuration governs a bucket of this name')
  // A browser shows it, where it would save YAML by its own name.
  return { status: 200, type: 'text/plain; charset=utf-8', body: describeRules(name, known) }
}

async function suggestion(sources: AdminSources, { name, query }: RouteRequest): Promise<Answer> {
  const decision = query.get('decision') ?? undefined
  if (decision !== undefined && !decisions.some(known => known === decision))
    return errorAnswer(400, `decision is ${decisions.join(' or ')}`)
  await sources.gather?.()
  const yaml = describeSuggestion(sources.origins(), name, decision)
  if (yaml === undefined) return errorAnswer(404, 'nothing was seen of a bucket of this name')
  return { status: 200, type: 'text/plain; charset=utf-8', body: yaml }
}

/** Reading the rules of a bucket can take a millisecond. Buckets beyond this come without `matches`: `?bucket=NAME` has one's. */
const maxListedRules = 2000

function describeRuleUse({ index, id, count, lastMatchedMs }: RuleUse) {
  return { rule: id ?? index + 1, count, lastMatched: iso(lastMatchedMs) }
}

function describeOrigin({ bucket: _, decision, firstSeenMs, lastSeenMs, requests, ...line }: OriginLine) {
  return {
    ...line,
    actual: line.count - line.preflights,
    firstSeen: iso(firstSeenMs),
    lastSeen: iso(lastSeenMs),
    requests: requests.map(({ firstSeenMs, lastSeenMs, endpointAllowed, endpointRefused, ...request }) => ({
      ...request,
      ...(line.enforcement === 'report'
        ? { endpointAllowed, endpointRefused, change: changeOf(decision, { endpointAllowed, endpointRefused }) }
        : {}),
      firstSeen: iso(firstSeenMs),
      lastSeen: iso(lastSeenMs),
    })),
  }
}

/** By bucket, as a person looks for them; of each bucket the origins, then the sums of those without a line. */
function groupOrigins({ lines, rest, overflow, lastRefusals }: OriginsSeen, asked: AskedList) {
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
  return { ...refusal, firstSeen: iso(firstSeenMs), lastSeen: iso(lastSeenMs) }
}

function describeNames({ names, others }: UnknownAddresses['buckets']) {
  return {
    names: names
      .toSorted((one, other) => other.count - one.count)
      .map(({ firstSeenMs, lastSeenMs, ...name }) => ({
        ...name,
        firstSeen: iso(firstSeenMs),
        lastSeen: iso(lastSeenMs),
      })),
    others,
  }
}

interface BucketOrigins {
  readonly bucket: string
  readonly denied: CountedOrigins
  readonly allowed: CountedOrigins
}

interface CountedOrigins {
  readonly origins: ReturnType<typeof describeOrigin>[]
  readonly rest: Pick<OriginCount, 'origin' | 'reason' | 'count'>[]
}

async function origins(sources: AdminSources, { query }: RouteRequest): Promise<Answer> {
  const asked = parseListQuery(query, 'origins')
  if ('fault' in asked) return errorAnswer(400, asked.fault)
  await sources.gather?.()
  return jsonAnswer(200, groupOrigins(sources.origins(), asked))
}

async function reload(sources: AdminSources): Promise<Answer> {
  const { kind, issues } = await sources.reload()
  return jsonAnswer(kind === 'refused' ? 422 : 200, { result: kind, issues })
}

async function refresh(sources: AdminSources, { name }: RouteRequest): Promise<Answer> {
  const status = await sources.refresh(name)
  return status === undefined ? errorAnswer(404, 'no bucket of this name has rules to fetch') : jsonAnswer(200, status)
}

async function page(sources: AdminSources, { query }: RouteRequest): Promise<Answer> {
  await sources.gather?.()
  return { status: 200, type: 'text/html; charset=utf-8', body: renderPage(sources, query) }
}

function style(): Answer {
  return { status: 200, type: 'text/css; charset=utf-8', body: pageStyle }
}

function script(): Answer {
  return { status: 200, type: 'text/javascript; charset=utf-8', body: pageScript }
}
