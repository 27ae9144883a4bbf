import { readFileSync } from 'node:fs'
import t from 'tap'
import { child, isMapping } from '../../../src/config/raw-value.ts'
import { configurationJsonSchema } from '../../../src/config/schema/json-schema.ts'

const schema = configurationJsonSchema()

t.test('config/schema.json is the schema of this version (npm run schema)', async t => {
  const committed = readFileSync(new URL('../../../config/schema.json', import.meta.url), 'utf8')
  t.equal(committed, `${JSON.stringify(schema, null, 2)}\n`)
})

t.test('no mapping takes unknown keys, and every property is described', async t => {
  const visit = (node: unknown, path: string) => {
    if (!isMapping(node)) return
    if (node.type === 'object') t.not(node.additionalProperties, undefined, `${path} is closed`)
    for (const [key, property] of Object.entries(isMapping(node.properties) ? node.properties : {})) {
      t.type(child(property, ['description']), 'string', `${path}.${key} is described`)
      visit(property, `${path}.${key}`)
    }
    visit(node.additionalProperties, `${path}.NAME`)
    visit(node.items, `${path}[]`)
  }
  visit(schema, '')
})

t.test('a bucket has the rules of S3 in its own words, and exactly one source', async t => {
  const bucket = ['properties', 'buckets', 'additionalProperties']
  const rule = child(schema, [...bucket, 'properties', 'CORSRules', 'items'])
  t.strictSame(Object.keys(child(rule, ['properties']) ?? {}), [
    'ID',
    'AllowedOrigins',
    'AllowedMethods',
    'AllowedHeaders',
    'ExposeHeaders',
    'MaxAgeSeconds',
  ])
  t.strictSame(child(rule, ['required']), ['AllowedOrigins', 'AllowedMethods'])
  t.equal(child(rule, ['additionalProperties']), false)
  t.strictSame(child(rule, ['properties', 'AllowedMethods', 'items', 'enum']), ['GET', 'PUT', 'POST', 'DELETE', 'HEAD'])
  t.strictSame(child(schema, [...bucket, 'oneOf']), [
    { required: ['CORSRules'] },
    { required: ['CORSFile'] },
    { required: ['from'] },
  ])
})

t.test('no number of the schema is a limit of doubles', async t => {
  t.notMatch(JSON.stringify(schema), String(Number.MAX_SAFE_INTEGER))
})

t.test('only the endpoint has to be written', async t => {
  t.strictSame(schema.required, ['upstream'])
  t.strictSame(child(schema, ['properties', 'upstream', 'required']), ['url'])
})
