/** The methods an S3 CORSRule may list, byte for byte. OPTIONS can never be listed. */
export const corsMethods = ['GET', 'PUT', 'POST', 'DELETE', 'HEAD'] as const

/** One of {@link corsMethods}. */
export type CorsMethod = (typeof corsMethods)[number]

/** Says whether `method` is one that a rule can list. */
export function isCorsMethod(method: string): method is CorsMethod {
  return corsMethods.some(listed => listed === method)
}

/** One CORSRule that S3 accepts. The order of every list, and the case of every value, is kept as it was written. */
export interface CorsRule {
  readonly id?: string | undefined
  readonly allowedOrigins: readonly string[]
  readonly allowedMethods: readonly CorsMethod[]
  /** Empty when the rule names none: then no requested header is allowed. */
  readonly allowedHeaders: readonly string[]
  readonly exposeHeaders: readonly string[]
  readonly maxAgeSeconds?: number | undefined
}

/** Where one bucket is configured, and where its rules stand: there, or in a file of rules. */
export interface RulesPlace {
  readonly file: string
  readonly line?: number | undefined
  readonly rulesFile?: string | undefined
  /** Of each rule, in the file of the rules. */
  readonly ruleLines?: readonly (number | undefined)[] | undefined
}

/** What is wrong with a rule, in one word of a closed set. Faults first, then warnings. */
export type RuleIssueReason =
  | 'not-a-list'
  | 'not-a-rule'
  | 'no-rules'
  | 'too-many-rules'
  | 'unknown-key'
  | 'missing-key'
  | 'empty-list'
  | 'wrong-type'
  | 'id-too-long'
  | 'unsupported-method'
  | 'too-many-wildcards'
  | 'wildcard-not-supported'
  | 'invalid-character'
  | 'unsendable-character'
  | 'not-an-integer'
  | 'wildcard-beside-exact'
  | 'insecure-origin'
  | 'empty-origin'
  | 'several-origins'
  | 'wrapped-origin'
  | 'placeholder'
  | 'foreign-pattern'
  | 'no-scheme'
  | 'wrong-scheme'
  | 'impossible-port'
  | 'impossible-host'
  | 'trailing-slash'
  | 'upper-case'
  | 'default-port'
  | 'path-or-userinfo'
  | 'null-origin'
  | 'public-wildcard'
  | 'non-ascii'
  | 'negative-max-age'
  | 'long-max-age'
  | 'etag-not-exposed'
  | 'sdk-headers-not-allowed'
  | 'content-type-not-allowed'
  | 'post-not-allowed'
  | 'delete-not-allowed'
  | 'checksum-not-exposed'
  | 'ranges-not-exposed'
  | 'hidden-rule'
  | 'duplicate-id'

/**
 * One thing that is wrong with a rule set. A `fault` is what S3 refuses or what could not be sent; a `warning` is what S3
 * accepts and a person regrets. Its strings may hold whatever the rule held: escape them where they are shown.
 */
export interface RuleIssue {
  readonly severity: 'fault' | 'warning'
  readonly reason: RuleIssueReason
  /** Inside the rule list, e.g. `[0, 'AllowedOrigins', 1]`; what is wrong with a key points at the key. */
  readonly path: readonly (string | number)[]
  readonly value: unknown
  /** On faults: the error code that PutBucketCors answers. */
  readonly s3Code?: 'MalformedXML' | 'InvalidRequest' | undefined
  /** On faults: the sentence that PutBucketCors answers, word for word where S3's is known. */
  readonly s3Message?: string | undefined
  /** For a person: S3's own sentence where that says what is wrong. */
  readonly message: string
  /** What is allowed, or better, instead: one clause. */
  readonly allowed: string
}
