import t from 'tap'
import { readJson } from '../../../src/config/files/json-text.ts'
import type { Located } from '../../../src/config/files/located.ts'
import { readYaml } from '../../../src/config/files/yaml-text.ts'
import type { Path } from '../../../src/config/issue.ts'

// JSON is YAML 1.2 too: both readers give the same data, and put every scalar and every key at the same place. Only numbers
// with an exponent are refused in YAML.
const texts: readonly string[] = [
  '{"CORSRules": [{"ID": "a", "AllowedOrigins": ["*", "https://a.example"], "MaxAgeSeconds": 3000}]}',
  '[\n  {\n    "a": [1, -2.5, true, false, null, ""],\n    "b": {}\n  },\n  []\n]\n',
  '{"a\\u00e9\\"": "\\n\\t\\\\ \\u20ac", "n": 1000}',
]

/** Every path of the data, from the root on. */
function pathsOf(value: unknown, path: Path = []): readonly Path[] {
  if (Array.isArray(value)) return [path, ...value.flatMap((item, index) => pathsOf(item, [...path, index]))]
  if (typeof value !== 'object' || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([key, member]) => pathsOf(member, [...path, key]))]
}

const isScalarAt = (located: Located, path: Path) => {
  let value = located.value
  for (const step of path) value = (value as Record<string | number, unknown>)[step]
  return typeof value !== 'object' || value === null
}

for (const text of texts) {
  t.test(`${JSON.stringify(text.slice(0, 40))} is the same read as JSON and as YAML`, async t => {
    const [json, yaml] = [readJson(text), readYaml(text)]
    t.strictSame([json.faults, yaml.faults], [[], []])
    t.equal(JSON.stringify(json.value), JSON.stringify(yaml.value))
    for (const path of pathsOf(json.value)) {
      if (typeof path.at(-1) === 'string')
        t.strictSame(json.locate(path, 'key'), yaml.locate(path, 'key'), `the key of ${path.join('.')}`)
      if (isScalarAt(json, path))
        t.strictSame(json.locate(path, 'value'), yaml.locate(path, 'value'), `the value of ${path.join('.')}`)
    }
  })
}
