// Which fields of a caller's `?cors` request reach the endpoint, and which of its answer come back.

import { fieldValues } from '../../http/field-values.ts'
import { connectionOptions, isConnectionSpecific } from '../../http/hop-by-hop-fields.ts'

/** What goes no further; framing and expectations are of a body that is sent anew, whole. */
function isOfOneMessage(name: string): boolean {
  return isConnectionSpecific(name) || name === 'content-length' || name === 'expect'
}

/** The end-to-end fields, as they came. */
export function forwardedFields(headers: readonly string[]): readonly string[] {
  return endToEnd(headers, () => false)
}

/** The endpoint's own CORS fields never pass: the sender of the answer adds those of the rules. */
export function relayedFields(headers: readonly string[]): readonly string[] {
  return endToEnd(headers, name => name.startsWith('access-control-'))
}

/** The fields that are not of one message alone, nor nominated by Connection, nor `dropped` by their lower-case name. */
function endToEnd(headers: readonly string[], dropped: (name: string) => boolean): readonly string[] {
  const nominated = new Set(fieldValues(headers, 'connection').flatMap(value => connectionOptions(value) ?? []))
  const fields: string[] = []
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? ''
    const lower = name.toLowerCase()
    // A Host that Connection lists is still the one that was signed.
    if (isOfOneMessage(lower) || dropped(lower) || (nominated.has(lower) && lower !== 'host')) continue
    fields.push(name, headers[i + 1] ?? '')
  }
  return fields
}
