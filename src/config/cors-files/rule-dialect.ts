import { isRuleKey, type RuleKey } from '../../cors/rules/rule-key.ts'
import type { Path } from '../issue.ts'
import { isMapping } from '../raw-value.ts'

/** How another tool or storage writes a rule: its keys, and what S3 calls them. */
export interface RuleDialect {
  /** Whose rules these are, as a message names them. */
  readonly owner: string
  /** A key with none of S3's says nothing of CORS that S3 has a word for. */
  readonly keys: Readonly<Record<string, readonly RuleKey[]>>
  /** A rule has one of these at least, or it is of another dialect. */
  readonly marks: readonly string[]
  /** Whether the values are S3's own, so that only the keys differ. */
  readonly hasS3Values: boolean
  /** Lists are texts with commas. */
  readonly joinsLists?: boolean | undefined
}

const camelLists = {
  allowedOrigins: ['AllowedOrigins'],
  allowedMethods: ['AllowedMethods'],
  allowedHeaders: ['AllowedHeaders'],
} as const
const pascalLists = {
  AllowedOrigins: ['AllowedOrigins'],
  AllowedMethods: ['AllowedMethods'],
  AllowedHeaders: ['AllowedHeaders'],
} as const
const snakeLists = {
  allowed_origins: ['AllowedOrigins'],
  allowed_methods: ['AllowedMethods'],
  allowed_headers: ['AllowedHeaders'],
} as const

/** A narrower one comes before what has all its keys and more. */
const dialects: readonly RuleDialect[] = [
  {
    // https://developers.cloudflare.com/api/resources/r2/subresources/buckets/subresources/cors/; with "_", Terraform's
    // cloudflare_r2_bucket_cors.
    owner: 'Cloudflare R2',
    keys: {
      id: ['ID'],
      'allowed.origins': ['AllowedOrigins'],
      'allowed.methods': ['AllowedMethods'],
      'allowed.headers': ['AllowedHeaders'],
      exposeHeaders: ['ExposeHeaders'],
      expose_headers: ['ExposeHeaders'],
      maxAgeSeconds: ['MaxAgeSeconds'],
      max_age_seconds: ['MaxAgeSeconds'],
    },
    marks: ['allowed.origins', 'allowed.methods'],
    hasS3Values: false,
  },
  {
    // https://www.backblaze.com/docs/cloud-storage-cross-origin-resource-sharing-rules
    owner: 'Backblaze B2',
    keys: {
      corsRuleName: ['ID'],
      allowedOrigins: ['AllowedOrigins'],
      allowedOperations: ['AllowedMethods'],
      allowedHeaders: ['AllowedHeaders'],
      exposeHeaders: ['ExposeHeaders'],
      maxAgeSeconds: ['MaxAgeSeconds'],
    },
    marks: ['corsRuleName', 'allowedOperations'],
    hasS3Values: false,
  },
  {
    // https://cloud.google.com/storage/docs/cors-configurations; with "_", Terraform's google_storage_bucket.
    owner: 'Google Cloud Storage',
    keys: {
      origin: ['AllowedOrigins'],
      method: ['AllowedMethods'],
      responseHeader: ['AllowedHeaders', 'ExposeHeaders'],
      response_header: ['AllowedHeaders', 'ExposeHeaders'],
      maxAgeSeconds: ['MaxAgeSeconds'],
      max_age_seconds: ['MaxAgeSeconds'],
    },
    marks: ['origin', 'method'],
    hasS3Values: false,
  },
  {
    // https://learn.microsoft.com/rest/api/storageservices/cross-origin-resource-sharing--cors--support-for-the-azure-storage-services
    owner: 'Azure',
    keys: { ...pascalLists, ExposedHeaders: ['ExposeHeaders'], MaxAgeInSeconds: ['MaxAgeSeconds'], Service: [] },
    marks: ['MaxAgeInSeconds', 'Service'],
    hasS3Values: false,
    joinsLists: true,
  },
  {
    owner: 'Azure',
    keys: { ...camelLists, exposedHeaders: ['ExposeHeaders'], maxAgeInSeconds: ['MaxAgeSeconds'], service: [] },
    marks: ['maxAgeInSeconds', 'service'],
    hasS3Values: false,
    joinsLists: true,
  },
  {
    // Terraform's azurerm_storage_account.
    owner: 'Azure',
    keys: { ...snakeLists, exposed_headers: ['ExposeHeaders'], max_age_in_seconds: ['MaxAgeSeconds'] },
    marks: ['exposed_headers', 'max_age_in_seconds'],
    hasS3Values: false,
  },
  {
    // Terraform's aws_s3_bucket_cors_configuration, Ansible's s3_cors.
    owner: 'Terraform',
    keys: { id: ['ID'], ...snakeLists, expose_headers: ['ExposeHeaders'], max_age_seconds: ['MaxAgeSeconds'] },
    marks: ['allowed_origins', 'allowed_methods'],
    hasS3Values: true,
  },
  {
    // AWS::S3::Bucket CorsRule; and what .NET prints.
    owner: 'CloudFormation',
    keys: {
      Id: ['ID'],
      ...pascalLists,
      ExposedHeaders: ['ExposeHeaders'],
      ExposeHeaders: ['ExposeHeaders'],
      MaxAge: ['MaxAgeSeconds'],
      MaxAgeSeconds: ['MaxAgeSeconds'],
    },
    marks: ['Id', 'ExposedHeaders', 'MaxAge'],
    hasS3Values: true,
  },
  {
    // What Java prints, and what the CDK, Pulumi and Crossplane take.
    owner: 'an SDK',
    keys: {
      id: ['ID'],
      ...camelLists,
      exposeHeaders: ['ExposeHeaders'],
      exposedHeaders: ['ExposeHeaders'],
      maxAgeSeconds: ['MaxAgeSeconds'],
      maxAge: ['MaxAgeSeconds'],
    },
    marks: ['allowedOrigins', 'allowedMethods'],
    hasS3Values: true,
  },
]

/** One key of a rule, named as its dialect does, and where its value stands in the rule. */
export interface DialectEntry {
  readonly key: string
  readonly path: Path
  readonly value: unknown
}

/** The dialect all of whose keys `rule` keeps to; undefined for S3's own and for what is a mixture. */
export function dialectOf(rule: Readonly<Record<string, unknown>>): RuleDialect | undefined {
  const keys = entriesOf(rule).map(({ key }) => key)
  if (keys.every(isRuleKey)) return undefined
  return dialects.find(dialect => {
    const targets = keys.map(key => (Object.hasOwn(dialect.keys, key) ? dialect.keys[key]?.join() : undefined))
    return (
      targets.every(target => target !== undefined) &&
      new Set(targets).size === keys.length &&
      keys.some(key => dialect.marks.includes(key))
    )
  })
}

/** Says whether `value` is a rule of a dialect. */
export function isOfDialect(value: unknown): boolean {
  return isMapping(value) && dialectOf(value) !== undefined
}

/** Says whether `value` has a key by which a dialect is known, whatever else it has. */
export function isMarked(value: unknown): boolean {
  if (!isMapping(value)) return false
  return entriesOf(value).some(({ key }) => !isRuleKey(key) && dialects.some(({ marks }) => marks.includes(key)))
}

/** The keys of a rule; what stands under `allowed`, as R2 has it, by its dotted name. */
export function entriesOf(rule: Readonly<Record<string, unknown>>): readonly DialectEntry[] {
  return Object.entries(rule).flatMap(([key, value]) => {
    if (key !== 'allowed' || !isMapping(value)) return [{ key, path: [key], value }]
    return Object.entries(value).map(([inner, item]) => ({ key: `${key}.${inner}`, path: [key, inner], value: item }))
  })
}
