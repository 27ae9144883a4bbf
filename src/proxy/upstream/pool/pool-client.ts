import type { UpstreamConnection } from '../upstream-connection.ts'
import type { UpstreamFailure } from '../upstream-failure.ts'
import type { ClientPace } from './client-pace.ts'

/** An exchange that wants a connection, or has one. It is given one or fails, unless it cancels. */
export interface PoolClient {
  /** Whose share of the pool it is; asked only while others wait. */
  readonly client: string
  /** Undefined until it has been looked at for the first time. */
  readonly pace: ClientPace | undefined
  /** Nothing is due from its client, or to it: what it costs now is the endpoint's time. */
  readonly awaitsEndpoint: boolean
  /** It may be sent a second time, if the endpoint ends the connection before it answers. */
  readonly repeatable: boolean
  onConnection(connection: PoolConnection): void
  /** There is no connection for it, or others need the one that it has more. */
  fail(failure: UpstreamFailure): void
}

/** A connection of the pool, which knows the exchange that has it. */
export type PoolConnection = UpstreamConnection<PoolClient>
