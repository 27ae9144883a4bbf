import type { S3Error } from '../../s3/errors/error-catalogue.ts'
import type { Listed, LiveList } from '../shares/live-list.ts'
import type { UpstreamPool } from '../upstream/pool/upstream-pool.ts'
import type { ReplyContext } from './local-reply.ts'

/** An exchange with the endpoint, to what watches over all of them. */
export interface ExchangeUnderWay extends Listed {
  /** Neither ended nor given up. */
  readonly underWay: boolean
  /** The pool that it began with. */
  readonly pool: UpstreamPool
  /** Looks at its time limits. */
  tick(nowMs: number): void
  /** Ends it: the client is answered with `error` if it can be, else its connection ends. */
  abort(error: S3Error): void
  onClientLeft(): void
  endForIdleClient(): void
}

/** What every exchange of one server shares. */
export interface ExchangeContext extends ReplyContext {
  /** The exchanges under way. */
  readonly exchanges: LiveList<ExchangeUnderWay>
}
