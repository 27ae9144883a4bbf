import type { ForwardedForPolicy } from '../request/client-address.ts'
import type { GuardedRequest } from '../request/request-guard.ts'
import type { UpstreamPool } from '../upstream/upstream-pool.ts'
import type { ResponseCors } from './relayed-fields.ts'

/** What to forward, and what to make of the answer: settled before anything is opened towards the endpoint. */
export interface ExchangePlan {
  readonly request: GuardedRequest
  /** The Host to send. */
  readonly host: string
  /** The endpoint is sent the client's own Host, whatever that is. */
  readonly preservesHost: boolean
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
