import type { Configuration } from '../config/configuration.ts'
import { parseCorsRequest } from '../cors/decision/cors-request.ts'
import { type Explanation, explain } from '../cors/explain/explain.ts'
import type { PolicyLookup } from '../policies/policy-lookup.ts'
import { keepsNoRules } from '../policies/upstream/entry-status.ts'
import type { RequestRecord } from '../proxy/request/request-record.ts'

/** A request that an operator asks about: raw field values. */
export interface Question {
  readonly bucket: string
  readonly method: string
  readonly origin: string | undefined
  readonly requestMethod: string | undefined
  readonly requestHeaders: readonly string[] | undefined
}

/** Explains the decision on a question from what is known now; never triggers a fetch. `vary` is the configuration's. */
export function explainQuestion(question: Question, policies: PolicyLookup, vary: Configuration['vary']): Explanation {
  const { bucket, method, origin, requestMethod, requestHeaders } = question
  const asked = parseCorsRequest(method, origin, requestMethod, requestHeaders)
  const known = policies.inspect(bucket)
  const { state } = known
  const policy = state.kind === 'rules' ? state.policy : undefined
  const unsupported = state.kind === 'none' ? state.unsupported : undefined
  return explain(policy, asked, bucket, {
    state: state.kind,
    variesDenied: vary === 'always' && known.governed && known.enforcement !== 'report',
    ...(unsupported === undefined ? {} : { keepsNoRules: keepsNoRules(unsupported) }),
    // Rules can be written in the configuration alone.
    source: unsupported === undefined ? known.source : 'none',
    entry: known.named ? 'named' : known.governed ? 'default' : 'absent',
  })
}

/** Explains what was decided on a request; undefined for requests that no rule was asked about. */
export function explainRecord(
  record: RequestRecord,
  policies: PolicyLookup,
  vary: Configuration['vary'],
): Explanation | undefined {
  const { bucket, decision } = record
  if (bucket === undefined || decision === undefined) return undefined
  return explainQuestion({ ...record, bucket }, policies, vary)
}
