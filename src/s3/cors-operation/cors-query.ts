import { isBucketItself } from '../address/lenient-path.ts'
import { decodeBytes, parametersOf } from '../address/query-parameters.ts'

/** What a request-target's query has to do with `?cors`. */
export type CorsQuery =
  /** `?cors` or `?cors=`, and nothing else but the name that an SDK gives the operation. */
  | 'exact'
  /** With the parameters of a presigned URL. */
  | 'presigned'
  /** Together with something else, or in another spelling: an endpoint may take it for this operation or for another. */
  | 'mixed'
  | 'none'

/** Reads names as loosely as any endpoint might, and calls only the plain form exact. */
export function corsQuery(target: string): CorsQuery {
  const start = target.indexOf('?')
  if (start < 0) return 'none'
  const query = target.slice(start + 1)
  if (query === 'cors' || query === 'cors=') return 'exact'
  const parameters = parametersOf(query, /[?&;]/)
  // One of them may be it.
  if (parameters === undefined) return 'mixed'
  const names = parameters.flatMap(namesOf)
  if (!names.includes('cors')) return 'none'
  const rest = names.filter(name => name !== 'cors')
  if (rest.length !== names.length - 1) return 'mixed'
  if (rest.length === 1 && parameters.every(isPlainParameter)) return 'exact'
  return rest.length > 0 && rest.every(name => name.startsWith('x-amz-')) ? 'presigned' : 'mixed'
}

/**
 * Whether a request is one about a bucket's rules, in any spelling that an endpoint might take for it. `object`: a key follows
 * the bucket. One that leads back to the bucket is none to an endpoint that cleans paths.
 */
export function isCorsOperation(target: string, object: boolean, style?: 'path' | 'virtual'): boolean {
  const query = target.indexOf('?')
  if (query < 0 || (object && (style === undefined || !isEmptyKey(target.slice(0, query), style)))) return false
  return corsQuery(target) !== 'none'
}

/** SDKs that name the operation do so with `x-id`, which endpoints ignore. */
function isPlainParameter(parameter: string): boolean {
  switch (parameter) {
    case 'cors':
    case 'cors=':
    case 'x-id=PutBucketCors':
    case 'x-id=GetBucketCors':
    case 'x-id=DeleteBucketCors':
      return true
    default:
      return false
  }
}

function isEmptyKey(path: string, style: 'path' | 'virtual'): boolean {
  const start = style === 'virtual' ? 0 : path.indexOf('/', 1)
  return start >= 0 && isBucketItself(path.slice(start + 1))
}

/** One name; more where separators are encoded, which a reader that decodes first finds. */
function namesOf(parameter: string): readonly string[] {
  const equals = parameter.indexOf('=')
  const name = equals === -1 ? parameter : parameter.slice(0, equals)
  if (!name.includes('%')) return [plain(name.replaceAll('+', ' '))]
  return decodeBytes(decodeBytes(name, 'utf8'), 'utf8')
    .split(/[?&;=]/)
    .map(each => plain(each.replaceAll('+', ' ')))
}

/** Without what a lenient reader skips. */
function plain(name: string): string {
  return name.replaceAll('\0', '').trim().toLowerCase()
}
