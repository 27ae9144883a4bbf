import type { ClientRequest } from '../client/client-request.ts'
import type { ClientResponse } from '../client/client-response.ts'
import { clientAddress, type ForwardedForPolicy } from '../request/client-address.ts'
import type { GuardedRequest } from '../request/request-guard.ts'
import type { RequestRecord } from '../request/request-record.ts'
import { clientNetwork } from '../upstream/pool/client-network.ts'
import type { UpstreamPool } from '../upstream/pool/upstream-pool.ts'
import { framingLine, hasContent } from '../upstream/request/request-framing.ts'
import type { ResponseCors } from './relayed-fields.ts'

/** What to forward, and what to make of the answer: settled before anything is opened towards the endpoint. */
export interface ExchangePlan {
  readonly clientRequest: ClientRequest
  readonly clientResponse: ClientResponse
  readonly record: RequestRecord
  /** What of the client's request goes on. */
  readonly request: GuardedRequest
  /** The Host to send. */
  readonly host: string
  /** The endpoint's own name, where it is sent the client's Host instead, whatever that is. */
  readonly unsentName: string | undefined
  /** TLS server name of the endpoint; empty over plain HTTP. */
  readonly servername: string
  /** X-Forwarded-For and its kin, as lines. */
  readonly forwardedLines: string
  /** Whose word about the client's address counts. */
  readonly forwardedFor: ForwardedForPolicy
  readonly cors: ResponseCors
  /** Is shown the first content of a 200; undefined but for a GET of a bucket's rules. */
  readonly look: ((content: Buffer) => void) | undefined
  /** The client waits for a 100 before it sends its content. */
  readonly expectsContinue: boolean
  readonly pool: UpstreamPool
  /** From the end of the request to the response head. */
  readonly responseMs: number
  /** Without a byte from the endpoint, or taken by it. */
  readonly idleMs: number
}

/** The request's head, as the endpoint gets it. */
export function upstreamHead({ request, host, forwardedLines }: ExchangePlan): string {
  return `${request.method} ${request.target} HTTP/1.1\r\nHost: ${host}\r\n${request.lines}${forwardedLines}${framingLine(request)}\r\n`
}

/**
 * RFC 9110 §9.2.2: only what is safe, and has no content, may be sent a second time. DELETE is not, since it would add a second
 * delete marker to a versioned bucket. Of a PUT the head alone may, while its content is held back: the endpoint cannot store what it was not sent.
 */
export function isRepeatable({ request }: ExchangePlan, isHeldBack: boolean): boolean {
  const { method } = request
  if (!hasContent(request)) return method === 'GET' || method === 'HEAD'
  return isHeldBack && method === 'PUT' && !copies.test(request.lines) && !copiesInQuery.test(request.target)
}

/** Of what the endpoint may do without the content. */
const copies = /^x-(?:amz-)?(?:copy|rename)-/im
/** A presigned URL may have it as a parameter, with any of its characters encoded. */
const copiesInQuery = /[?&;][^=&;]*(?:copy|rename|%)/i

/** The network that the client is in: what it may use of the pool is counted by that. */
export function networkOf({ request, record, forwardedFor }: ExchangePlan): string {
  const policy = { mode: 'append', trusted: forwardedFor.trusted } as const
  return clientNetwork(clientAddress(record.peerAddress, request.forwardedFields, policy) ?? '')
}
