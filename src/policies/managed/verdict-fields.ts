// Which fields of a caller's `?cors` request reach the endpoint, and which of its answer come back.

import { fieldValues } from '../../http/field-values.ts'

/** RFC 9110 §7.6.1, and those that undici writes itself or refuses: the body is sent anew, whole. */
const connectionSpecific = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** The end-to-end fields, as they came. */
export function forwardedFields(headers: readonly string[]): readonly string[] {
  const listed = new Set(
    fieldValues(headers, 'connection').flatMap(value => value.toLowerCase().split(/[ \t]*,[ \t]*/)),
  )
  const fields: string[] = []
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? ''
    const lower = name.toLowerCase()
    // A Host that Connection lists is still the one that was signed.
    if (connectionSpecific.has(lower) || (listed.has(lower) && lower !== 'host')) continue
    fields.push(name, headers[i + 1] ?? '')
  }
  return fields
}

/** The endpoint's own CORS fields never pass: those of the rules are added by whoever sends the answer. */
export function relayedFields(headers: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    connectionSpecific.has(name) || name.startsWith('access-control-') ? [] : [name, value],
  )
}
