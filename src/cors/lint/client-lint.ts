import { compilePatterns, covers, type PatternList } from '../patterns/pattern-list.ts'
import type { CorsRule, RuleIssueReason } from '../rules/rule.ts'

// What the usual clients in a page need of a rule; config/README.md has them as a table.

/** A warning about a rule as a whole, at one of its keys or at none. */
export interface ClientWarning {
  readonly key: 'AllowedMethods' | 'AllowedHeaders' | 'ExposeHeaders' | undefined
  readonly reason: RuleIssueReason
  readonly message: string
  readonly allowed: string
}

/** What AWS SDK v3 sends from a page with every request that it signs, beside the checksums of uploads. */
const sdkFields = [
  'authorization',
  'amz-sdk-invocation-id',
  'amz-sdk-request',
  'x-amz-content-sha256',
  'x-amz-date',
  'x-amz-user-agent',
]

/** Every warning about what clients need of `rule`, in the order of their keys. `posting`: the origins that some rule of the bucket lets POST. */
export function lintForClients(rule: CorsRule, posting: ReadonlySet<string>): readonly ClientWarning[] {
  const headers = compilePatterns(rule.allowedHeaders.map(name => name.toLowerCase()))
  const exposed = new Set(rule.exposeHeaders.map(name => name.toLowerCase()))
  return [
    sdkHeaders(rule, headers),
    contentType(rule, headers),
    multipartPost(rule, headers, exposed, posting),
    hiddenETag(rule, exposed),
    refusedAbort(rule, exposed),
    hiddenChecksum(rule, headers, exposed),
    hiddenRanges(rule, exposed),
  ].filter(warning => warning !== undefined)
}

/** Of a rule that allows what is signed, what refuses every page with the SDK all the same. */
function sdkHeaders({ allowedHeaders }: CorsRule, headers: PatternList): ClientWarning | undefined {
  const signs =
    covers(headers, 'authorization') ||
    (covers(headers, 'x-amz-date') && allowedHeaders.some(name => /^x-amz-/i.test(name)))
  const missing = sdkFields.filter(name => !covers(headers, name))
  if (!signs || missing.length === 0) return undefined
  const named = covers(headers, 'authorization') ? 'Authorization' : allowedHeaders.find(name => /^x-amz-/i.test(name))
  return {
    key: 'AllowedHeaders',
    reason: 'sdk-headers-not-allowed',
    message: `${named} is allowed, but not ${missing.join(', ')}, which AWS SDK v3 sends with it from a page: every request is refused`,
    allowed: 'Authorization, amz-sdk-*, x-amz-* together',
  }
}

/** A Blob, File or text that is sent has a Content-Type, and nearly none of them is safelisted. */
function contentType({ allowedMethods }: CorsRule, headers: PatternList): ClientWarning | undefined {
  if (!allowedMethods.includes('PUT') || covers(headers, 'content-type')) return undefined
  return {
    key: 'AllowedHeaders',
    reason: 'content-type-not-allowed',
    message: 'PUT is allowed, but not Content-Type, which a page sends with every file: such uploads are refused',
    allowed: 'Content-Type in AllowedHeaders',
  }
}

/** A rule that is for the SDK by its fields and exposes what uploads in parts need. */
function multipartPost(
  { allowedOrigins, allowedMethods, allowedHeaders }: CorsRule,
  headers: PatternList,
  exposed: ReadonlySet<string>,
  posting: ReadonlySet<string>,
): ClientWarning | undefined {
  if (!allowedMethods.includes('PUT') || allowedMethods.includes('POST') || !exposed.has('etag')) return undefined
  if (allowedHeaders.includes('*') || !covers(headers, 'authorization')) return undefined
  if (allowedOrigins.every(origin => posting.has(origin))) return undefined
  return {
    key: 'AllowedMethods',
    reason: 'post-not-allowed',
    message: 'PUT is allowed to the SDK, but not POST, with which an upload in parts begins and ends',
    allowed: 'POST beside PUT',
  }
}

function hiddenETag(
  { allowedMethods, exposeHeaders }: CorsRule,
  exposed: ReadonlySet<string>,
): ClientWarning | undefined {
  if (!allowedMethods.includes('PUT') || exposed.has('etag')) return undefined
  return {
    key: exposeHeaders.length > 0 ? 'ExposeHeaders' : undefined,
    reason: 'etag-not-exposed',
    message: 'PUT is allowed, but pages cannot read ETag, which the SDKs need to complete a multipart upload',
    allowed: 'ETag in ExposeHeaders',
  }
}

/** Without ETag an upload in parts fails, and ends itself by DELETE. */
function refusedAbort({ allowedMethods }: CorsRule, exposed: ReadonlySet<string>): ClientWarning | undefined {
  const uploadsParts = allowedMethods.includes('PUT') && allowedMethods.includes('POST')
  if (!uploadsParts || exposed.has('etag') || allowedMethods.includes('DELETE')) return undefined
  return {
    key: 'AllowedMethods',
    reason: 'delete-not-allowed',
    message:
      'a multipart upload that fails for the hidden ETag ends with DELETE, whose refusal hides the reason from the page',
    allowed: 'ETag in ExposeHeaders, or DELETE beside PUT and POST',
  }
}

/** The SDK sends each part's checksum again when it completes an upload, which S3 and MinIO require where a part had one. */
function hiddenChecksum(
  { allowedMethods, allowedHeaders }: CorsRule,
  headers: PatternList,
  exposed: ReadonlySet<string>,
): ClientWarning | undefined {
  if (!allowedMethods.includes('PUT') || !allowedMethods.includes('POST') || !exposed.has('etag')) return undefined
  if (allowedHeaders.includes('*') || !covers(headers, 'authorization') || !covers(headers, checksum)) return undefined
  if (exposed.has(checksum)) return undefined
  return {
    key: 'ExposeHeaders',
    reason: 'checksum-not-exposed',
    message: `uploads in parts are allowed to the SDK, but pages cannot read ${checksum}, which AWS SDK v3 repeats at the end: such uploads fail with InvalidPart`,
    allowed: `${checksum} in ExposeHeaders`,
  }
}

const checksum = 'x-amz-checksum-crc32'

/** A rule that allows Range by name is meant for readers of large files. */
function hiddenRanges(rule: CorsRule, exposed: ReadonlySet<string>): ClientWarning | undefined {
  if (!rule.allowedMethods.includes('GET') || !rule.allowedHeaders.some(name => name.toLowerCase() === 'range'))
    return undefined
  const hidden = ['Content-Range', 'Accept-Ranges'].filter(name => !exposed.has(name.toLowerCase()))
  if (hidden.length === 0) return undefined
  return {
    key: rule.exposeHeaders.length > 0 ? 'ExposeHeaders' : undefined,
    reason: 'ranges-not-exposed',
    message: `Range is allowed, but pages cannot read ${hidden.join(' and ')}: some readers take the whole file then, or do not know its size`,
    allowed: `${hidden.join(', ')} in ExposeHeaders`,
  }
}
