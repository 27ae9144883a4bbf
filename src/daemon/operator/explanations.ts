import { isIP } from 'node:net'
import type { ExplainQuery, TypedQuery } from '../../admin/admin-sources.ts'
import type { Configuration } from '../../config/configuration.ts'
import { parseCorsRequest } from '../../cors/decision/cors-request.ts'
import { decide } from '../../cors/decision/decide.ts'
import { type Explanation, explain } from '../../cors/explain/explain.ts'
import { quote, quoteShort } from '../../cors/explain/quoted-scalar.ts'
import { isLoopback } from '../../cors/lint/browser-origin.ts'
import type { PolicyLookup } from '../../policies/policy-lookup.ts'
import { keepsNoRules } from '../../policies/upstream/entry-status.ts'
import { noPolicy, noPolicyReported } from '../../proxy/handling/verdict.ts'
import type { RequestRecord } from '../../proxy/request/request-record.ts'
import { isBucketName } from '../../s3/address/bucket-name.ts'
import { adviseOnHost, type ConfiguredHosts } from '../../s3/address/unknown-host.ts'
import { clientAnswer } from './client-answer.ts'
import { type Surroundings, understandBucket, understandUrl } from './typed-bucket.ts'
import { understandHeaders, understandMethod } from './typed-fields.ts'
import { type UnderstoodOrigin, understandOrigin } from './typed-origin.ts'

/** Here as well: commands may not import the admin port. */
export type { TypedQuery }

/** What of the configuration in force an explanation depends on, beside its rules. */
export type ExplainSettings = Pick<Configuration, 'vary'> & ConfiguredHosts

/** The same of what a person asks. */
export type TypedSettings = ExplainSettings &
  Pick<Configuration, 'upstream' | 'enforcement'> & { readonly addressOf: Surroundings['addressOf'] }

/** Explains what a person asks: what was typed otherwise than clients send it is read as it is meant, and told. */
export function explainTyped(question: TypedQuery, policies: PolicyLookup, settings: TypedSettings): Explanation {
  const { bucket, unknownHost, bucketInPath, notes, impossible } = understandPlace(question, policies, settings)
  const sent = question.origin === undefined ? undefined : understandOrigin(question.origin)
  const isActual = question.requestMethod === undefined
  const method = understandMethod(question.requestMethod ?? question.method)
  const headers = question.requestHeaders === undefined ? undefined : understandHeaders(question.requestHeaders)
  const understood = {
    ...question,
    bucket,
    origin: sent?.origin,
    ...(isActual ? { method: method.sent } : { requestMethod: method.sent }),
    requestHeaders: headers?.sent,
  }
  const explained =
    unknownHost === undefined
      ? explainQuestion(understood, policies, settings)
      : explainTypedHost(understood, unknownHost, bucketInPath, policies, settings)
  const result = withoutImpossible(explained, impossible ?? whyNotSent(sent, explained))
  const all = [
    ...notes,
    ...(explained.notes ?? []),
    ...(isActual && question.method === 'OPTIONS' ? [] : method.notes),
    ...(headers?.notes ?? []),
  ]
  if (sent?.typed !== undefined) {
    const decided = result.allowed ? 'that is allowed' : 'that is denied'
    all.unshift(`a browser sends ${quote(sent.origin)}, not ${quoteShort(sent.typed)}; ${decided}`)
  }
  const withoutDot = sent?.origin.replace(/\.(?=(?::\d+)?$)/, '')
  if (withoutDot !== sent?.origin && result.change !== undefined) {
    all.push(`the dot at its end is part of the host: ${quoteShort(withoutDot ?? '')} is another origin`)
  }
  return all.length === 0 ? result : { ...result, notes: all }
}

function understandPlace(
  { bucket, urlOfObject }: TypedQuery,
  policies: PolicyLookup,
  { addressOf, hosts, upstream }: TypedSettings,
) {
  const { hostname, authority } = upstream.url
  const isElsewhere = upstream.host === 'rewrite' || isLoopback(hostname) || isIP(hostname) !== 0
  const around: Surroundings = {
    addressOf,
    hosts,
    endpoint: isElsewhere && !hosts.includes(hostname) ? authority : undefined,
    names: policies.describe().flatMap(({ bucket }) => (bucket === '*' ? [] : [bucket])),
    isGoverned: bucket => policies.inspect(bucket).governed,
  }
  return urlOfObject === undefined ? understandBucket(bucket, around) : understandUrl(urlOfObject, around)
}

/** An unknown Host, and what becomes of the request once it is known. */
function explainTypedHost(
  question: ExplainQuery,
  host: string,
  bucketInPath: string | undefined,
  policies: PolicyLookup,
  settings: TypedSettings,
): Explanation {
  const { method, origin, requestMethod, requestHeaders } = question
  const asked = parseCorsRequest(method, origin, requestMethod, requestHeaders)
  const answer = clientAnswer(
    asked,
    method,
    requestMethod,
    settings.enforcement === 'report' ? noPolicyReported : noPolicy,
  )
  const explained = { ...explainUnknownHost(host, policies, settings), answer }
  const bucket = bucketInHost(host, policies, settings) ?? bucketInPath ?? ''
  if (!isBucketName(bucket)) return explained
  const { allowed } = explainQuestion({ ...question, bucket }, policies, settings)
  const next = allowed ? 'its rules allow the request' : 'its rules deny the request: ask about the bucket next'
  return { ...explained, notes: [`once the Host is known, the bucket is ${quote(bucket)}, and ${next}`] }
}

/** What no rule can be about, or no browser sends, gets no change. */
function withoutImpossible(explained: Explanation, why: string | undefined): Explanation {
  if (why === undefined || explained.allowed) return explained
  const { change: _, answer, ...rest } = explained
  if (explained.bucket === '') return { ...rest, summary: 'the question names no bucket', noChange: why }
  return { ...rest, ...(answer === undefined ? {} : { answer }), noChange: why }
}

/** Why the request is none of a browser. A `*` in it is a wildcard in rules alone. */
function whyNotSent(sent: UnderstoodOrigin | undefined, { change }: Explanation): string | undefined {
  if (sent?.several !== undefined) return `a browser sends one origin; ask about one of them: ${sent.several}`
  if (sent?.origin.includes('*'))
    return 'no browser sends an origin with *; expected one that it stands for, such as https://app.example.com'
  if (change?.additions.AllowedHeaders?.some(name => name.includes('*')) !== true) return undefined
  return 'no browser sends a field name with *; name each field that the page sends'
}

/** Explains the decision on a question from what is known now; never triggers a fetch. */
export function explainQuestion(
  question: ExplainQuery,
  policies: PolicyLookup,
  settings: ExplainSettings,
): Explanation {
  const { bucket, method, origin, requestMethod, requestHeaders, unknownHost } = question
  if (unknownHost !== undefined) return explainUnknownHost(unknownHost, policies, settings)
  const asked = parseCorsRequest(method, origin, requestMethod, requestHeaders)
  const known = policies.inspect(bucket)
  const { state } = known
  const policy = state.kind === 'rules' ? state.policy : undefined
  const unsupported = state.kind === 'none' ? state.unsupported : undefined
  const explanation = explain(policy, asked, bucket, {
    isActual: method !== 'OPTIONS',
    state: state.kind,
    whyUnknown: state.kind === 'unknown' ? state.why : undefined,
    variesDenied: settings.vary === 'always' && known.governed && known.enforcement !== 'report',
    ...(unsupported === undefined ? {} : { keepsNoRules: keepsNoRules(unsupported) }),
    // Rules can be written in the configuration alone.
    source: unsupported === undefined ? known.source : 'none',
    entry: known.named ? 'named' : known.governed ? 'default' : 'absent',
    place: known.place,
  })
  const answer = clientAnswer(asked, method, requestMethod, known)
  if (known.enforcement !== 'report') return { ...explanation, answer }
  // The endpoint's own fields are sent.
  const { readable: _, ...rest } = explanation
  return { ...rest, responseFields: [], answer }
}

function bucketInHost(host: string, policies: PolicyLookup, settings: ExplainSettings): string | undefined {
  return adviseOnHost(host, settings, bucket => policies.inspect(bucket).named).bucket
}

/** Explains why a request under a Host that the configuration does not know is denied, and what makes it known. */
export function explainUnknownHost(host: string, policies: PolicyLookup, settings: ExplainSettings): Explanation {
  const { name, todo, addition } = adviseOnHost(host, settings, bucket => policies.inspect(bucket).named)
  return {
    bucket: '',
    allowed: false,
    reason: 'unknown_host',
    summary: `the configuration does not know the Host ${name}, so that the request names no bucket: ${todo}`,
    rules: [],
    ...(addition === undefined ? {} : { change: { kind: 'host', ...addition, additions: {}, risks: [] } }),
    responseFields: [],
  }
}

/** Whether the rules known now allow what is asked; never triggers a fetch. */
export function isAllowedNow(
  { bucket, method, origin, requestMethod, requestHeaders }: ExplainQuery,
  policies: PolicyLookup,
): boolean {
  const asked = parseCorsRequest(method, origin, requestMethod, requestHeaders)
  const { state } = policies.inspect(bucket)
  return !('kind' in asked) && state.kind === 'rules' && decide(state.policy, asked).allowed
}

/** Explains what was decided on a request; undefined for requests that no rule was asked about. */
export function explainRecord(
  record: RequestRecord,
  policies: PolicyLookup,
  settings: ExplainSettings,
): Explanation | undefined {
  const { bucket, decision, unknownHost } = record
  if (decision === undefined) return undefined
  if (decision.reason === 'unknown_host') return explainUnknownHost(unknownHost ?? '', policies, settings)
  if (bucket === undefined) return undefined
  return explainQuestion({ ...record, bucket }, policies, settings)
}
