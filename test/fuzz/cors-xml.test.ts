// Mutated CORS documents, as an endpoint, an import or a PutBucketCors may send them: never an exception, never long, every
// fault with its place; no rule that the document does not hold; no rules at all from a part of one. FUZZ_*: fuzz-run.ts.

import t from 'tap'
import { parseRules } from '../../src/cors/parsing/parse-rules.ts'
import type { CorsRule } from '../../src/cors/rules/rule.ts'
import {
  parseCorsConfigurationXml,
  renderCorsConfigurationXml,
} from '../../src/s3/cors-operation/cors-configuration-xml.ts'
import { Failures, FuzzRun } from '../fixtures/fuzz-run.ts'
import { type Mutator, mutators as messageMutators } from '../fixtures/message-mutators.ts'
import type { SeededRandom } from '../fixtures/seeded-random.ts'

// A hundred times what the largest document takes, for a machine that is busy: it is there to find what is not linear.
const longestMs = 2000
const maxBytes = 256 * 1024

const header = '<?xml version="1.0" encoding="UTF-8"?>\n'
const seeds = [
  `${header}<CORSConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><CORSRule><AllowedHeader>*</AllowedHeader><AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod><AllowedOrigin>https://*.example.com</AllowedOrigin><AllowedOrigin>https://a.example</AllowedOrigin><ExposeHeader>ETag</ExposeHeader><ID>one</ID><MaxAgeSeconds>3000</MaxAgeSeconds></CORSRule></CORSConfiguration>`,
  '<CORSConfiguration>\n  <CORSRule>\r\n    <ID/>\n    <AllowedOrigin>*</AllowedOrigin>\n    <AllowedMethod>HEAD</AllowedMethod>\n  </CORSRule>\n  <CORSRule><AllowedMethod>DELETE</AllowedMethod><AllowedOrigin>http://localhost:*</AllowedOrigin></CORSRule>\n</CORSConfiguration>\n',
  '<s3:CORSConfiguration xmlns:s3="http://s3.amazonaws.com/doc/2006-03-01/"><!-- all --><s3:CORSRule><s3:AllowedOrigin><![CDATA[https://b.example]]></s3:AllowedOrigin><s3:AllowedMethod>&#80;OST</s3:AllowedMethod><s3:MaxAgeSeconds>-1</s3:MaxAgeSeconds></s3:CORSRule></s3:CORSConfiguration>',
  '<CORSConfiguration><CORSRule><AllowedOrigin>https://a.example/?x&amp;y</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>',
]
const pieces = [
  '<CORSRule>',
  '</CORSRule>',
  '<AllowedOrigin>*</AllowedOrigin>',
  '<AllowedMethod>PUT</AllowedMethod>',
  '<AllowedOrigin/>',
  '<ID>x</ID>',
  '<Other a="b">x</Other>',
  '<!DOCTYPE a [<!ENTITY e "x">]>',
  '&e;',
  '&amp;',
  '&#13;',
  '&#x0;',
  '&#xd800;',
  '<!--',
  '-->',
  '<![CDATA[',
  ']]>',
  '<?x y?>',
  '<',
  '>',
  '/>',
  '"',
  " a='<'",
  ' xmlns=""',
  '\ufeff',
  '\ufffe',
  '\ud800',
  '\u{1f600}',
  '*',
]
const mutators: readonly Mutator[] = [
  ...messageMutators,
  (text, random) => insert(text, random, random.pick(pieces)),
  (text, random) => insert(text, random, random.pick(pieces)),
  (text, random) => insert(text, random, random.pick(pieces).repeat(random.below(200))),
  function moveElement(text, random) {
    const elements = [...text.matchAll(/<(\w+)>[^<]*<\/\1>/g)]
    if (elements.length === 0) return text
    const { 0: element, index } = random.pick(elements)
    const rest = random.below(2) === 0 ? text : text.slice(0, index) + text.slice(index + element.length)
    return insert(rest, random, element)
  },
  function renameElement(text, random) {
    const name = random.pick([
      'CORSRule',
      'AllowedOrigin',
      'AllowedMethod',
      'AllowedHeader',
      'ExposeHeader',
      'ID',
      'MaxAgeSeconds',
      'x',
    ])
    const old = random.pick([...text.matchAll(/<(\w+)>/g)].map(match => match[1] ?? 'x'))
    return old === undefined ? text : text.replaceAll(`<${old}>`, `<${name}>`).replaceAll(`</${old}>`, `</${name}>`)
  },
]

function insert(text: string, random: SeededRandom, piece: string): string {
  const places = [...text.matchAll(/(?=<)/g)].map(match => match.index)
  const at = random.below(3) === 0 || places.length === 0 ? random.below(text.length + 1) : random.pick(places)
  return text.slice(0, at) + piece + text.slice(at)
}

/** What is wrong with how a document was read; undefined when nothing is. */
function faultOf(text: string, strict: boolean): string | undefined {
  const reading = parseCorsConfigurationXml(text, { strict })
  if (reading.rules === undefined) {
    const { line, column, message } = reading.fault
    const lines = text.split(/\r\n?|\n/)
    const exists = line >= 1 && line <= lines.length && column >= 1 && column <= (lines[line - 1]?.length ?? 0) + 2
    return exists && message !== '' ? undefined : `no such place: ${line}:${column}`
  }
  const parsed = parseRules(reading.rules)
  for (const { path } of parsed.issues) {
    const { line, column } = reading.locate(path)
    if (!(line >= 1 && column >= 1)) return `no place for ${path.join('.')}`
  }
  if (parsed.rules === undefined) return undefined
  const foreign = parsed.rules.flatMap(valuesOf).find(value => !holds(text, value))
  if (foreign !== undefined) return `the document does not hold ${JSON.stringify(foreign)}`
  const again = parseCorsConfigurationXml(renderCorsConfigurationXml(parsed.rules), { strict: true })
  const rules = again.rules === undefined ? undefined : parseRules(again.rules).rules
  return JSON.stringify(rules) === JSON.stringify(parsed.rules)
    ? undefined
    : 'the rules do not survive being written and read'
}

function valuesOf(rule: CorsRule): readonly string[] {
  return [...rule.allowedOrigins, ...rule.allowedMethods, ...rule.allowedHeaders, ...rule.exposeHeaders]
}

/** Whether `value` stands in an element of its own. Where references, sections or comments hide text, anything may. */
function holds(text: string, value: string): boolean {
  return /&|<[!?]/.test(text) || text.includes(`>${value}<`)
}

const run = new FuzzRun()
t.setTimeout(run.milliseconds + 120_000)

t.test('a mutated CORS document is refused with a place, or gives the rules it holds', async t => {
  const failures = new Failures(t)
  let accepted = 0
  let slowestMs = 0
  for (let each = run.next(); each !== undefined && !failures.enough; each = run.next()) {
    const { random } = each
    let text = random.pick(seeds)
    for (let count = random.pick([1, 1, 2, 6]); count > 0 && text.length > 0; count--)
      text = random.pick(mutators)(text, random)
    const strict = random.below(2) === 0
    const before = process.cpuUsage()
    let fault: string | undefined
    try {
      fault = faultOf(text, strict)
      const { rules } = parseCorsConfigurationXml(text, { strict })
      if (rules !== undefined && parseRules(rules).rules !== undefined) accepted++
    } catch (error) {
      fault = `an exception: ${String(error)}`
    }
    const { user } = process.cpuUsage(before)
    slowestMs = Math.max(slowestMs, user / 1000)
    if (user > longestMs * 1000) fault ??= `${user} µs`
    if (fault !== undefined) failures.add(`${run.name(each)}: ${fault}`, { text, strict })
  }
  t.comment(`FUZZ_SEED=${run.seed}: ${run.cases} documents, ${accepted} accepted, ${slowestMs} ms at most`)
  t.equal(failures.count, 0)
  if (run.cases >= 1000) t.ok(accepted > run.cases / 20, 'enough were accepted to mean something')
})

t.test('a CORS document cut at any byte gives no rules', async t => {
  for (const text of seeds) {
    const bytes = Buffer.from(text.trimEnd())
    for (let length = 0; length < bytes.length; length++) {
      const part = bytes.subarray(0, length).toString('utf8')
      if (parseCorsConfigurationXml(part).rules !== undefined) t.fail(`cut at ${length}`, { part })
      const fault = faultOf(part, true)
      if (fault !== undefined) t.fail(`cut at ${length}: ${fault}`, { part })
    }
    t.not(parseCorsConfigurationXml(text).rules, undefined)
  }
})

const surroundings = [
  ['', ''],
  ['<CORSConfiguration>', '</CORSConfiguration>'],
  ['<CORSConfiguration ', '/>'],
  ['<CORSConfiguration a="', '"/>'],
  ['<CORSConfiguration><CORSRule><ID>', '</ID></CORSRule></CORSConfiguration>'],
  ['<!--', '-->'],
  ['<a><![CDATA[', ']]></a>'],
] as const

t.test('a document full of one thing is read in bounded time', async t => {
  // A quarter of it in the usual run: what is quadratic takes longer than the limit there, too.
  const length = (run.long ? maxBytes : maxBytes / 4) - 100
  const one = ['\r', '\r\n', '\n', ' ', '&', '-', ']', '?', 'x="y" ', '<a>', '</a>', '<!---->', '&#x41;', ...pieces]
  for (const [before, after] of surroundings) {
    for (const piece of one) {
      const text = before + piece.repeat(length / piece.length) + after
      const start = process.cpuUsage()
      parseCorsConfigurationXml(text)
      const { user } = process.cpuUsage(start)
      if (user > longestMs * 1000) t.fail(`${user} µs for ${JSON.stringify([before, piece, after])}`)
    }
  }
})
