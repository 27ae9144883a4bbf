/** What a page reads of any answer, https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name. */
const safelisted = [
  'Cache-Control',
  'Content-Language',
  'Content-Length',
  'Content-Type',
  'Expires',
  'Last-Modified',
  'Pragma',
]

/** What endpoints answer beside it, and pages look for. */
const usual = [
  'ETag',
  'Accept-Ranges',
  'Content-Range',
  'Content-Encoding',
  'Content-Disposition',
  'Date',
  'x-amz-request-id',
  'x-amz-version-id',
  'x-amz-checksum-*',
  'x-amz-meta-*',
]

/** Which response fields a page may read. */
export interface ReadableFields {
  readonly read: readonly string[]
  /** Of those that S3's answers have: what the rule does not expose. */
  readonly hidden: readonly string[]
}

/** What a page may read of an answer whose rule has these ExposeHeaders. */
export function readableFields(exposeHeaders: readonly string[]): ReadableFields {
  const exposed = new Set(exposeHeaders.map(name => name.toLowerCase()))
  return {
    read: [...safelisted, ...exposeHeaders],
    hidden: usual.filter(name => !exposed.has(name.toLowerCase())),
  }
}
