import type { RequestRecord } from '../../proxy/request/request-record.ts'

/** In `report`: whether the endpoint's own answer lets a page of the request's origin read it. */
export function endpointAllows({ origin, upstreamAllowOrigin }: RequestRecord): boolean {
  return upstreamAllowOrigin === '*' || (upstreamAllowOrigin !== undefined && upstreamAllowOrigin === origin)
}
