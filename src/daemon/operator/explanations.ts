import type { ExplainQuery, TypedQuery } from '../../admin/admin-sources.ts'
import type { Configuration } from '../../config/configuration.ts'
import { parseCorsRequest } from '../../cors/decision/cors-request.ts'
import { decide } from '../../cors/decision/decide.ts'
import { type Explanation, explain } from '../../cors/explain/explain.ts'
import { quote, quoteShort } from '../../cors/explain/quoted-scalar.ts'
import type { PolicyLookup } from '../../policies/policy-lookup.ts'
import { keepsNoRules } from '../../policies/upstream/entry-status.ts'
import type { RequestRecord } from '../../proxy/request/request-record.ts'
import { adviseOnHost, type ConfiguredHosts } from '../../s3/address/unknown-host.ts'
import { clientAnswer } from './client-answer.ts'
import {
  type Surroundings,
  understandBucket,
  understandHeaders,
  understandMethod,
  understandOrigin,
  understandUrl,
} from './typed-question.ts'

/** Here as well: commands may not import the admin port. */
export type { TypedQuery }

/** What of the configuration in force an explanation depends on, beside its rules. */
export type ExplainSettings = Pick<Configuration, 'vary'> & ConfiguredHosts

/** Explains what a person asks: what was typed otherwise than clients send it is read as it is meant, and told. */
export function explainTyped(
  question: TypedQuery,
  policies: PolicyLookup,
  settings: ExplainSettings & { readonly addressOf: Surroundings['addressOf'] },
): Explanation {
  const around: Surroundings = {
    addressOf: settings.addressOf,
    names: policies.describe().flatMap(({ bucket }) => (bucket === '*' ? [] : [bucket])),
    isGoverned: bucket => policies.inspect(bucket).governed,
  }
  const { urlOfObject } = question
  const { bucket, unknownHost, notes, impossible } =
    urlOfObject === undefined ? understandBucket(question.bucket, around) : understandUrl(urlOfObject, around)
  if (unknownHost !== undefined) return explainUnknownHost(unknownHost, policies, settings)
  const sent = question.origin === undefined ? undefined : understandOrigin(question.origin)
  const isActual = question.requestMethod === undefined
  const method = understandMethod(question.requestMethod ?? question.method)
  const headers = question.requestHeaders === undefined ? undefined : understandHeaders(question.requestHeaders)
  const explained = explainQuestion(
    {
      ...question,
      bucket,
      origin: sent?.origin,
      ...(isActual ? { method: method.sent } : { requestMethod: method.sent }),
      requestHeaders: headers?.sent,
    },
    policies,
    settings,
  )
  const { change: _, ...rest } = explained
  const why = impossible ?? (sent?.origin.includes('*') ? oneOrigin : undefined)
  const result = why === undefined || explained.allowed ? explained : { ...rest, noChange: why }
  const all = [...notes, ...(isActual && question.method === 'OPTIONS' ? [] : method.notes), ...(headers?.notes ?? [])]
  if (sent?.typed !== undefined) {
    const decided = result.allowed ? 'that is allowed' : 'that is denied'
    all.unshift(`a browser sends ${quote(sent.origin)}, not ${quoteShort(sent.typed)}; ${decided}`)
  }
  return all.length === 0 ? result : { ...result, notes: all }
}

/** A browser sends one origin, and no pattern. */
const oneOrigin = 'no browser sends an origin with *; expected one that it stands for, such as https://app.example.com'

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
  return { ...explanation, answer: clientAnswer(asked, method, requestMethod, known) }
}

/** Explains why a request under a Host that the configuration does not know is denied, and what makes it known. */
export function explainUnknownHost(host: string, policies: PolicyLookup, settings: ExplainSettings): Explanation {
  const { name, todo, ...change } = adviseOnHost(host, settings, bucket => policies.inspect(bucket).named)
  return {
    bucket: '',
    allowed: false,
    reason: 'unknown_host',
    summary: `the configuration does not know the Host ${name}, so that the request names no bucket: ${todo}`,
    rules: [],
    change: { kind: 'host', ...change, additions: {}, risks: [] },
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
