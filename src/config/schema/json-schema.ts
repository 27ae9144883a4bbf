import { z } from 'zod'
import { configurationSchema, corsRulesPlace, corsRulesSchema } from './schema.ts'

/** A JSON Schema, as plain data. */
export type JsonSchema = { readonly [key: string]: unknown }

/** The JSON Schema (2020-12) of the configuration, for editors and for `config/schema.json`. */
export function configurationJsonSchema(): JsonSchema {
  const { $schema, ...schema } = z.toJSONSchema(configurationSchema, {
    io: 'input',
    override({ zodSchema, jsonSchema }) {
      if (zodSchema === (corsRulesPlace as z.core.$ZodType)) Object.assign(jsonSchema, rulesSchema())
      // A section is filled from its own defaults; `{}` says nothing to a reader.
      if (isEmpty(jsonSchema.default) && jsonSchema.type === 'object') delete jsonSchema.default
    },
  })
  return { $schema, title: 'Configuration of s3-cors-proxy', ...schema }
}

function rulesSchema(): object {
  const { $schema: _, ...schema } = z.toJSONSchema(corsRulesSchema, {
    io: 'input',
    override({ jsonSchema }) {
      // Bounds of what a double can hold are no rule of S3.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
    },
  })
  return schema
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}
