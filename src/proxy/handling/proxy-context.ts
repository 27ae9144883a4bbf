import type { CorsKnowledge } from '../../policies/cors-knowledge.ts'
import type { ManagedAnswer, ManagedRequest } from '../../policies/managed/caller-permission.ts'
import type { CopySourceGuard } from '../../policies/managed/store/copy-source-guard.ts'
import type { StoreGuard } from '../../policies/managed/store/store-guard.ts'
import type { PolicyLookup } from '../../policies/policy-lookup.ts'
import type { BucketAddress } from '../../s3/address/bucket-address.ts'
import type { ExchangeContext, ExchangeUnderWay } from '../exchange/exchange-context.ts'
import type { ForwardedForPolicy } from '../request/client-address.ts'
import type { GuardLimits } from '../request/request-guard.ts'
import type { UpstreamPool } from '../upstream/pool/upstream-pool.ts'
import type { ConsoleProxy } from './console.ts'

/** What the proxy asks of managed rules. */
export interface ManagedOperations {
  /** Answers a `?cors` request; never rejects. */
  handle(request: ManagedRequest): Promise<ManagedAnswer>
  /** Keeps clients away from the objects that hold the rules; undefined where a directory holds them. */
  readonly storeGuard: StoreGuard | undefined
  /** Keeps clients from having them copied; undefined likewise. */
  readonly copySourceGuard: CopySourceGuard | undefined
}

/** What the endpoint was seen to do with `?cors`. */
export interface CorsKnowledgeSource {
  /** Asks the endpoint where nothing is known; never rejects. */
  knowsCors(bucket: string): Promise<CorsKnowledge>
  /** To be told when a client's own GET ?cors was answered by a list of the bucket. */
  corsObserved(bucket: string): void
}

/**
 * What one configuration asks of the proxy. Immutable: a reload puts a new one in its place, and a request keeps the one
 * it began with. Times are milliseconds.
 */
export interface ProxySettings {
  readonly policies: PolicyLookup
  readonly addressOf: (host: string, target: string) => BucketAddress
  /** The names of this proxy that are configured, for advice. */
  readonly hosts: readonly string[]
  readonly virtualHosts: readonly string[]
  readonly varyAlways: boolean
  /** `report` for every bucket without an entry, and for requests of no bucket: nothing that they are answered changes. */
  readonly reportsAll: boolean
  /** This proxy's own origins, as browsers see them; undefined: http(s)://HOST of the request. */
  readonly publicOrigins: ReadonlySet<string> | undefined
  readonly forwardedFor: ForwardedForPolicy
  /** `rewrite`: the authority the endpoint is sent; undefined: the client's own Host. */
  readonly authority: string | undefined
  /** The host name or address of the endpoint. */
  readonly endpointName: string
  /** TLS server name of the endpoint; empty over plain HTTP or to an IP address. */
  readonly servername: string
  readonly pool: UpstreamPool
  readonly guardLimits: GuardLimits
  /** The server of one further Host; absent when none is configured. */
  readonly console: ConsoleProxy | undefined
  /** What is known of the endpoint's `?cors`. */
  readonly corsKnowledge: CorsKnowledgeSource
  /** Answers `?cors` of managed buckets; absent when there are none. */
  readonly managed: ManagedOperations | undefined
  readonly responseMs: number
  readonly idleMs: number
}

/** What is asked of a response by parts that see only its connection. */
export interface AnsweringResponse {
  readonly req: { readonly complete: boolean }
  readonly writableFinished: boolean
  once(event: 'close', listener: () => void): unknown
}

/** What all requests of one server share. */
export interface ProxyContext extends ExchangeContext {
  /** The response whose turn it is on a client connection, or was last: for faults that are found below the request. */
  readonly responseOf: WeakMap<object, AnsweringResponse>
  /** The exchange that a client connection carries, or carried last. */
  readonly exchangeOf: WeakMap<object, ExchangeUnderWay>
  draining: boolean
  /** Read once per request. */
  settings: ProxySettings
}
