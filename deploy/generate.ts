// Writes what is derived from something else, so that no copy is kept by hand: `npm run generate`.
// The chart can read no file outside its folder, and editors and readers want the options where they look for them.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { configurationJsonSchema, type JsonSchema } from '../src/config/schema/json-schema.ts'
import { type Setting, settings } from '../src/config/schema/settings.ts'
import { plotOf, type Report, withFigures } from '../test/bench/report/documents.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const chart = 'deploy/helm/s3-cors-proxy'
const results = 'test/bench/results'

/** Every derived file as it should be, by its path in the repository. */
export function generated(): ReadonlyMap<string, string> {
  const report = JSON.parse(read(`${results}/report.json`)) as Report
  return new Map([
    [`${chart}/files/rules.yaml`, read('deploy/prometheus/rules.yaml')],
    [`${chart}/files/s3-cors-proxy.json`, read('deploy/grafana/s3-cors-proxy.json')],
    [`${chart}/values.schema.json`, valuesSchema()],
    ['config/README.md', optionTables(read('config/README.md'))],
    ['README.md', withFigures(read('README.md'), report)],
    ['deploy/README.md', withFigures(read('deploy/README.md'), report)],
    [`${results}/report.svg`, plotOf(report)],
  ])
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** The chart's values, with the proxy's own schema for `config`. */
function valuesSchema(): string {
  const { $schema: _, title: __, ...configuration } = configurationJsonSchema()
  const schema = JSON.parse(read(`${chart}/values.schema.json`)) as { $defs: { configuration: JsonSchema } }
  schema.$defs.configuration = configuration
  return `${JSON.stringify(schema, null, 2)}\n`
}

/** Fills the tables between `<!-- options SECTION -->` and `<!-- end -->`; the section without a name is the top level. */
function optionTables(text: string): string {
  return text.replace(/(<!-- options(?: (\S+))? -->\n)[\s\S]*?(<!-- end -->)/g, (_, begin: string, section, end) => {
    const path = section === undefined ? [] : String(section).split('.')
    const rows = settings().filter(
      setting => setting.path.length === path.length + 1 && path.every((step, index) => setting.path[index] === step),
    )
    return `${begin}\n| option | default | variable | |\n|---|---|---|---|\n${rows.map(row).join('')}\n${end}`
  })
}

function row({ path, default: value, variable, description }: Setting): string {
  const shown = value === undefined ? '' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
  return `| \`${path.join('.')}\` | ${shown} | \`${variable}\` | ${description.replaceAll('|', '\\|')} |\n`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, content] of generated()) writeFileSync(join(root, path), content)
}
