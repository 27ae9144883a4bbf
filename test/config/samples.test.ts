import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { describeIssue } from '../../src/config/issue.ts'
import { loadConfiguration } from '../../src/config/loading/load-configuration.ts'

const directory = fileURLToPath(new URL('../../config/', import.meta.url))

/** The warnings that a sample is meant to have. */
const warnings: Readonly<Record<string, readonly RegExp[]>> = {
  'example.yaml': [],
  'minio.yaml': [],
  'ovhcloud.yaml': [],
}

t.test('every sample is known here', async t => {
  t.strictSame(
    readdirSync(directory)
      .filter(name => name.endsWith('.yaml'))
      .toSorted(),
    Object.keys(warnings),
  )
})

for (const [name, expected] of Object.entries(warnings)) {
  t.test(`config/${name} loads, and editors find its schema`, async t => {
    const file = `${directory}${name}`
    const { parsed } = await loadConfiguration({ file, environment: {}, flags: {} })
    t.ok(parsed.configuration)
    t.match(parsed.issues.map(describeIssue), expected)
    t.equal(parsed.issues.length, expected.length)
    t.equal(readFileSync(file, 'utf8').split('\n')[0], '# yaml-language-server: $schema=./schema.json')
  })
}
