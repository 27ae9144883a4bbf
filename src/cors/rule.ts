/** The methods an S3 CORSRule may list, byte for byte. OPTIONS can never be listed. */
export const corsMethods = ['GET', 'PUT', 'POST', 'DELETE', 'HEAD'] as const

/** One of {@link corsMethods}. */
export type CorsMethod = (typeof corsMethods)[number]

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
