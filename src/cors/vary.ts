import { corsVary } from './response-fields.ts'

/**
 * The one Vary value to send, or undefined for none: the members of the endpoint's Vary lines, in order, without the three
 * that CORS is about, and then those to add. A `*` anywhere covers them all and stays alone,
 * https://www.rfc-editor.org/rfc/rfc9110#field.vary.
 */
export function mergeVary(upstream: readonly string[], adds: 'none' | 'all'): string | undefined {
  let kept = ''
  for (const line of upstream) {
    for (let start = 0; start <= line.length; ) {
      const comma = line.indexOf(',', start)
      const end = comma === -1 ? line.length : comma
      const member = line.slice(start, end).trim()
      if (member === '*') return '*'
      if (member !== '' && !isCorsMember(member)) kept = kept === '' ? member : kept.concat(', ', member)
      start = end + 1
    }
  }
  if (adds === 'none') return kept === '' ? undefined : kept
  return kept === '' ? corsVary : kept.concat(', ', corsVary)
}

function isCorsMember(member: string): boolean {
  switch (member.length) {
    case 6:
      return member.toLowerCase() === 'origin'
    case 29:
      return member.toLowerCase() === 'access-control-request-method'
    case 30:
      return member.toLowerCase() === 'access-control-request-headers'
    default:
      return false
  }
}
