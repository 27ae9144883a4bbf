// The configuration that every peer has: 100 buckets with 10 rules each, and requests that the last rule of one matches.

/** How many buckets, and how many rules in each. */
export interface RuleSetSize {
  readonly buckets: number
  readonly rules: number
}

export const realisticSize: RuleSetSize = { buckets: 100, rules: 10 }

/** The bucket that requests are for; it exists in every size. */
export const requestedBucket = 'media-0'

export const allowedMethods = ['GET', 'HEAD', 'PUT'] as const
export const allowedHeaders = ['authorization', 'content-type', 'x-amz-*'] as const
export const exposedHeaders = ['ETag', 'x-amz-request-id'] as const
export const maxAgeSeconds = 3000

export function bucketName(index: number): string {
  return `media-${index}`
}

/** Exact ones only: nginx and HAProxy find those by hash, too. */
export function originsOf(bucket: string, rule: number): readonly string[] {
  return [`https://app-${rule}.${bucket}.example`, `https://www.app-${rule}.${bucket}.example`]
}

/** An origin of the bucket's last rule. */
export function allowedOrigin({ rules }: RuleSetSize): string {
  return `https://app-${rules - 1}.${requestedBucket}.example`
}

export const deniedOrigin = 'https://stranger.example'

/** `[bucket, origin]` of every origin that some rule allows. */
export function allowedPairs({ buckets, rules }: RuleSetSize): readonly (readonly [string, string])[] {
  const pairs: [string, string][] = []
  for (let index = 0; index < buckets; index++) {
    const bucket = bucketName(index)
    for (let rule = 0; rule < rules; rule++) {
      for (const origin of originsOf(bucket, rule)) pairs.push([bucket, origin])
    }
  }
  return pairs
}

/** A rule in S3's own words, as YAML, JSON and XML spell it. */
export function s3Rule(bucket: string, rule: number) {
  return {
    ID: `rule-${rule}`,
    AllowedOrigins: originsOf(bucket, rule),
    AllowedMethods: allowedMethods,
    AllowedHeaders: allowedHeaders,
    ExposeHeaders: exposedHeaders,
    MaxAgeSeconds: maxAgeSeconds,
  }
}

/** The `buckets` of a configuration file, one rule a line. */
export function bucketsYaml({ buckets, rules }: RuleSetSize, entryLines: readonly string[] = []): string {
  const lines = ['buckets:']
  for (let index = 0; index < buckets; index++) {
    const bucket = bucketName(index)
    lines.push(`  ${bucket}:`, ...entryLines.map(line => `    ${line}`), '    CORSRules:')
    for (let rule = 0; rule < rules; rule++) lines.push(`      - ${JSON.stringify(s3Rule(bucket, rule))}`)
  }
  return `${lines.join('\n')}\n`
}
