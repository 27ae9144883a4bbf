import { readFile } from 'node:fs/promises'
import t from 'tap'
import { type CorsRequestIssue, parseCorsRequest } from '../../../src/cors/decision/cors-request.ts'
import { decide } from '../../../src/cors/decision/decide.ts'
import { compilePolicy } from '../../../src/cors/decision/policy.ts'
import { appendCorsFields, corsVary } from '../../../src/cors/decision/response-fields.ts'
import { parseRules } from '../../../src/cors/parsing/parse-rules.ts'

// What S3 was recorded to answer, told of it, or can be expected to: see `source` and `confidence` of each case. Here the
// functions alone are asked; test/daemon asks the same over a socket.

interface Answer {
  /** Null: whatever the operation answers. */
  status: number | null
  headers: Record<string, string>
  absent_headers: string[]
  error_message: string | null
}

interface Case {
  id: string
  cors_rules: unknown[] | null
  bucket_exists: boolean
  request: { method: string; path_kind: 'bucket' | 'object' | 'root'; headers: Record<string, string> }
  expect: Answer
  /** `alternatives[N]` where that counts rather than `expect`. */
  recommended?: string
  alternatives?: Partial<Answer>[]
}

const cases: Case[] = JSON.parse(await readFile(new URL('../../fixtures/cors.json', import.meta.url), 'utf8'))
// A request for no bucket is not a question for any rules.
const asked = cases.filter(({ bucket_exists, request }) => bucket_exists && request.path_kind !== 'root')

t.test('the table is whole', async t => {
  t.equal(cases.length, 202)
  t.ok(asked.length > 180, `${asked.length} of them are for the rules of a bucket that exists`)
})

for (const { id, cors_rules, request, ...expectations } of asked) {
  t.test(id, async t => {
    const expected = expectedAnswer(expectations)
    const actual = answer(cors_rules, request)
    t.equal(actual.status, expected.status, 'status')
    if (expected.error_message !== null) t.equal(actual.message, expected.error_message, 'message')
    for (const [name, value] of Object.entries(expected.headers)) {
      if (isCorsField(name)) t.equal(actual.fields.get(name), value, name)
    }
    for (const name of expected.absent_headers) t.equal(actual.fields.has(name), false, `no ${name}`)
    if (Object.keys(expected.headers).some(isCorsField)) return
    t.strictSame([...actual.fields.keys()], [], 'no CORS fields at all')
  })
}

function expectedAnswer({
  expect,
  recommended,
  alternatives,
}: Pick<Case, 'expect' | 'recommended' | 'alternatives'>): Answer {
  if (recommended === undefined) return expect
  const alternative = alternatives?.[Number(/^alternatives\[(\d+)\]$/.exec(recommended)?.[1])]
  if (alternative === undefined) throw new Error(`no ${recommended}`)
  return { status: null, headers: {}, absent_headers: expect.absent_headers, error_message: null, ...alternative }
}

function answer(written: unknown[] | null, { method, headers }: Case['request']) {
  const fields = new Map<string, string>()
  const preflight = method === 'OPTIONS'
  const value = (name: string) => headers[name]
  const list = value('Access-Control-Request-Headers')
  const request = parseCorsRequest(
    method,
    value('Origin'),
    value('Access-Control-Request-Method'),
    list === undefined ? undefined : [list],
  )
  if ('kind' in request) {
    return { status: preflight ? 400 : null, message: preflight ? badRequestMessage(request) : null, fields }
  }
  const decision = decide(written === null ? undefined : compile(written), request)
  if (!decision.allowed) {
    return { status: preflight ? 403 : null, message: preflight ? forbiddenMessage(decision.reason) : null, fields }
  }
  const flat: string[] = []
  appendCorsFields(flat, decision, request)
  for (let i = 0; i < flat.length; i += 2) fields.set(flat[i] ?? '', flat[i + 1] ?? '')
  fields.set('Vary', corsVary)
  return { status: preflight ? 200 : null, message: null, fields }
}

function compile(written: unknown[]) {
  const { rules, issues } = parseRules(written)
  if (rules === undefined) throw new Error(JSON.stringify(issues))
  return compilePolicy(rules)
}

function isCorsField(name: string): boolean {
  return name === 'Vary' || name.startsWith('Access-Control-')
}

function badRequestMessage(issue: CorsRequestIssue): string | null {
  switch (issue.kind) {
    case 'no_origin':
      return 'Insufficient information. Origin request header needed.'
    case 'invalid_method':
      return `Invalid Access-Control-Request-Method: ${issue.value}`
    case 'invalid_header':
      return `Access-Control-Request-Headers "${issue.element}" contains invalid character.`
    default:
      return null
  }
}

function forbiddenMessage(reason: string): string {
  if (reason === 'no_rules') return 'CORSResponse: CORS is not enabled for this bucket.'
  return (
    'CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, ' +
    'request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted ' +
    "by the resource's CORS spec."
  )
}
