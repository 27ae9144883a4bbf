// What a browser would let a page do, from the answers it gets: the checks of the Fetch standard, and nothing else. Two gateways
// with the same verdicts are the same to every page.

import { sendHttp } from '../clients/http-request.ts'

/** A request of a page. */
export interface PageRequest {
  readonly origin: string
  readonly method: string
  /** Names of header fields beyond the safelisted ones, in lower case. */
  readonly headers: readonly string[]
  readonly credentials: boolean
}

type Fields = Readonly<Record<string, string | readonly string[] | undefined>>

const field = (fields: Fields, name: string) => {
  const value = fields[name]
  return value === undefined ? '' : String(value)
}

const listOf = (fields: Fields, name: string) =>
  field(fields, name)
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')

/** https://fetch.spec.whatwg.org/#cors-check */
function passesCorsCheck({ origin, credentials }: PageRequest, fields: Fields): boolean {
  const allowed = field(fields, 'access-control-allow-origin')
  if (!credentials && allowed === '*') return true
  if (allowed !== origin) return false
  return !credentials || field(fields, 'access-control-allow-credentials') === 'true'
}

/** https://fetch.spec.whatwg.org/#cors-preflight-fetch, steps 7 and 8. */
function passesPreflight(request: PageRequest, status: number, fields: Fields): boolean {
  if (!passesCorsCheck(request, fields) || status < 200 || status > 299) return false
  const methods = listOf(fields, 'access-control-allow-methods')
  const names = listOf(fields, 'access-control-allow-headers').map(name => name.toLowerCase())
  const isAny = (list: readonly string[]) => !request.credentials && list.includes('*')
  const isSafe = ['GET', 'HEAD', 'POST'].includes(request.method)
  if (!isSafe && !methods.includes(request.method) && !isAny(methods)) return false
  return request.headers.every(name => names.includes(name) || (name !== 'authorization' && isAny(names)))
}

/** `blocked by the preflight`, `blocked by the answer`, or `allowed`, with whether the page may read the ETag. */
export async function verdictOf(url: string, request: PageRequest): Promise<string> {
  const { origin, method, headers } = request
  const asks = headers.length > 0 || !['GET', 'HEAD', 'POST'].includes(method)
  if (asks) {
    const { status, headers: fields } = await sendHttp({
      url,
      method: 'OPTIONS',
      headers: {
        Origin: origin,
        'Access-Control-Request-Method': method,
        ...(headers.length === 0 ? {} : { 'Access-Control-Request-Headers': headers.join(',') }),
      },
    })
    if (!passesPreflight(request, status, fields)) return 'blocked by the preflight'
  }
  const { headers: fields } = await sendHttp({ url, method, headers: { Origin: origin } })
  if (!passesCorsCheck(request, fields)) return 'blocked by the answer'
  const exposed = listOf(fields, 'access-control-expose-headers').map(name => name.toLowerCase())
  const readsEtag = exposed.includes('etag') || (!request.credentials && exposed.includes('*'))
  return readsEtag ? 'allowed, ETag readable' : 'allowed'
}

/** Every combination. */
export function pageRequests(parts: {
  readonly origins: readonly string[]
  readonly methods: readonly string[]
  readonly headers: readonly (readonly string[])[]
}): readonly PageRequest[] {
  return parts.origins.flatMap(origin =>
    parts.methods.flatMap(method =>
      parts.headers.flatMap(headers => [false, true].map(credentials => ({ origin, method, headers, credentials }))),
    ),
  )
}

export function describeRequest({ origin, method, headers, credentials }: PageRequest): string {
  return `${origin} ${method} ${headers.join(', ') || 'no headers'}${credentials ? ' with credentials' : ''}`
}
