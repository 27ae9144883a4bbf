import type { OriginLine, SeenRequest } from './admin-sources.ts'

/**
 * What enforcing the rules of a bucket in `report` would change for a kind of request: `refused` is allowed by the endpoint and denied
 * by the rules, `allowed` the reverse, at least once; `same` is neither.
 */
export type ReportChange = 'refused' | 'allowed' | 'same'

/** What was said by the rules when it came, beside what the endpoint answered. */
export function changeOf(
  decision: OriginLine['decision'],
  { endpointAllowed, endpointRefused }: Pick<SeenRequest, 'endpointAllowed' | 'endpointRefused'>,
): ReportChange {
  if (decision === 'denied') return endpointAllowed > 0 ? 'refused' : 'same'
  return endpointRefused > 0 ? 'allowed' : 'same'
}
