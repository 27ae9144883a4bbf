import type { PolicySources } from '../policies/policy-sources.ts'
import type { ProxyObserver, RequestRecord } from '../proxy/request/request-record.ts'
import { isCorsOperation } from '../s3/cors-operation/cors-query.ts'
import type { Log } from '../telemetry/log/log.ts'

/**
 * Whether this was a `PUT` or `DELETE ?cors`, however it was written, that the endpoint carried out: it may have other rules now.
 * What the proxy itself carried out is in force already.
 */
export function isCorsWrite({ kind, method, status, target, bucket, object }: RequestRecord): boolean {
  if (kind === 'managed') return false
  if ((method !== 'PUT' && method !== 'DELETE') || status < 200 || status > 299 || bucket === undefined) return false
  return isCorsOperation(target, object)
}

const unclearTodo =
  'look at the endpoint: if it does not know ?cors, it has created or deleted a bucket; give the proxy keys (AWS_ACCESS_KEY_ID), and it asks the endpoint before the first write'

/** The observer, and beside it the eye on writes of rules: fetched ones are fetched anew at once, others are said to have no effect. */
export function watchCorsWrites(observer: ProxyObserver, policies: () => PolicySources, log: Log): ProxyObserver {
  return {
    ...observer,
    ended(record) {
      observer.ended(record)
      if (record.bucket === undefined || !isCorsWrite(record)) return
      const effect = policies().corsWritten(record.bucket, record.corsKnown)
      const { bucket, method } = record
      if (effect === 'without-effect') log.warn('cors_write_without_effect', { bucket, method })
      if (effect === 'unclear') log.warn('cors_write_unclear', { bucket, method, todo: unclearTodo })
    },
  }
}
