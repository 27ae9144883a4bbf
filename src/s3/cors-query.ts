/** What a request-target's query has to do with `?cors`. */
export type CorsQuery =
  /** `?cors` or `?cors=` and nothing else. */
  | 'exact'
  /** With the parameters of a presigned URL. */
  | 'presigned'
  /** Together with something else: an endpoint may take it for another operation. */
  | 'mixed'
  | 'none'

/** Reads names as loosely as any endpoint might, and calls only the plain form exact. */
export function corsQuery(target: string): CorsQuery {
  const start = target.indexOf('?')
  if (start < 0) return 'none'
  const query = target.slice(start + 1)
  if (query === 'cors' || query === 'cors=') return 'exact'
  const names = query.split(/[&;]/).map(nameOf)
  if (!names.includes('cors')) return 'none'
  const rest = names.filter(name => name !== 'cors')
  return rest.length > 0 && rest.length === names.length - 1 && rest.every(name => name.startsWith('x-amz-'))
    ? 'presigned'
    : 'mixed'
}

function nameOf(parameter: string): string {
  const name = parameter.split('=', 1)[0] ?? ''
  try {
    return decodeURIComponent(name.replaceAll('+', ' ')).trim().toLowerCase()
  } catch {
    return name.toLowerCase()
  }
}
