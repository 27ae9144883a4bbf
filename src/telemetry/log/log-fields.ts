import type { Explanation } from '../../cors/explain/explain.ts'
import type { RequestRecord } from '../../proxy/request/request-record.ts'
import { type FieldValue, requestFields, ruleName } from './request-fields.ts'

/** What a log line says beside its time, level and event. A field that is undefined is left out. */
export type LogFields = Readonly<Record<string, FieldValue>>

/** One request as fields of any event; the lines of the event `request` are made without them. */
export function describeRequest(record: RequestRecord): LogFields {
  return Object.fromEntries(requestFields.map(({ name, of }) => [name, of(record)]))
}

/** What would have allowed a denied request. */
export function describeHint(explanation: Explanation | undefined): LogFields {
  if (explanation === undefined) return {}
  const { nearest, change, noChange } = explanation
  return {
    nearestRule: nearest === undefined ? undefined : ruleName(nearest),
    failedClause: nearest?.failed,
    change: change?.yaml,
    changeWhere: change?.where,
    changeHow: change?.how,
    risk: change === undefined || change.risks.length === 0 ? undefined : change.risks.map(r => r.message).join('; '),
    noChange,
  }
}
