import type { Reason } from '../../cors/decision/decide.ts'
import type { BucketStatus } from '../../policies/policy-lookup.ts'
import type { OriginLine, SeenRequest } from '../admin-sources.ts'
import { type Html, html } from './html.ts'

const reasonWords: Readonly<Record<Reason, string>> = {
  matched: 'a rule matches',
  no_rules: 'the bucket has no rules',
  origin: 'no rule lists this origin',
  method: 'no rule for this origin lists this method',
  header: 'a requested header is not allowed',
  bad_request: 'the request cannot be asked about',
  rules_unavailable: 'the rules are not known at the moment',
  unknown_host: 'the configuration does not know the Host',
}

/** A reason in a person's words. */
export function describeReason(reason: Reason): string {
  return reasonWords[reason]
}

const stateWords: Readonly<Record<BucketStatus['state'], string>> = {
  rules: 'rules known',
  'rules-with-faults': 'rules known, with faults',
  none: 'no rules',
  'no-such-bucket': 'no such bucket',
  unknown: 'unknown: nothing is allowed',
}

/** The state of a bucket's rules in a person's words. */
export function describeState(state: BucketStatus['state']): string {
  return stateWords[state]
}

/** A stretch of time, as roughly as a person cares. */
export function describeSeconds(seconds: number): string {
  if (seconds < 1) return 'now'
  if (seconds < 120) return `${Math.round(seconds)} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} d`
}

/** A moment: how long ago or ahead, and exactly on demand. */
export function renderTime(ms: number | undefined, nowMs: number): Html | string {
  if (ms === undefined) return '–'
  const exact = new Date(ms).toISOString()
  const seconds = (nowMs - ms) / 1000
  const distance = describeSeconds(Math.abs(seconds))
  const words = distance === 'now' ? 'now' : seconds > 0 ? `${distance} ago` : `in ${distance}`
  return html`<time datetime="${exact}" title="${exact}">${words}</time>`
}

/** What was asked: the method, whether by a preflight, and the requested headers. */
export function describeRequest({
  method,
  headers,
  preflight,
}: Pick<OriginLine, 'method' | 'headers' | 'preflight'>): string {
  const names = headers.length === 0 ? '' : ` with ${headers.join(', ')}`
  return `${preflight ? 'preflight for ' : ''}${method ?? 'a long method'}${names}`
}

/** What leaving `report` would change for one kind of request of an origin. */
export function describeChange(
  decision: OriginLine['decision'],
  { preflights, actual, endpointAllowed, endpointRefused }: SeenRequest,
): { readonly headers: string; readonly block: string } {
  if (decision === 'allowed') {
    const words = endpointRefused > 0 ? 'becomes allowed' : 'stays allowed'
    return { headers: words, block: words }
  }
  const isAllowed = endpointAllowed > 0
  const preflight = `${isAllowed ? 'becomes' : 'stays'} refused: 403`
  const headers = isAllowed ? 'becomes unreadable: no CORS headers' : 'stays unreadable'
  const block = 'refused: 403, the endpoint is not asked'
  if (actual === 0) return { headers: preflight, block: preflight }
  if (preflights === 0) return { headers, block }
  return { headers: `its preflight ${preflight}; it ${headers}`, block: `its preflight ${preflight}; it is ${block}` }
}
