import type { CompiledRule } from '../../cors/decision/compiled-rule.ts'
import type { CorsRequest } from '../../cors/decision/cors-request.ts'
import { corsFieldLines, mergeVary } from '../../cors/decision/response-fields.ts'
import { valueAt } from '../../http/field-line.ts'
import { isConnectionSpecific } from '../../http/hop-by-hop-fields.ts'
import { OutgoingFields } from '../client/outgoing-fields.ts'
import { nominatedByResponse } from '../request/hop-by-hop-removal.ts'
import type { RequestRecord } from '../request/request-record.ts'
import type { ResponseHead } from '../upstream/response/response-head.ts'
import { isFreshnessField } from './freshness-field.ts'

/** What CORS makes of the response to one request: settled before the request is forwarded, so that a reload cannot mix. */
export interface ResponseCors {
  /** `report`: the endpoint's own CORS passes unchanged. */
  readonly passes: boolean
  /** A governed bucket's response: its Vary is ours to write. */
  readonly governed: boolean
  /** The rule that allowed the request, with what it allowed. */
  readonly rule: CompiledRule | undefined
  readonly request: CorsRequest | undefined
  /** `vary: always`. */
  readonly varyAlways: boolean
  /** The rules are unknown: a cache must not keep what was made without them. */
  readonly noStore: boolean
  /** No rule allows it: a 304 would let a cache go on with the CORS fields that an earlier rule allowed. */
  readonly unconditional: boolean
}

/** The response to a request of no governed bucket: the endpoint's Access-Control-* is dropped, nothing is added. */
export const ungovernedCors: ResponseCors = {
  passes: false,
  governed: false,
  rule: undefined,
  request: undefined,
  varyAlways: false,
  noStore: false,
  unconditional: false,
}

/**
 * The fields to send for a response of the endpoint: its end-to-end fields as they came, its own CORS dropped, S3's set.
 * Framing is written by the server side from `Content-Length`, where it stands, or anew.
 */
export function relayedFields(head: ResponseHead, cors: ResponseCors, record: RequestRecord): OutgoingFields {
  const { fields } = head
  const { text, names, ends } = fields
  const { noStore } = cors
  const nominated = nominatedByResponse(fields)
  const out = new OutgoingFields()
  let lines = ''
  let vary: string[] | undefined
  // Lines that pass one behind another do so in one piece, which begins here (`bench --scenario get-1k-plain`).
  let pieceStart = 0
  let end = 0
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string
    const start = end
    end = ends[i] as number
    let passes = true
    switch (name) {
      case 'content-length':
        // https://www.rfc-editor.org/rfc/rfc9110#section-8.6: never in a 204, whose reader might wait for it.
        if (head.statusCode !== 204) out.setLength(head.contentLength, text.slice(start, start + name.length))
        passes = false
        break
      case 'vary':
        if (!cors.governed || cors.passes) break
        if (vary === undefined) vary = [valueAt(fields, i)]
        else vary.push(valueAt(fields, i))
        passes = false
        break
      case 'date':
        out.isDated = true
        break
      case 'x-amz-request-id':
        record.requestId = valueAt(fields, i)
        break
      default:
        if (isConnectionSpecific(name)) passes = false
        else if (name.startsWith('access-control-')) {
          passes = cors.passes
          if (!passes) record.strippedCorsFields = true
          else if (name === 'access-control-allow-origin') record.upstreamAllowOrigin = valueAt(fields, i)
        }
    }
    if (passes && nominated?.includes(name) !== true && !(noStore && isFreshnessField(name))) continue
    if (start > pieceStart) lines += text.slice(pieceStart, start)
    pieceStart = end
  }
  out.lines = pieceStart < end ? lines + text.slice(pieceStart) : lines
  if (noStore) out.add('Cache-Control', 'no-store')
  appendCors(out, cors, vary)
  return out
}

/** Adds S3's CORS fields and the Vary of this response to `out`. Also for answers of our own. */
export function appendCors(out: OutgoingFields, cors: ResponseCors, upstreamVary: readonly string[] | undefined): void {
  if (cors.passes) return
  if (cors.rule !== undefined && cors.request !== undefined) {
    out.lines += corsFieldLines(cors.rule, cors.request)
    addVary(out, mergeVary(upstreamVary ?? [], 'all'))
  } else if (cors.governed) {
    addVary(out, mergeVary(upstreamVary ?? [], cors.varyAlways ? 'all' : 'none'))
  }
}

function addVary(out: OutgoingFields, value: string | undefined): void {
  if (value !== undefined) out.add('Vary', value)
}
