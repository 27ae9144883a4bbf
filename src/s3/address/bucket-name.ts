import { isIpv4Shaped } from '../../http/ip-literal.ts'

/**
 * Says whether `name` is a bucket name by S3's rules for general purpose buckets.
 *
 * `amzn-s3-demo-` is left to the endpoint: S3 reserves the prefix for its own documentation, but other endpoints have such
 * buckets from following that documentation.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html#general-purpose-bucket-names
 */
export function isBucketName(name: string): boolean {
  const length = name.length
  if (length < 3 || length > 63) return false
  if (!isLetterOrDigit(name.charCodeAt(0)) || !isLetterOrDigit(name.charCodeAt(length - 1))) return false
  for (let i = 1; i < length - 1; i++) {
    const code = name.charCodeAt(i)
    if (isLetterOrDigit(code) || code === 0x2d) continue
    if (code !== 0x2e || name.charCodeAt(i + 1) === 0x2e) return false
  }
  return !hasReservedPrefix(name) && !hasReservedSuffix(name) && !isIpv4Shaped(name)
}

function hasReservedPrefix(name: string): boolean {
  switch (name.charCodeAt(0)) {
    case 0x78:
      return name.startsWith('xn--')
    case 0x73:
      return name.startsWith('sthree-')
    default:
      return false
  }
}

/** By the last letter first, for each request asks this (`bench:micro bucket`). */
function hasReservedSuffix(name: string): boolean {
  switch (name.charCodeAt(name.length - 1)) {
    case 0x33:
      return name.endsWith('--ol-s3') || name.endsWith('--x-s3') || name.endsWith('--table-s3')
    case 0x73:
      return name.endsWith('-s3alias')
    case 0x70:
      return name.endsWith('.mrap')
    default:
      return false
  }
}

/** Lower case only: S3's names have no other letters. */
function isLetterOrDigit(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39)
}
