// Which fields of a request its signature covers, where every S3 server would verify that signature.

import { parametersOf } from '../address/query-parameters.ts'
import { parseAuthorization, parseScopedNames, type SigV4Authorization } from './authorization.ts'
import { sigV2QueryParameters, sigV4QueryParameters } from './signing-parameters.ts'

/** What tells how a request is signed. Fields that came twice are none of these: the caller has refused them. */
export interface SignedRequest {
  readonly method: string
  readonly target: string
  readonly authorization: string | undefined
  readonly contentType: string | undefined
  /** X-Amz-Date. */
  readonly date: string | undefined
  /** X-Amz-Content-Sha256. */
  readonly contentSha256: string | undefined
}

const none: readonly string[] = []

/**
 * The names, in lower case, of the fields that a request signs; none unless every server would verify the signature before it
 * believes them. Where some mark of a signature is missing, doubled, empty, misspelt or beside another, one server takes the
 * request for anonymous that another refuses: MinIO reads an old AWSAccessKeyId first, RGW lets an unknown X-Amz-Algorithm pass
 * as no signature, both verify a form upload by its policy alone, and MinIO takes an unsigned stream for anonymous
 * unless it has an Authorization. None verifies a preflight.
 */
export function signedFieldNames(request: SignedRequest): readonly string[] {
  const { method, target, authorization, contentType, contentSha256 } = request
  if (method === 'OPTIONS') return none
  if (method === 'POST' && contentType?.toLowerCase().includes('multipart') === true) return none
  const marks = queryMarks(target)
  if (marks === undefined) return none
  const streams = contentSha256?.startsWith('STREAMING-') === true
  if (contentSha256 !== undefined && !streams && !isPayloadHash(contentSha256)) return none
  if (authorization !== undefined) {
    if (marks.size > 0 || contentSha256 === undefined) return none
    return namesOf(parseAuthorization(authorization), request.date)
  }
  return streams ? none : presignedNames(marks)
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html */
function presignedNames(marks: ReadonlyMap<string, string>): readonly string[] {
  const credential = marks.get('X-Amz-Credential')
  const names = marks.get('X-Amz-SignedHeaders')
  if (marks.get('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256' || credential === undefined || names === undefined)
    return none
  if (!/^[0-9a-f]{64}$/.test(marks.get('X-Amz-Signature') ?? '')) return none
  const expires = marks.get('X-Amz-Expires') ?? ''
  if (!/^[1-9][0-9]{0,5}$/.test(expires) || Number(expires) > 604_800) return none
  const hash = marks.get('X-Amz-Content-Sha256')
  if (hash !== undefined && !isPayloadHash(hash)) return none
  return namesOf(parseScopedNames(credential, names), marks.get('X-Amz-Date'))
}

function namesOf(parsed: SigV4Authorization | undefined, date: string | undefined): readonly string[] {
  if (parsed === undefined || date === undefined) return none
  return /^\d{8}T\d{6}Z$/.test(date) && date.startsWith(parsed.date) ? parsed.signedNames : none
}

function isPayloadHash(hash: string): boolean {
  return hash === 'UNSIGNED-PAYLOAD' || /^[0-9a-f]{64}$/.test(hash)
}

/** Parameters of SigV4 by their names in lower case; others, as lower case too, belong to no signature that is believed. */
const sigV4Marks: ReadonlyMap<string, string> = new Map(sigV4QueryParameters.map(name => [name.toLowerCase(), name]))
const otherMarks: ReadonlySet<string> = new Set([
  ...sigV2QueryParameters.map(name => name.toLowerCase()),
  'x-amz-region-set',
])

/**
 * The parameters of a signature in the query, decoded; undefined where two servers could read another set: a name in other
 * letters, encoded or twice, an empty value, `;` between parameters, a second `?`, `+`, which some decode, or SigV2. So where there
 * are too many.
 */
function queryMarks(target: string): ReadonlyMap<string, string> | undefined {
  const marks = new Map<string, string>()
  const start = target.indexOf('?')
  if (start === -1) return marks
  const query = target.slice(start + 1)
  if (/[;?#]/.test(query)) return undefined
  const parameters = parametersOf(query, '&')
  if (parameters === undefined) return undefined
  for (const parameter of parameters) {
    const equals = parameter.indexOf('=')
    const name = equals === -1 ? parameter : parameter.slice(0, equals)
    if (/[%+]/.test(name)) return undefined
    const lowerCase = name.toLowerCase()
    if (otherMarks.has(lowerCase)) return undefined
    const mark = sigV4Marks.get(lowerCase)
    if (mark === undefined) continue
    const value = equals === -1 ? undefined : decoded(parameter.slice(equals + 1))
    if (mark !== name || marks.has(name) || value === undefined || value === '') return undefined
    marks.set(name, value)
  }
  return marks
}

function decoded(value: string): string | undefined {
  if (value.includes('+')) return undefined
  try {
    return decodeURIComponent(value)
  } catch {
    return undefined
  }
}
