import type { TypedQuery } from './admin-sources.ts'

/** The question in a query string, or what is wrong with it. */
export type ParsedQuery = { readonly query: TypedQuery } | { readonly fault: string }

const singles = ['bucket', 'url-of-object', 'origin', 'method', 'actual'] as const

/**
 * Reads `bucket` or `url-of-object`, `origin`, `method` (GET unless given), any number of `header`, and `actual`, with which the question is
 * about an actual request and not about its preflight.
 */
export function parseExplainQuery(parameters: URLSearchParams): ParsedQuery {
  for (const name of parameters.keys()) {
    if (name !== 'header' && !singles.some(single => single === name)) {
      return { fault: 'allowed parameters are bucket, url-of-object, origin, method, header and actual' }
    }
  }
  for (const name of singles) {
    if (parameters.getAll(name).length > 1) return { fault: `${name} may be given once` }
  }
  const bucket = parameters.get('bucket') ?? ''
  const urlOfObject = parameters.get('url-of-object') ?? ''
  if (bucket === '' && urlOfObject === '') return { fault: 'bucket is missing; url-of-object may stand for it' }
  if (bucket !== '' && urlOfObject !== '') return { fault: 'bucket and url-of-object cannot be combined' }
  const actual = parameters.get('actual')
  if (actual !== null && !['', 'true', 'false'].includes(actual)) return { fault: 'actual is true or false' }
  const method = parameters.get('method') || 'GET'
  const headers = parameters.getAll('header').filter(header => header !== '')
  const isActual = actual !== null && actual !== 'false'
  return {
    query: {
      bucket,
      ...(urlOfObject === '' ? {} : { urlOfObject }),
      origin: parameters.get('origin') || undefined,
      method: isActual ? method : 'OPTIONS',
      requestMethod: isActual ? undefined : method,
      requestHeaders: headers.length === 0 ? undefined : headers,
    },
  }
}
