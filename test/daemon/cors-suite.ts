// S3's CORS in front of a real endpoint, whatever that endpoint would say by itself.

import type { Test } from 'tap'
import type { HttpRequest } from '../clients/http-request.ts'
import type { ProxyProcess } from '../fixtures/proxy-process.ts'
import type { S3Endpoint } from '../servers/s3-endpoint.ts'
import { ask, type BucketUrls, bucketUrls, createBuckets, removeBuckets } from './cors-requests.ts'
import type { EndpointSuite } from './endpoint-suite.ts'

const page = 'https://app.example'
const evil = 'https://evil.example'
const ruled = 'cors-ruled'
const ruleless = 'cors-ruleless'
const unnamed = 'cors-unnamed'
const buckets = [ruled, ruleless, unnamed]

/** The part of the proxy's `buckets` that this suite needs. */
export const corsBuckets = `  ${ruled}:
    CORSRules:
      - AllowedOrigins: ["${page}"]
        AllowedMethods: [GET, PUT]
        AllowedHeaders: [x-amz-*, content-type]
        ExposeHeaders: [ETag]
        MaxAgeSeconds: 600
  ${ruleless}: { from: none }
`

/** The three names, sorted. */
const corsVary = ['access-control-request-headers', 'access-control-request-method', 'origin']

const granted = {
  'access-control-allow-origin': page,
  'access-control-allow-methods': 'GET, PUT',
  'access-control-expose-headers': 'ETag',
  'access-control-max-age': '600',
  'access-control-allow-credentials': 'true',
}

interface Case {
  readonly name: string
  readonly request: HttpRequest
  readonly status: number
  readonly code?: string
  readonly fields: Readonly<Record<string, string>>
  /** Of the three names, those that must be there; others of the three must not. */
  readonly vary: readonly string[]
}

export async function testCors(t: Test, suite: EndpointSuite, server: S3Endpoint, proxy: ProxyProcess): Promise<void> {
  await createBuckets(server, buckets)
  for (const bucket of buckets) await suite.openToAnyOrigin?.(server, bucket)
  for (const style of ['path', 'virtual'] as const) {
    await t.test(`CORS, ${style}-style`, async t => {
      if (suite.openToAnyOrigin !== undefined) await showsThatTheEndpointIsOpen(t, server, style)
      const at = (bucket: string) => bucketUrls(server, proxy.url, bucket, style)
      const cases = [...preflights(at(ruled), at(ruleless)), ...(await actualRequests(at(ruled), at(ruleless)))]
      for (const { name, request, status, code, fields, vary } of cases) {
        const answer = await ask(request)
        t.equal(answer.status, status, `${name}: status`)
        if (code !== undefined) t.equal(answer.code, code, `${name}: code`)
        t.strictSame(answer.fields, fields, `${name}: exactly the fields of the rules`)
        t.strictSame(
          answer.vary.filter(known => corsVary.includes(known)),
          vary,
          `${name}: Vary`,
        )
      }
      for (const { name, request } of await leaks(at(unnamed), proxy)) {
        t.strictSame((await ask(request)).fields, {}, `${name}: nothing of the endpoint's own CORS`)
      }
    })
  }
  await removeBuckets(server, buckets, ['page.txt', 'upload.txt', 'evil-upload.txt'])
}

function preflights(ruled: BucketUrls, ruleless: BucketUrls): Case[] {
  const preflight = (url: string, origin: string, method: string, names?: string): HttpRequest => ({
    url,
    method: 'OPTIONS',
    headers: {
      Origin: origin,
      'Access-Control-Request-Method': method,
      ...(names === undefined ? {} : { 'Access-Control-Request-Headers': names }),
    },
  })
  const url = ruled.object('page.txt')
  const refused = { status: 403, code: 'AccessForbidden', fields: {}, vary: corsVary }
  return [
    {
      name: 'an allowed preflight',
      request: preflight(url, page, 'GET'),
      status: 200,
      fields: granted,
      vary: corsVary,
    },
    {
      name: 'an allowed preflight of a PUT with header names',
      request: preflight(ruled.object('no-such-key'), page, 'PUT', 'content-type,X-Amz-Date'),
      status: 200,
      fields: { ...granted, 'access-control-allow-headers': 'content-type, x-amz-date' },
      vary: corsVary,
    },
    { name: 'a preflight from another origin', request: preflight(url, evil, 'GET'), ...refused },
    { name: 'a preflight of a method not listed', request: preflight(url, page, 'DELETE'), ...refused },
    { name: 'a preflight of a header not listed', request: preflight(url, page, 'GET', 'x-other'), ...refused },
    {
      name: 'a preflight of a bucket without rules',
      request: preflight(ruleless.object('x'), page, 'GET'),
      ...refused,
    },
    {
      name: 'OPTIONS without an Origin',
      request: { url, method: 'OPTIONS' },
      status: 400,
      code: 'BadRequest',
      fields: {},
      vary: corsVary,
    },
  ]
}

async function actualRequests(ruled: BucketUrls, ruleless: BucketUrls): Promise<Case[]> {
  const fromPage = { headers: { Origin: page } }
  const fromEvil = { headers: { Origin: evil } }
  const url = await ruled.get('page.txt')
  const missing = await ruled.get('missing')
  const forged = await ruled.forgedGet('page.txt')
  const withFields = { fields: granted, vary: corsVary }
  const without = { fields: {}, vary: corsVary }
  const body = 'from a page\n'
  const cases: Case[] = [
    { name: 'a GET from the page', request: { url, ...fromPage }, status: 200, ...withFields },
    {
      name: 'a range from the page',
      request: { url, headers: { Origin: page, Range: 'bytes=0-3' } },
      status: 206,
      ...withFields,
    },
    {
      name: 'a missing key, from the page',
      request: { url: missing, ...fromPage },
      status: 404,
      code: 'NoSuchKey',
      ...withFields,
    },
    {
      name: 'a GET with a forged signature, from the page',
      request: { url: forged, ...fromPage },
      status: 403,
      ...withFields,
    },
    {
      name: 'a presigned PUT from the page',
      request: { url: await ruled.put('upload.txt'), method: 'PUT', body, ...fromPage },
      status: 200,
      ...withFields,
    },
    {
      name: 'a presigned PUT from another origin, served as S3 serves it',
      request: { url: await ruled.put('evil-upload.txt'), method: 'PUT', body, ...fromEvil },
      status: 200,
      ...without,
    },
  ]
  for (const [who, from] of Object.entries({ 'another origin': fromEvil, 'no origin': {} })) {
    cases.push(
      { name: `a GET from ${who}`, request: { url, ...from }, status: 200, ...without },
      { name: `a missing key, from ${who}`, request: { url: missing, ...from }, status: 404, ...without },
      {
        name: `a GET with a forged signature, from ${who}`,
        request: { url: forged, ...from },
        status: 403,
        ...without,
      },
    )
  }
  const listed = await ruleless.get('page.txt')
  cases.push({
    name: 'a GET of a bucket without rules',
    request: { url: listed, ...fromPage },
    status: 200,
    ...without,
  })
  return cases
}

/** Requests that no policy decides: another bucket, no bucket. */
async function leaks(unnamed: BucketUrls, proxy: ProxyProcess): Promise<{ name: string; request: HttpRequest }[]> {
  const headers = { Origin: evil }
  const preflight = { method: 'OPTIONS', headers: { ...headers, 'Access-Control-Request-Method': 'GET' } }
  const url = await unnamed.get('page.txt')
  return [
    { name: 'a GET of a bucket not named', request: { url, headers } },
    { name: 'a GET without an Origin', request: { url } },
    { name: 'a missing key', request: { url: await unnamed.get('missing'), headers } },
    { name: 'an unsigned GET', request: { url: unnamed.object('page.txt'), headers } },
    { name: 'a preflight', request: { url, ...preflight } },
    { name: 'the list of buckets', request: { url: `${proxy.url}/`, headers } },
    { name: 'a preflight of the list of buckets', request: { url: `${proxy.url}/`, ...preflight } },
    { name: 'a bucket that is not there', request: { url: `${proxy.url}/no-such-bucket/x`, headers } },
  ]
}

/** Else nothing above would show that the proxy keeps anything in. */
async function showsThatTheEndpointIsOpen(t: Test, server: S3Endpoint, style: 'path' | 'virtual'): Promise<void> {
  const url = await bucketUrls(server, server.endpoint, ruled, style).get('page.txt')
  const { fields } = await ask({ url, headers: { Origin: evil } })
  t.ok(['*', evil].includes(fields['access-control-allow-origin'] ?? ''), 'the endpoint by itself lets any origin in')
}
