import t from 'tap'
import { parseCorsRequest } from '../../../src/cors/decision/cors-request.ts'
import { type Decision, refused } from '../../../src/cors/decision/decide.ts'
import { compilePolicy } from '../../../src/cors/decision/policy.ts'
import type { BucketPolicy } from '../../../src/policies/policy-lookup.ts'
import { ungovernedCors } from '../../../src/proxy/exchange/relayed-fields.ts'
import { decisionOf, isBlocked, isOwnOrigin, responseCorsOf, situationOf } from '../../../src/proxy/handling/verdict.ts'

const policy = compilePolicy([
  { allowedOrigins: ['https://app.example'], allowedMethods: ['GET'], allowedHeaders: [], exposeHeaders: [] },
])

function bucket(changes: Partial<BucketPolicy> = {}): BucketPolicy {
  return {
    governed: true,
    named: true,
    source: 'yaml',
    enforcement: 'headers',
    state: { kind: 'rules', policy },
    ...changes,
  }
}

const asked = parseCorsRequest('GET', 'https://app.example', undefined, undefined)
const request = 'kind' in asked ? undefined : asked

const states: readonly { state: BucketPolicy['state']; reason: string; situation: string }[] = [
  { state: { kind: 'rules', policy }, reason: 'matched', situation: 'not_allowed' },
  { state: { kind: 'none' }, reason: 'no_rules', situation: 'no_rules' },
  { state: { kind: 'no-such-bucket' }, reason: 'no_rules', situation: 'no_such_bucket' },
  { state: { kind: 'unknown' }, reason: 'rules_unavailable', situation: 'rules_unavailable' },
]
for (const { state, reason, situation } of states) {
  t.test(`rules that are "${state.kind}" decide ${reason}, and a denied preflight hears ${situation}`, async t => {
    t.equal(decisionOf(asked, bucket({ state })).reason, reason)
    t.strictSame(situationOf(asked, true, bucket({ state })), { kind: situation })
  })
}

t.test('what cannot be asked about is denied, whatever the rules are', async t => {
  t.equal(decisionOf({ kind: 'no_origin' }, bucket()).reason, 'bad_request')
  t.strictSame(situationOf({ kind: 'no_origin' }, true, bucket()), { kind: 'no_origin' })
})

t.test('a preflight of no bucket hears that there is none', async t => {
  t.strictSame(situationOf(asked, false, bucket()), { kind: 'no_such_bucket' })
})

t.test('the response to an allowed request carries the rule that allowed it', async t => {
  const decision = decisionOf(asked, bucket())
  t.match(responseCorsOf(bucket(), true, decision, request), {
    governed: true,
    passes: false,
    varyAlways: true,
    noStore: false,
    unconditional: false,
    request,
  })
  t.equal(responseCorsOf(bucket(), true, decision, request).rule, policy.rules[0])
})

const others: readonly { name: string; state?: BucketPolicy['state']; decision: Decision | undefined }[] = [
  { name: 'to no page', decision: undefined },
  { name: 'to no page, under unknown rules', decision: undefined, state: { kind: 'unknown' } },
  { name: 'to a page that is denied', decision: refused.origin },
  { name: 'to a page whose question is none', decision: refused.bad_request },
  { name: 'to a page, under unknown rules', decision: refused.rules_unavailable, state: { kind: 'unknown' } },
  {
    name: 'to a page whose question is none, under unknown rules',
    decision: refused.bad_request,
    state: { kind: 'unknown' },
  },
]
for (const { name, state, decision } of others) {
  t.test(`a response ${name} carries no rule`, async t => {
    for (const varyAlways of [true, false]) {
      const isUnknown = decision !== undefined && state !== undefined
      t.strictSame(responseCorsOf(bucket(state && { state }), varyAlways, decision, request), {
        ...ungovernedCors,
        governed: true,
        varyAlways,
        noStore: isUnknown,
        unconditional: isUnknown || (decision !== undefined && varyAlways),
      })
    }
  })
}

t.test('report passes the endpoint’s CORS, with and without an entry', async t => {
  for (const governed of [true, false]) {
    const reported = bucket({ governed, enforcement: 'report' })
    t.equal(responseCorsOf(reported, true, decisionOf(asked, reported), request).passes, true)
  }
})

t.test('a bucket of no entry gets nothing of ours', async t => {
  t.strictSame(responseCorsOf(bucket({ governed: false }), true, undefined, undefined), ungovernedCors)
})

const blocks: readonly { name: string; changes: Partial<BucketPolicy>; allowed: boolean; blocked: boolean }[] = [
  { name: 'block refuses what is denied', changes: { enforcement: 'block' }, allowed: false, blocked: true },
  { name: 'block serves what is allowed', changes: { enforcement: 'block' }, allowed: true, blocked: false },
  { name: 'headers serves what is denied', changes: {}, allowed: false, blocked: false },
  { name: 'report serves what is denied', changes: { enforcement: 'report' }, allowed: false, blocked: false },
  {
    name: 'block does not reach buckets of no entry',
    changes: { enforcement: 'block', governed: false },
    allowed: false,
    blocked: false,
  },
]
for (const { name, changes, allowed, blocked } of blocks) {
  t.test(name, async t => {
    t.equal(isBlocked(bucket(changes), allowed ? decisionOf(asked, bucket()) : refused.origin), blocked)
  })
}

const origins: readonly { origin: string | undefined; publicOrigins?: readonly string[]; own: boolean }[] = [
  { origin: 'https://s3.example:8080', own: true },
  { origin: 'http://s3.example:8080', own: true },
  { origin: 'https://s3.example', own: false },
  { origin: 'https://S3.example:8080', own: false },
  { origin: undefined, own: false },
  { origin: 'https://s3.example:8080', publicOrigins: ['https://files.example'], own: false },
  { origin: 'https://files.example', publicOrigins: ['https://files.example'], own: true },
]
for (const { origin, publicOrigins, own } of origins) {
  t.test(`${origin} is ${own ? '' : 'not '}the proxy’s own, ${publicOrigins ?? 'by Host'}`, async t => {
    t.equal(isOwnOrigin(origin, 's3.example:8080', publicOrigins && new Set(publicOrigins)), own)
  })
}
