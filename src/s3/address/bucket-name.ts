import { isIpv4Shaped } from '../../http/ip-literal.ts'

const reservedPrefixes = ['xn--', 'sthree-']
const reservedSuffixes = ['-s3alias', '--ol-s3', '.mrap', '--x-s3', '--table-s3']

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
  for (const prefix of reservedPrefixes) if (name.startsWith(prefix)) return false
  for (const suffix of reservedSuffixes) if (name.endsWith(suffix)) return false
  return !isIpv4Shaped(name)
}

/** Lower case only: S3's names have no other letters. */
function isLetterOrDigit(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39)
}
