import type { AdminSources, RuleUse, UnknownAddresses } from './admin-sources.ts'
import { type Answer, errorAnswer, isoTime, jsonAnswer } from './answer.ts'
import { describeRules } from './bucket-rules.ts'
import { describeSuggestion } from './bucket-suggestion.ts'
import { parseExplainQuery } from './explain-query.ts'
import { listOrigins } from './origin-list.ts'
import { renderPage } from './page/page.ts'
import { pageScript } from './page/page-script.ts'
import { pageStyle } from './page/page-style.ts'
import { decisions, nextQuery, parseListQuery } from './page/paging.ts'

/** One thing the admin port answers. */
export interface Route {
  readonly method: 'GET' | 'POST'
  /** `NAME` stands for one segment. */
  readonly path: string
  /** `operator`: the caller with the token; where none is set, a caller directly from this machine, on Linux as root or the proxy's own user. */
  readonly who: 'all' | 'operator'
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
  { method: 'GET', path: '/livez', who: 'all', meaning: 'the process answers', answer: live },
  { method: 'GET', path: '/readyz', who: 'all', meaning: 'ready, or what is not', answer: ready },
  {
    method: 'GET',
    path: '/status',
    who: 'operator',
    meaning: 'what runs, and which configuration is in force',
    answer: status,
  },
  { method: 'GET', path: '/metrics', who: 'all', meaning: 'metrics for Prometheus', answer: metrics },
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
  { method: 'GET', path: '/page.css', who: 'all', meaning: 'its style', answer: style },
  { method: 'GET', path: '/page.js', who: 'all', meaning: 'its script', answer: script },
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
    names: names.map(({ sinceMs, ...line }) => ({ ...line, since: isoTime(sinceMs) })),
    configuration: {
      ...known,
      inForceSince: isoTime(sinceMs),
      refused: refused.map(({ part, sinceMs, issues }) => ({ part, since: isoTime(sinceMs), issues })),
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

async function buckets(sources: AdminSources, { query }: RouteRequest): Promise<Answer> {
  const asked = parseListQuery(query, 'buckets')
  if ('fault' in asked) return errorAnswer(400, asked.fault)
  await sources.gather?.()
  const { offset, limit, bucket } = asked
  const known = sources.buckets().filter(status => bucket === undefined || status.bucket === bucket)
  let rulesLeft = maxListedRules
  const lines = known.slice(offset, offset + limit).map(({ fetchedAt, nextTryAt, ...status }) => {
    const line = { ...status, fetchedAt: isoTime(fetchedAt), nextTryAt: isoTime(nextTryAt) }
    rulesLeft -= status.rules
    return rulesLeft < 0 ? line : { ...line, matches: sources.ruleUses(status.bucket).map(describeRuleUse) }
  })
  const { buckets: unknownBuckets, hosts } = sources.unknownAddresses()
  const isWhole = offset === 0 && bucket === undefined
  return jsonAnswer(200, {
    countingSince: isoTime(sources.countingSinceMs),
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
  return { rule: id ?? index + 1, count, lastMatched: isoTime(lastMatchedMs) }
}

function describeNames({ names, others }: UnknownAddresses['buckets']) {
  return {
    names: names
      .toSorted((one, other) => other.count - one.count)
      .map(({ firstSeenMs, lastSeenMs, ...name }) => ({
        ...name,
        firstSeen: isoTime(firstSeenMs),
        lastSeen: isoTime(lastSeenMs),
      })),
    others,
  }
}

async function origins(sources: AdminSources, { query }: RouteRequest): Promise<Answer> {
  const asked = parseListQuery(query, 'origins')
  if ('fault' in asked) return errorAnswer(400, asked.fault)
  await sources.gather?.()
  return jsonAnswer(200, listOrigins(sources.origins(), asked))
}

async function reload(sources: AdminSources): Promise<Answer> {
  const { kind, issues } = await sources.reload()
  const inForceSince = kind === 'unchanged' ? isoTime(sources.status().configuration.sinceMs) : undefined
  return jsonAnswer(kind === 'refused' ? 422 : 200, { result: kind, inForceSince, issues })
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
