// Random rules and requests, from the written rule to the fields of the response, against a slow second reading of S3's
// semantics; and origins made to look like allowed ones. FUZZ_MINUTES, FUZZ_SEED and FUZZ_CASE: see fuzz-run.ts.

import t from 'tap'
import { parseCorsRequest } from '../../src/cors/decision/cors-request.ts'
import { decide } from '../../src/cors/decision/decide.ts'
import { compilePolicy, type Policy } from '../../src/cors/decision/policy.ts'
import { appendCorsFields } from '../../src/cors/decision/response-fields.ts'
import { parseRules } from '../../src/cors/parsing/parse-rules.ts'
import {
  parseCorsConfigurationXml,
  renderCorsConfigurationXml,
} from '../../src/s3/cors-operation/cors-configuration-xml.ts'
import { Failures, FuzzRun } from '../fixtures/fuzz-run.ts'
import {
  type AskedFields,
  type ReferenceAnswer,
  referenceAnswer,
  referenceMatch,
  type WrittenRule,
} from '../fixtures/reference-cors.ts'
import type { SeededRandom } from '../fixtures/seeded-random.ts'

const requestsPerPolicy = 20

// ü is one character of a rule and two bytes of a field.
const parts = ['a', 'b', 'ab', '.', '-', 'example', 'evil', 'null', 'https://', 'http://', ':8443', ':*', '/']
const oddParts = ['@', '#', '?', '\\', '%2e', '_', '..', ' ', 'ü', '\u00ff', '[::1]', '`', '{', 'x'.repeat(40)]
const methods = ['GET', 'PUT', 'POST', 'DELETE', 'HEAD']
const oddMethods = ['OPTIONS', 'get', '', 'PATCH', 'GET ', '*', 'GET,PUT', 'GETPUT']
const namePieces = ['x-', 'amz-', 'a', 'A', 'content', '-type', 'authorization', 'range', '^', '_', '1']

function some<T>(random: SeededRandom, least: number, most: number, make: () => T): T[] {
  return Array.from({ length: least + random.below(most - least + 1) }, make)
}

function text(random: SeededRandom, pieces: readonly string[], most: number): string {
  return some(random, 1, most, () => random.pick(pieces)).join('')
}

function originPattern(random: SeededRandom): string {
  switch (random.below(8)) {
    case 0:
      return '*'
    case 1:
      return text(random, [...parts, ...oddParts], 4).replaceAll('*', '')
    case 2:
    case 3: {
      const whole = text(random, parts, 4).replaceAll('*', '')
      const star = random.below(whole.length + 1)
      return `${whole.slice(0, star)}*${whole.slice(star)}`
    }
    default:
      return `https://${text(random, parts.slice(0, 10), 3)}`
  }
}

function namePattern(random: SeededRandom): string {
  const whole = text(random, namePieces, 3)
  const star = random.below(whole.length + 1)
  return random.pick(['*', whole, whole, `${whole.slice(0, star)}*${whole.slice(star)}`, whole.toUpperCase()])
}

function writtenRules(random: SeededRandom): WrittenRule[] {
  const many = random.below(12) === 0
  return some(random, 1, many ? 100 : 5, () => ({
    AllowedOrigins: some(random, 1, random.below(6) === 0 ? 14 : 3, () => originPattern(random)),
    AllowedMethods: some(random, 1, 3, () => random.pick(methods)),
    AllowedHeaders: some(random, 0, random.below(6) === 0 ? 14 : 2, () => namePattern(random)),
    ExposeHeaders: some(random, 0, 2, () => text(random, namePieces, 2)),
    ...(random.below(2) === 0 ? { MaxAgeSeconds: random.below(9000) - 100 } : {}),
  }))
}

/** An origin that one of the rules stands for, or that could be taken for it. */
function origin(random: SeededRandom, rules: readonly WrittenRule[]): string | undefined {
  const written = random.pick(random.pick(rules).AllowedOrigins)
  const pattern = Buffer.from(written, 'utf8').toString('latin1')
  const filled = pattern.replace('*', () =>
    random.pick(['', 'a', 'evil.', 'a.b', '*', 'x@', '/', text(random, parts, 2)]),
  )
  const at = random.below(filled.length + 1)
  const evil = random.pick(['evil', '.evil.example', '@evil', '#', '\\', '/', '%00', '\0', ' ', '.', ':1', '*', '\xff'])
  switch (random.below(16)) {
    case 0:
      return filled.slice(0, at) + filled.slice(at + 1)
    case 1:
      return filled.slice(0, at) + evil + filled.slice(at)
    case 2:
      return filled + evil
    case 3:
      return evil + filled
    case 4:
      return filled.toUpperCase()
    case 5:
      return pattern
    case 6:
      return `${filled}, ${filled}`
    case 7:
      return filled.replace('s://', '://')
    case 8:
      // As long as a field can be, and full of what could be the beginning of a match.
      return random.below(20) === 0
        ? filled.repeat(Math.ceil(15_000 / (filled.length + 1))).slice(0, 15_000)
        : filled + filled
    case 9:
      return random.pick([undefined, '', 'null', '*', 'https://', 'undefined', '__proto__', 'constructor'])
    case 10:
      return text(random, parts, 5)
    default:
      return filled
  }
}

function asked(random: SeededRandom, rules: readonly WrittenRule[]): AskedFields {
  const preflight = random.below(3) > 0
  const rule = random.pick(rules)
  const name = (): string => {
    const pattern =
      rule.AllowedHeaders.length > 0 && random.below(4) > 0 ? random.pick(rule.AllowedHeaders) : namePattern(random)
    return pattern.replace('*', () => random.pick(['', 'a', '-B', '*']))
  }
  const element = (): string =>
    random.pick([
      name(),
      name(),
      name(),
      ` ${name()}\t`,
      '',
      random.below(9) === 0 ? 'a b' : name(),
      name().toUpperCase(),
    ])
  const line = (): string => some(random, 0, random.below(40) === 0 ? 120 : 3, element).join(random.pick([',', ', ']))
  const requestMethod =
    random.below(12) === 0 ? random.pick(oddMethods) : random.pick([...rule.AllowedMethods, ...methods])
  return {
    method: preflight ? 'OPTIONS' : random.pick(methods),
    origin: origin(random, rules),
    requestMethod: preflight && random.below(9) > 0 ? requestMethod : undefined,
    requestHeaders: preflight ? some(random, 0, 2, line) : [],
  }
}

/** The same question to the code under test. */
function answer(policy: Policy, { method, origin, requestMethod, requestHeaders }: AskedFields): ReferenceAnswer {
  const request = parseCorsRequest(
    method,
    origin,
    requestMethod,
    requestHeaders.length === 0 ? undefined : requestHeaders,
  )
  if ('kind' in request) {
    return {
      decision: request.kind === 'invalid_header' ? `invalid_header ${request.element}` : request.kind,
      fields: [],
    }
  }
  const decision = decide(policy, request)
  if (!decision.allowed) return { decision: decision.reason, fields: [] }
  const fields: string[] = []
  appendCorsFields(fields, decision, request)
  return { decision: decision.index, fields }
}

const run = new FuzzRun()
t.setTimeout(run.milliseconds + 60_000)

t.test('what is decided and sent is what the second reading of the same rules says', async t => {
  const failures = new Failures(t)
  const seen = new Map<string, number>()
  let requests = 0
  for (let each = run.next(); each !== undefined && !failures.enough; each = run.next()) {
    const { random } = each
    const rules = writtenRules(random)
    const parsed = parseRules(rules)
    if (parsed.rules === undefined) {
      failures.add(`${run.name(each)}: rules that S3 accepts are refused`, { rules, issues: parsed.issues })
      continue
    }
    const policy = compilePolicy(parsed.rules)
    // The rules as an endpoint stores and returns them are the same rules.
    const xml = parseCorsConfigurationXml(renderCorsConfigurationXml(parsed.rules))
    const again = xml.rules === undefined ? undefined : parseRules(xml.rules)
    if (JSON.stringify(again?.rules) !== JSON.stringify(parsed.rules)) {
      failures.add(`${run.name(each)}: the rules do not survive S3's XML`, { rules, xml })
    }
    for (let count = 0; count < requestsPerPolicy; count++, requests++) {
      const question = asked(random, rules)
      // The slow matcher tries every run of characters, which is no way to look at 15 KB.
      const short = (question.origin?.length ?? 0) <= 200
      const found = answer(policy, question)
      const wanted = short ? referenceAnswer(rules, question) : undefined
      const kind = typeof found.decision === 'number' ? 'matched' : (found.decision.split(' ')[0] ?? '')
      seen.set(kind, (seen.get(kind) ?? 0) + 1)
      if (wanted !== undefined && JSON.stringify(found) !== JSON.stringify(wanted)) {
        failures.add(`${run.name(each)}: another answer than the reference`, { rules, question, found, wanted })
      }
      if (typeof found.decision !== 'number') continue
      const listed = rules[found.decision]?.AllowedOrigins.some(one => referenceMatch(one, question.origin ?? ''))
      if (listed !== true) failures.add(`${run.name(each)}: allowed, and in no rule`, { rules, question, found })
      // What came as a field value is the only thing of the client's that goes back; its names were checked to be tokens.
      if (found.fields.some(field => field !== question.origin && /[^\x20-\x7e\x80-\xff]/.test(field))) {
        failures.add(`${run.name(each)}: a field that cannot be sent`, { rules, question, found })
      }
    }
  }
  t.comment(`FUZZ_SEED=${run.seed}: ${run.cases} rule sets, ${requests} requests`, Object.fromEntries(seen))
  t.equal(failures.count, 0)
  if (run.cases < 1000) return
  for (const kind of [
    'matched',
    'origin',
    'method',
    'header',
    'no_origin',
    'invalid_method',
    'invalid_header',
    'too_many_headers',
  ]) {
    t.ok((seen.get(kind) ?? 0) > requests / 2000, `${kind} was among the answers often enough to mean something`)
  }
})
