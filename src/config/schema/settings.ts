import { isMapping } from '../raw-value.ts'
import { configurationJsonSchema, type JsonSchema } from './json-schema.ts'

/** One scalar or list outside `buckets`: a key of the file, an environment variable and a flag. */
export interface Setting {
  readonly path: readonly string[]
  readonly kind: 'text' | 'number' | 'boolean' | 'list'
  /** `upstream.caFile` → `S3CORS_UPSTREAM_CA_FILE`. */
  readonly variable: string
  /** `upstream.caFile` → `upstream-ca-file`, without the dashes before it. */
  readonly flag: string
  readonly description: string
  readonly default: unknown
  /** The value is a path: relative to the file when it stands there, else to the working directory. */
  readonly isPath: boolean
}

let known: readonly Setting[] | undefined

/** Every setting, in the order of the schema, which they are derived from. */
export function settings(): readonly Setting[] {
  known ??= collect(configurationJsonSchema(), [])
  return known
}

function collect(schema: JsonSchema, path: readonly string[]): readonly Setting[] {
  const { properties } = schema
  if (!isMapping(properties)) return []
  return Object.entries(properties).flatMap(([key, property]) => {
    if (!isMapping(property)) return []
    const here = [...path, key]
    const kind = kindOf(property.type)
    if (kind === undefined) return collect(property, here)
    const words = here.flatMap(step => step.replace(/[A-Z]/g, letter => ` ${letter}`).split(' '))
    const description = typeof property.description === 'string' ? property.description : ''
    return [
      {
        path: here,
        kind,
        variable: `S3CORS_${words.join('_').toUpperCase()}`,
        flag: words.join('-').toLowerCase(),
        description,
        default: property.default,
        isPath: /(?:File|directory)$/.test(key),
      },
    ]
  })
}

function kindOf(type: unknown): Setting['kind'] | undefined {
  switch (type) {
    case 'string':
      return 'text'
    case 'integer':
    case 'number':
      return 'number'
    case 'boolean':
      return 'boolean'
    case 'array':
      return 'list'
    default:
      return undefined
  }
}
