// Mutated configurations, with mutated CORS files beside them: never an exception, never long, every fault with its place;
// and what is accepted says what the YAML library by itself reads in the same text. FUZZ_MINUTES, FUZZ_SEED: fuzz-run.ts.

import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import type { Configuration } from '../../src/config/configuration.ts'
import type { ParsedConfiguration } from '../../src/config/loading/parse-configuration.ts'
import { parseCorsRequest } from '../../src/cors/decision/cors-request.ts'
import { decide } from '../../src/cors/decision/decide.ts'
import { compilePolicy } from '../../src/cors/decision/policy.ts'
import type { CorsRule } from '../../src/cors/rules/rule.ts'
import { configurationMutators } from '../fixtures/configuration-mutators.ts'
import { Failures, FuzzRun } from '../fixtures/fuzz-run.ts'
import { issueLines, parseText, upstreamLine } from '../fixtures/parsed-text.ts'
import { referenceAnswer, type WrittenRule } from '../fixtures/reference-cors.ts'
import type { SeededRandom } from '../fixtures/seeded-random.ts'

const file = 'config/proxy.yaml'
// A thousand times what a case takes, for a machine that is busy: it is there to find what is not linear.
const longestMs = 1000

const sample = (name: string) => readFileSync(new URL(`../../config/${name}`, import.meta.url), 'utf8')
const quoted = `${upstreamLine}enforcement: block
vary: matched
limits: { headerBytes: 65536, connections: 10 }
buckets:
  "abc":
    CORSRules:
      - { AllowedOrigins: ["https://*.b.example", "https://a.example"], AllowedMethods: ["GET", "PUT"] }
      - AllowedMethods: ["DELETE"]
        AllowedHeaders: ["x-*", "Authorization"]
        AllowedOrigins: ["http://localhost:*"]
        ExposeHeaders: ["ETag"]
        ID: "two"
        MaxAgeSeconds: 60
  "123": { "from": "none", "enforcement": "headers" }
  "*":
    CORSRules:
      - { AllowedOrigins: ["*"], AllowedMethods: ["HEAD"] }
`
const asJson = JSON.stringify(parse(quoted), null, 1)
const withFiles = `${upstreamLine}buckets:\n  abc: { CORSFile: cors.json }\n  abd: { CORSFile: cors.xml }\n  abe:\n    CORSFile: cors.json\n`
const samples = [sample('example.yaml'), sample('minio.yaml'), sample('ovhcloud.yaml')]
const seeds = [quoted, asJson, withFiles]
const corsJson = sample('cors.json')
const corsXml =
  '<CORSConfiguration><CORSRule><AllowedOrigin>https://x.example</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>'

function mutate(text: string, random: SeededRandom, most: number): string {
  let changed = text
  for (let count = random.below(most + 1); count > 0 && changed.length > 0; count--) {
    changed = random.pick(configurationMutators)(changed, random)
  }
  return changed
}

/** What is wrong with the issues themselves; undefined when nothing is. */
function faultOfIssues(parsed: ParsedConfiguration, text: string): string | undefined {
  // As grep and git count them, so that a carriage return by itself, which is refused, has a place in its line too.
  const lines = text.split('\n')
  const faults = parsed.issues.filter(issue => issue.severity === 'fault')
  if ((parsed.configuration === undefined) !== faults.length > 0) return 'faults and a configuration, or neither'
  for (const line of issueLines(parsed)) if (/[\p{Cc}\u2028\u2029]/u.test(line)) return 'a line with control characters'
  for (const issue of parsed.issues) {
    if (issue.file !== file) continue
    const { line = 0, column = 0 } = issue
    if (issue.severity === 'fault' && line === 0) return `a fault without a place: ${issue.message}`
    if (line > lines.length || column > (lines[line - 1] ?? '').length + 2) return `no such place: ${line}:${column}`
  }
  return undefined
}

/** Where the configuration differs from the library's own reading of the text. */
function differenceOf(configuration: Configuration, text: string): string | undefined {
  const written = parse(text, { version: '1.2', schema: 'core', stringKeys: true }) as {
    enforcement?: string
    buckets?: Record<string, { CORSRules?: WrittenRule[]; enforcement?: string } | null>
  }
  const names = Object.keys(written.buckets ?? {})
  if (names.length !== configuration.buckets.length) return `${configuration.buckets.length} of ${names.length} buckets`
  for (const { name, rules, enforcement } of configuration.buckets) {
    const entry = written.buckets?.[name]
    if (enforcement !== (entry?.enforcement ?? written.enforcement ?? 'headers')) return `enforcement of ${name}`
    if (entry?.CORSRules === undefined) continue
    if (JSON.stringify(rules.map(asWritten)) !== JSON.stringify(entry.CORSRules.map(inOrder))) return `rules of ${name}`
  }
  return undefined
}

function asWritten({
  allowedOrigins,
  allowedMethods,
  allowedHeaders,
  exposeHeaders,
  id,
  maxAgeSeconds,
}: CorsRule): WrittenRule {
  return inOrder({
    AllowedOrigins: [...allowedOrigins],
    AllowedMethods: [...allowedMethods],
    AllowedHeaders: [...allowedHeaders],
    ExposeHeaders: [...exposeHeaders],
    ...(id === undefined ? {} : { ID: id }),
    ...(maxAgeSeconds === undefined ? {} : { MaxAgeSeconds: maxAgeSeconds }),
  })
}

function inOrder({
  AllowedOrigins,
  AllowedMethods,
  AllowedHeaders = [],
  ExposeHeaders = [],
  ID,
  MaxAgeSeconds,
}: WrittenRule) {
  return {
    AllowedOrigins,
    AllowedMethods,
    AllowedHeaders,
    ExposeHeaders,
    ...(ID === undefined ? {} : { ID }),
    ...(MaxAgeSeconds === undefined ? {} : { MaxAgeSeconds }),
  }
}

const origins = ['https://a.example', 'https://evil.example', 'https://evil.b.example', 'http://localhost:1', 'null']

/** A request that the compiled rules decide otherwise than the written ones. */
function wrongDecision(rules: readonly CorsRule[]): string | undefined {
  const policy = compilePolicy(rules)
  for (const origin of [...origins, ...rules.flatMap(rule => rule.allowedOrigins).slice(0, 5)]) {
    for (const method of ['GET', 'DELETE']) {
      const request = parseCorsRequest(method, origin, undefined, undefined)
      const decision = 'kind' in request ? undefined : decide(policy, request)
      const found = decision?.allowed === true ? decision.index : undefined
      const wanted = referenceAnswer(rules.map(asWritten), {
        method,
        origin,
        requestMethod: undefined,
        requestHeaders: [],
      })
      if (found !== (typeof wanted.decision === 'number' ? wanted.decision : undefined))
        return `${method} from ${origin}`
    }
  }
  return undefined
}

const run = new FuzzRun()
t.setTimeout(run.milliseconds + 60_000)

t.test('a mutated configuration is refused with a place, or means what it says', async t => {
  const failures = new Failures(t)
  let accepted = 0
  let slowestMs = 0
  for (let each = run.next(); each !== undefined && !failures.enough; each = run.next()) {
    const { random } = each
    const text = mutate(random.pick(random.below(5) === 0 ? samples : seeds), random, random.pick([1, 1, 2, 6]))
    const files = {
      'config/cors.json': mutate(corsJson, random, random.below(2)),
      'config/cors.xml': mutate(corsXml, random, random.below(2)),
    }
    const before = process.cpuUsage()
    let parsed: ParsedConfiguration
    try {
      parsed = parseText(text, { files })
    } catch (error) {
      failures.add(`${run.name(each)}: an exception`, { text, files, error })
      continue
    }
    const { user, system } = process.cpuUsage(before)
    slowestMs = Math.max(slowestMs, (user + system) / 1000)
    if (user + system > longestMs * 1000) failures.add(`${run.name(each)}: ${user + system} µs`, { text, files })
    const { configuration } = parsed
    let fault = faultOfIssues(parsed, text)
    if (configuration !== undefined) {
      accepted++
      fault ??= differenceOf(configuration, text)
      for (const { rules } of configuration.buckets) fault ??= wrongDecision(rules)
    }
    if (fault !== undefined)
      failures.add(`${run.name(each)}: ${fault}`, { text, files, lines: issueLines(parsed), configuration })
  }
  t.comment(`FUZZ_SEED=${run.seed}: ${run.cases} texts, ${accepted} accepted, ${slowestMs} ms at most`)
  t.equal(failures.count, 0)
  if (run.cases >= 1000) t.ok(accepted > run.cases / 20, 'enough were accepted to mean something')
})

t.test('a configuration cut at any byte is refused, or allows nothing more', async t => {
  for (const text of [quoted, asJson]) {
    const whole = new Map(parseText(text).configuration?.buckets.map(bucket => [bucket.name, bucket.rules]))
    t.equal(whole.size, 3)
    for (let length = 0; length < text.length; length++) {
      const parsed = parseText(text.slice(0, length))
      const fault = faultOfIssues(parsed, text.slice(0, length))
      if (fault !== undefined) t.fail(`cut at ${length}: ${fault}`)
      for (const { name, rules } of parsed.configuration?.buckets ?? []) {
        const wider = rules.find((rule, index) => !isNarrower(rule, whole.get(name)?.[index]))
        if (wider !== undefined) t.fail(`cut at ${length}`, { name, wider })
      }
    }
  }
})

function isNarrower(rule: CorsRule, whole: CorsRule | undefined): boolean {
  return (
    rule.allowedOrigins.every(origin => whole?.allowedOrigins.includes(origin)) &&
    rule.allowedMethods.every(method => whole?.allowedMethods.includes(method)) &&
    rule.allowedHeaders.every(name => whole?.allowedHeaders.includes(name))
  )
}
