import type { z } from 'zod'
import { nearest } from '../../text/nearest-word.ts'
import { isTemplate, unfilledTemplate } from '../../text/template-mark.ts'
import { type Finding, type Path, valueText } from '../issue.ts'
import { child, isMapping } from '../raw-value.ts'
import { credentialsAllowed, howToGiveSecret } from '../secret-names.ts'
import { configurationJsonSchema } from './json-schema.ts'

/** A fault of shape, and whether its place is a key or a value. */
export type SchemaFault = Finding & { readonly at: 'key' | 'value' }

/** Holds `raw` against the schema: the data with defaults filled in, or every fault in words. */
export function findSchemaFaults<T>(
  schema: z.ZodType<T>,
  raw: unknown,
): { readonly written: T | undefined; readonly faults: readonly SchemaFault[] } {
  const result = schema.safeParse(raw)
  if (result.success) return { written: result.data, faults: [] }
  return { written: undefined, faults: result.error.issues.flatMap(issue => describe(issue, raw)) }
}

function describe(issue: z.core.$ZodIssue, raw: unknown): readonly SchemaFault[] {
  const path = issue.path.map(step => (typeof step === 'number' ? step : String(step)))
  const value = child(raw, path)
  const fault = { severity: 'fault' as const, path, value, allowed: issue.message }
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(path)
    return issue.keys.map(key => {
      const near = nearest(key, known)
      const allowed =
        howToGiveSecret(key) ??
        howToGiveSecrets(child(value, [key]))[0] ??
        (near === undefined ? known.join(', ') : `${known.join(', ')}; did you mean ${JSON.stringify(near)}?`)
      const message = `unknown key ${JSON.stringify(key)}`
      // Without the value: it may be a secret that does not belong here.
      return {
        severity: 'fault',
        reason: 'unknown-key',
        at: 'key',
        path: [...path, key],
        value: undefined,
        message,
        allowed,
      }
    })
  }
  if (value === undefined) return [{ ...fault, reason: 'missing-key', at: 'value', message: 'the value is missing' }]
  const reason = issue.code.replaceAll('_', '-')
  if (issue.message === credentialsAllowed) {
    // Without the value: it may be a key.
    const message = typeof value === 'string' ? 'the value is not valid' : words(issue, value)
    return [{ ...fault, reason, at: 'value', value: undefined, message }]
  }
  const allowed = [issue.message, ...howToGiveSecrets(value)].join('; ')
  return [{ ...fault, reason, at: 'value', message: words(issue, value), allowed }]
}

// Made once, when the first unknown key asks: it takes milliseconds, and a file can have an unknown key in every line.
let wholeSchema: unknown

/** How to give the secrets that a mapping holds where none belongs. */
function howToGiveSecrets(value: unknown): readonly string[] {
  if (!isMapping(value)) return []
  const found = Object.keys(value).map(howToGiveSecret)
  return [...new Set(found.filter(words => words !== undefined))].slice(0, 4)
}

/** The keys that the schema has at `path`; below `buckets` every name has the same. */
function knownKeys(path: Path): readonly string[] {
  wholeSchema ??= configurationJsonSchema()
  let schema = wholeSchema
  for (const step of path) schema = child(schema, ['properties', step]) ?? child(schema, ['additionalProperties'])
  return Object.keys(child(schema, ['properties']) ?? {})
}

function words(issue: z.core.$ZodIssue, value: unknown): string {
  const text = valueText(value)
  if (issue.code === 'too_small' || issue.code === 'too_big') {
    return typeof value === 'number'
      ? `${text} is out of range`
      : Array.isArray(value)
        ? 'the list is too long'
        : `${text} is empty`
  }
  if (typeof value === 'string' && isTemplate(value)) return `${text} is ${unfilledTemplate}`
  if (issue.code !== 'invalid_type') return `${text} is not valid`
  if (value === null || isMapping(value) || Array.isArray(value)) return `${text} stands here`
  if (typeof value === 'number' && issue.expected === 'int') return `${text} is not a whole number`
  return `${text} is ${typeof value === 'string' ? 'text' : typeof value === 'number' ? 'a number' : 'true or false'}`
}
