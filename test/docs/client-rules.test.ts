// The two rules of config/README.md for pages, as a reader pastes them: they have no warning, and what is taken away is told, by a
// warning or by the explanation of the request that then fails.

import t from 'tap'
import { parse } from 'yaml'
import { parseCorsRequest } from '../../src/cors/decision/cors-request.ts'
import { compilePolicy } from '../../src/cors/decision/policy.ts'
import { explain } from '../../src/cors/explain/explain.ts'
import { parseRules } from '../../src/cors/parsing/parse-rules.ts'
import { snippets } from './snippets.ts'

type Written = Readonly<Record<string, string | readonly string[]>>

function listOf(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [] : value
}

const block = snippets().find(({ file, text }) => file === 'config/README.md' && text.includes('ID: readers'))
const { buckets } = parse(block?.text ?? '') as { buckets: Record<string, { CORSRules: readonly Written[] }> }
const rules = Object.values(buckets).flatMap(({ CORSRules }) => CORSRules)
const signed =
  'authorization, amz-sdk-invocation-id, amz-sdk-request, x-amz-content-sha256, x-amz-date, x-amz-user-agent'

/** What the libraries send, and which response fields they read. */
const requests: Readonly<Record<string, readonly { method: string; headers?: string; reads?: string }[]>> = {
  readers: [
    { method: 'GET', reads: 'ETag' },
    { method: 'HEAD' },
    { method: 'GET', headers: 'range', reads: 'Content-Range' },
    { method: 'GET', reads: 'Accept-Ranges' },
  ],
  sdk: [
    { method: 'GET', headers: `${signed}, range`, reads: 'Content-Range' },
    { method: 'GET', headers: `${signed}, x-amz-checksum-mode`, reads: 'Accept-Ranges' },
    { method: 'HEAD', headers: signed, reads: 'ETag' },
    {
      method: 'PUT',
      headers: `${signed}, content-type, x-amz-checksum-crc32, x-amz-sdk-checksum-algorithm`,
      reads: 'ETag',
    },
    { method: 'POST', headers: `${signed}, content-type, x-amz-checksum-algorithm` },
    { method: 'DELETE', headers: signed },
  ],
}

/** Everything that a user is told of a rule and of the requests of its libraries. */
function told(rule: Written): readonly string[] {
  const { rules: parsed, issues } = parseRules([rule])
  if (parsed === undefined) return issues.map(({ message }) => message)
  const policy = compilePolicy(parsed)
  const refused = (requests[String(rule.ID)] ?? []).flatMap(({ method, headers, reads }) => {
    const asked = parseCorsRequest(
      'OPTIONS',
      'https://my-app.xyz',
      method,
      headers === undefined ? undefined : [headers],
    )
    const { allowed, summary } = explain(policy, asked, 'my-media')
    if (!allowed) return [`${method}: ${summary}`]
    const actual = explain(policy, parseCorsRequest(method, 'https://my-app.xyz', undefined, undefined), 'my-media', {
      isActual: true,
    })
    return reads !== undefined && actual.readable?.hidden.includes(reads) ? [`${method}: ${reads} is hidden`] : []
  })
  return [...issues.map(({ message }) => message), ...refused]
}

t.equal(rules.length, 2)

for (const rule of rules) {
  t.test(`the rule for ${rule.ID} has no warning, and its libraries' requests are allowed`, async t => {
    t.same(told(rule), [])
  })

  for (const [key, values] of Object.entries(rule)) {
    for (const value of listOf(values)) {
      t.test(`the rule for ${rule.ID} without ${value} in ${key} is told of`, async t => {
        const rest = Object.entries({ ...rule, [key]: listOf(values).filter(other => other !== value) })
        const lacking = Object.fromEntries(rest.filter(([, list]) => list.length > 0))
        t.not(told(lacking).length, 0)
      })
    }
  }
}
