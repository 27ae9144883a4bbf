// What the core does for a request, piece by piece.

import { type CorsRequest, parseCorsRequest, requestHeaderLimits } from '../../../src/cors/decision/cors-request.ts'
import { decide } from '../../../src/cors/decision/decide.ts'
import { compilePolicy, type Policy } from '../../../src/cors/decision/policy.ts'
import { corsFieldLines } from '../../../src/cors/decision/response-fields.ts'
import type { CorsRule } from '../../../src/cors/rules/rule.ts'
import { createPolicyTable } from '../../../src/policies/policy-table.ts'
import { guardRequest } from '../../../src/proxy/request/request-guard.ts'
import { createAddressParser } from '../../../src/s3/address/bucket-address.ts'
import { ownCopy } from '../../../src/text/own-copy.ts'
import { allowedHeaders, allowedMethods, bucketName, exposedHeaders, originsOf, requestedBucket } from '../rule-set.ts'

/** One thing to measure. Its result is kept from the optimiser. */
export interface MicroCase {
  readonly name: string
  readonly run: () => unknown
}

const requestHeaders = ['authorization,content-type,x-amz-content-sha256,x-amz-date']
const stranger = 'https://stranger.example'

function rulesOf(bucket: string, count: number): readonly CorsRule[] {
  return Array.from({ length: count }, (_, rule) => ({
    id: `rule-${rule}`,
    // Strings of their own, as parseRules gives them.
    allowedOrigins: originsOf(bucket, rule).map(ownCopy),
    allowedMethods,
    allowedHeaders,
    exposeHeaders: exposedHeaders,
    maxAgeSeconds: 3000,
  }))
}

function lastOrigin(bucket: string, rules: number): string {
  return originsOf(bucket, rules - 1)[0] ?? ''
}

function parsed(origin: string, method = 'PUT', headers: readonly string[] = requestHeaders): CorsRequest {
  const request = parseCorsRequest('OPTIONS', origin, method, headers)
  if ('kind' in request) throw new Error(`not a CORS request: ${request.kind}`)
  return request
}

/** The whole of a preflight's decision: read the fields, find the rule, make the fields of the answer. */
function answer(policy: Policy, origin: string, method: string, headers: readonly string[]): unknown {
  const request = parseCorsRequest('OPTIONS', origin, method, headers)
  if ('kind' in request) return request
  const decision = decide(policy, request)
  if (!decision.allowed) return decision
  return corsFieldLines(decision, request)
}

function decisionCases(): readonly MicroCase[] {
  return [1, 10, 100].flatMap(count => {
    const policy = compilePolicy(rulesOf(requestedBucket, count))
    const wildcards = compilePolicy(
      rulesOf(requestedBucket, count).map((rule, index) => ({
        ...rule,
        allowedOrigins: [`https://*.app-${index}.example`],
      })),
    )
    const origin = lastOrigin(requestedBucket, count)
    const rules = count === 1 ? '1 rule' : `${count} rules`
    return [
      { name: `allowed by the last of ${rules}`, run: () => answer(policy, origin, 'PUT', requestHeaders) },
      {
        name: `allowed by the last of ${rules}, all with wildcards`,
        run: () => answer(wildcards, `https://www.app-${count - 1}.example`, 'PUT', requestHeaders),
      },
      { name: `origin refused by ${rules}`, run: () => answer(policy, stranger, 'PUT', requestHeaders) },
      { name: `method refused by ${rules}`, run: () => answer(policy, origin, 'DELETE', requestHeaders) },
      { name: `header refused by ${rules}`, run: () => answer(policy, origin, 'PUT', ['x-other']) },
      { name: `actual request, ${rules}`, run: () => decide(policy, parsed(origin)) },
    ]
  })
}

function hostileCases(): readonly MicroCase[] {
  const policy = compilePolicy(rulesOf(requestedBucket, 100))
  const origin = lastOrigin(requestedBucket, 100)
  const { bytes, names } = requestHeaderLimits
  const many = Array.from({ length: names }, (_, index) => `x-amz-meta-${index}`.padEnd(bytes / names - 1, 'a')).join(
    ',',
  )
  const lists: Record<string, string> = {
    'as many names as may be, 100 rules': many,
    'a name of 4 KiB': 'x-amz-'.padEnd(bytes, 'a'),
    '4 KiB of commas': ','.repeat(bytes),
    '64 KiB of names': 'x,'.repeat(32_768),
    'one byte that is no token, at the end': `${'a'.repeat(bytes - 2)}\x7f`,
  }
  return Object.entries(lists).map(([name, list]) => ({
    name: `Access-Control-Request-Headers: ${name}`,
    run: () => answer(policy, origin, 'PUT', [list]),
  }))
}

function addressCases(): readonly MicroCase[] {
  const parse = createAddressParser({
    upstreamHost: '127.0.0.1',
    host: 'preserve',
    virtualHosts: ['s3.example.com'],
    hosts: [],
  })
  return [
    { name: 'bucket from the path', run: () => parse('localhost:8080', '/media-0/a/long/key/of/an-object.jpg') },
    { name: 'bucket from the Host', run: () => parse('media-0.s3.example.com', '/a/long/key/of/an-object.jpg') },
    { name: 'bucket from an escaped path', run: () => parse('localhost:8080', '/media%2D0/a') },
  ]
}

function guardCases(): readonly MicroCase[] {
  const limits = { targetBytes: 8192, fields: 256 }
  const signed = [
    'Host',
    'localhost',
    'User-Agent',
    'aws-sdk-js/3',
    'Accept',
    '*/*',
    'Authorization',
    'AWS4'.padEnd(250, 'x'),
  ]
  const get = [...signed, 'x-amz-content-sha256', 'UNSIGNED-PAYLOAD', 'x-amz-date', '20261101T000000Z']
  const withOrigin = [...get, 'Origin', stranger]
  const preflight = ['Host', 'localhost', 'Origin', stranger, 'Access-Control-Request-Method', 'PUT']
  preflight.push('Access-Control-Request-Headers', ...requestHeaders)
  const flood = Array.from({ length: 256 }, (_, index) => [`x-field-${index}`, 'value']).flat()
  const head = (method: string, rawHeaders: readonly string[]) => ({
    method,
    url: '/media-0/1k',
    httpVersion: '1.1',
    rawHeaders,
  })
  const heads = [
    { name: 'guard: GET', of: head('GET', get) },
    { name: 'guard: GET with Origin', of: head('GET', withOrigin) },
    { name: 'guard: preflight', of: head('OPTIONS', preflight) },
    { name: 'guard: 256 fields, and one too many', of: head('GET', [...flood, 'Host', 'localhost']) },
  ]
  return heads.map(({ name, of }) => ({ name, run: () => guardRequest(of, limits) }))
}

/** Makes the strings of requests out of their bytes, as the parser of a request does: they are at hand when it is decided. */
function createRequestReader(buckets: number, rules: number, count: number) {
  // In the order in which they are read, so that it is not the requests themselves that come slowly from memory.
  const texts = Array.from({ length: count }, (_, index) => {
    const bucket = bucketName((index * 7919) % buckets)
    return { bucket, origin: lastOrigin(bucket, rules) }
  })
  const bytes = Buffer.from(texts.map(({ bucket, origin }) => bucket + origin).join(''), 'latin1')
  const ends = new Int32Array(2 * count)
  let end = 0
  for (const [index, { bucket, origin }] of texts.entries()) {
    ends[2 * index] = end += bucket.length
    ends[2 * index + 1] = end += origin.length
  }
  return (index: number) => {
    const start = ends[2 * index - 1] ?? 0
    const middle = ends[2 * index] ?? 0
    return {
      bucket: bytes.toString('latin1', start, middle),
      request: parsed(bytes.toString('latin1', middle, ends[2 * index + 1])),
    }
  }
}

/**
 * A request read, its bucket looked up and decided, out of a table of so many: the same bucket, and each time another, which
 * no cache holds. What reading alone takes is the first of the figures.
 */
export function tableCases(buckets: number, rules: number): readonly MicroCase[] {
  const names = Array.from({ length: buckets }, (_, index) => bucketName(index))
  const entries = names.map(name => {
    return { name, source: 'yaml' as const, rules: rulesOf(name, rules), enforcement: 'headers' as const }
  })
  const table = createPolicyTable(entries)
  const count = Math.min(buckets, 4096)
  const read = createRequestReader(buckets, rules, count)
  const decideOne = (index: number) => {
    const { bucket, request } = read(index)
    const state = table.peek(bucket)?.state
    const decision = decide(state?.kind === 'rules' ? state.policy : undefined, request)
    if (!decision.allowed) throw new Error(`${bucket} refused ${request.origin}`)
    return decision
  }
  let at = 0
  const next = () => {
    at = (at + 1) % count
    return at
  }
  // The first decision compiles, and has a figure of its own.
  for (let index = 0; index < count; index++) decideOne(index)
  const name = `decision in ${buckets.toLocaleString('en')} × ${rules}`
  const same = [
    { name: `${name}: the request alone`, run: () => read(next()) },
    { name, run: () => decideOne(0) },
  ]
  if (buckets === 1) return same
  const first = () => {
    const entry = entries[next()]
    if (entry === undefined) throw new Error('nothing to ask')
    return decide(compilePolicy(entry.rules), parsed(lastOrigin(entry.name, rules)))
  }
  return [
    ...same,
    { name: `${name}, each time another bucket`, run: () => decideOne(next()) },
    { name: `${name}, a bucket's first`, run: first },
  ]
}

export const microCases: readonly MicroCase[] = [
  ...decisionCases(),
  ...hostileCases(),
  ...addressCases(),
  ...guardCases(),
]
