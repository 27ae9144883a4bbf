// Files whose parts repeat, nest or refer to one another without end, as a configuration, as a file of rules, and for `import`: each
// is told of in few lines and in bounded time, and none ends the program.

import t from 'tap'
import { readCorsFile } from '../../src/config/cors-files/cors-file.ts'
import { describeIssue } from '../../src/config/issue.ts'
import { parseConfiguration } from '../../src/config/loading/parse-configuration.ts'
import { readRules } from '../../src/config/validation/bucket-entries.ts'

t.setTimeout(600_000)

const bytes = 1_000_000
const full = (piece: string, length = bytes) => piece.repeat(length / piece.length)
const numbered = (count: number, line: (index: number) => string) => Array.from({ length: count }, (_, i) => line(i))
const inRule = (inside: string) => `{"CORSRules":[{"AllowedMethods":["GET"],${inside}}]}`
const corsXml = (inside: string) => `<CORSConfiguration>${inside}</CORSConfiguration>`

const files: Readonly<Record<string, string>> = {
  'YAML aliases of aliases': `a0: &a0 [x]\n${numbered(40, i => `a${i + 1}: &a${i + 1} [${full(`*a${i},`, 60)}]\n`).join('')}`,
  'YAML merge keys': `base: &b {a: 1}\n${full('c: {<<: *b}\n', 100_000)}`,
  'YAML anchors': full('- &a x\n', 300_000),
  'YAML tags': full('- !a b\n', 300_000),
  'YAML documents': full('---\n'),
  'YAML nested': `a: ${full('[')}`,
  'YAML indented': numbered(1400, i => `${' '.repeat(i)}a:`).join('\n'),
  'a YAML key without end': `${full('k')}: 1\n`,
  'a YAML key in quotes without end': `"${full('k')}": 1\n`,
  'a YAML value without end': `upstream: { url: "${full('u')}" }\n`,
  'unknown keys': numbered(20_000, i => `k${i}: 1\n`).join(''),
  'a key many times': full('a: 1\n', 200_000),
  'keys of prototypes': full('__proto__: 1\nconstructor: 1\ntoString: 1\n', 100_000),
  'names that are no buckets': `buckets:\n${numbered(20_000, i => `  B_${i}: { x: 1 }\n`).join('')}`,
  'a YAML list of nothing': full('- \n', 700_000),
  'YAML escapes': `a: "${full('\\u0041')}"\n`,
  'JSON nested': full('['),
  'JSON nested in keys': full('{"a":'),
  'JSON rules that are none': `[${full('{},')}{}]`,
  'JSON numbers': `[${full('0,', 600_000)}0]`,
  'a JSON number without end': `[${full('9')}]`,
  'a JSON key without end': `{"${full('k')}": 1}`,
  'JSON prototypes': `[${full('{"__proto__":{"AllowedOrigins":["*"]}},', 300_000)}{}]`,
  'origins that are none': inRule(`"AllowedOrigins":[${full('0,', 600_000)}0]`),
  'an origin without end': inRule(`"AllowedOrigins":["https://${full('a.')}"]`),
  'an origin of asterisks': inRule(`"AllowedOrigins":["${full('*')}"]`),
  'a name of a field of asterisks': inRule(`"AllowedOrigins":["*"],"AllowedHeaders":["${full('*')}"]`),
  'an ID without end': inRule(`"AllowedOrigins":["*"],"ID":"${full('i')}"`),
  'unknown keys in a rule': inRule(numbered(40_000, i => `"k${i}":1`).join()),
  'rules that may be good': `[${full('{"AllowedOrigins":["*"],"AllowedMethods":["GET"]},')}{}]`,
  'XML entities': `<!DOCTYPE a [<!ENTITY a "aa"><!ENTITY b "${full('&a;', 9000)}">]>${corsXml('<CORSRule><ID>&b;</ID></CORSRule>')}`,
  'an XML entity of a file': `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>${corsXml('<CORSRule><ID>&x;</ID></CORSRule>')}`,
  'XML nested': full('<a>'),
  'XML rules that are none': corsXml(full('<CORSRule/>', 250_000)),
  'XML elements that are unknown': corsXml(full('<a/>', 250_000)),
  'XML attributes': `<CORSConfiguration ${numbered(20_000, i => `a${i}=""`).join(' ')}/>`,
  'an XML name without end': `<${full('a', 250_000)}/>`,
  'an XML reference beyond Unicode': corsXml('<CORSRule><ID>&#99999999999999999999;</ID></CORSRule>'),
  "rules of Azure's": `<Cors>${full('<CorsRule/>')}</Cors>`,
  "rules of Google's": `<CorsConfig>${full('<Cors/>')}</CorsConfig>`,
  'HCL blocks': full('cors_rule {}\n'),
  'HCL nested': `a = ${full('[')}`,
  'HCL expressions': `cors_rule {\n${numbered(20_000, i => `a${i} = b\n`).join('')}}\n`,
  'HCL templates': `a = "${full('${')}"`,
  'prose with brackets': `x ${full('[{')}`,
}

const upstream = 'upstream: { url: "http://127.0.0.1:9000" }\nbuckets: { media: { CORSFile: /rules } }\n'
const contentOf = (text: string) => ({ kind: 'bytes', bytes: Buffer.from(text) }) as const
const ways: Readonly<Record<string, (text: string) => readonly string[]>> = {
  'as a configuration': text =>
    parseConfiguration(contentOf(text), 'a.yaml', {}, {}, () => contentOf('[]')).issues.map(describeIssue),
  'as a CORSFile': text =>
    parseConfiguration(contentOf(upstream), 'a.yaml', {}, {}, () => contentOf(text)).issues.map(describeIssue),
  'for import': text => {
    const file = readCorsFile(contentOf(text))
    const place = { file: 'a', path: [], located: file, at: [] }
    const found = file.faults.length > 0 ? [] : readRules(file.value, place).issues
    const faults = [...file.faults, ...file.notes].map(words => ({ severity: 'fault' as const, ...words }))
    return [...faults.map(fault => ({ ...fault, file: 'a', path: [], value: undefined })), ...found].map(describeIssue)
  },
}

/** Of the processor, for a megabyte: many times what it takes, on a machine that is slow. What is quadratic takes minutes. */
const longestMs = 60_000

for (const [name, text] of Object.entries(files)) {
  t.test(`${name}: refused in few lines`, async t => {
    for (const [way, read] of Object.entries(ways)) {
      const before = process.cpuUsage()
      const lines = read(text)
      const { user, system } = process.cpuUsage(before)
      t.ok(user + system < longestMs * 1000, `${way}: ${Math.round((user + system) / 1000)} ms`)
      t.ok(lines.length > 0 && lines.length <= 500, `${way}: ${lines.length} lines`)
      const length = lines.reduce((longest, line) => Math.max(longest, line.length), 0)
      t.ok(
        length < 5000,
        `${way}: a line of ${length} characters: ${lines.find(line => line.length === length)?.slice(0, 200)}`,
      )
    }
  })
}
