import { unknownKeyCodes } from '../../s3/endpoint/fetch-failure.ts'
import { createListBuckets } from '../../s3/endpoint/list-buckets.ts'
import type { S3Call, S3Caller } from '../../s3/endpoint/s3-call.ts'
import type { Endpoint } from './endpoint.ts'
import type { Finding } from './finding.ts'
import { maxAnswerBytes, readAnswer, type Said } from './read-answer.ts'

/** What the proxy's own keys are worth to the endpoint. */
export interface CheckedCredentials {
  readonly findings: readonly Finding[]
  /** The endpoint takes a signature made with them. */
  readonly good: boolean
  /** Every bucket they show; undefined when they may not list. */
  readonly buckets: ReadonlySet<string> | undefined
}

/** Asks for the list of buckets. Refused keys are a fault only where the configuration has the proxy make calls of its own. */
export async function checkCredentials(
  endpoint: Endpoint,
  needed: boolean,
  configured: { readonly credentials: 'environment' | 'none'; readonly region: string },
): Promise<CheckedCredentials> {
  const about = 'upstream.credentials'
  const bad = needed ? 'fault' : 'warning'
  const only = (finding: Omit<Finding, 'about'>, good = false): CheckedCredentials => ({
    findings: [{ about, ...finding }],
    good,
    buckets: undefined,
  })
  let hasKeys: boolean
  try {
    hasKeys = (await endpoint.credentials()) !== undefined
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error)
    return only({ severity: bad, what, todo: 'correct the variables' })
  }
  if (!hasKeys) {
    const unverified = await unverifiedFinding(endpoint.callerAs({ madeUpKeys: true }))
    const without = (finding: Omit<Finding, 'about'>): CheckedCredentials => ({
      ...only(finding),
      findings: [{ about, ...finding }, ...unverified],
    })
    const what = `none: calls of the proxy's own are anonymous`
    if (!needed) return without({ severity: 'ok', what: `${what}; none are configured` })
    const where = configured.credentials === 'none' ? 'set upstream.credentials: environment, ' : ''
    return without({ severity: 'warning', what, todo: `${where}set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY` })
  }
  const call = endpoint.callerAs({})
  const list: S3Call = { method: 'GET', maxBodyBytes: maxAnswerBytes }
  const listed = await createListBuckets(call)()
  if (listed.kind === 'buckets') {
    const what = `accepted; ListBuckets shows ${listed.names.size} bucket${listed.names.size === 1 ? '' : 's'}`
    const findings = [{ severity: 'ok', about, what } as const, ...(await unverifiedFinding(call))]
    return { findings, good: true, buckets: listed.names }
  }
  const said = readAnswer(await call(list))
  if (said.code === 'AccessDenied') {
    const spoiled = readAnswer(await call({ ...list, spoilSignature: true }))
    // Keys that are verified first and then found wanting are good keys.
    if (spoiled.status !== 0 && spoiled.code !== 'AccessDenied') {
      const what = 'accepted; they may not list buckets, so names under "*" are asked for one by one, on a budget'
      return only({ severity: 'ok', what }, true)
    }
  }
  if (said.status === 200) return only({ severity: bad, what: listed.detail, todo: notS3 })
  return only({ severity: bad, what: `ListBuckets: ${said.text}`, todo: todoFor(said, configured.region) })
}

/** An endpoint that lists its buckets to a wrong signature takes everything else as well. */
async function unverifiedFinding(call: S3Caller): Promise<readonly Finding[]> {
  const spoiled = await call({ method: 'GET', maxBodyBytes: maxAnswerBytes, spoilSignature: true })
  if (readAnswer(spoiled).status !== 200) return []
  const what = 'the endpoint verifies no signature: every client that reaches this proxy may read and write everything'
  const todo = 'let only trusted clients reach this proxy and the endpoint, or have the endpoint verify signatures'
  return [{ severity: 'warning', about: 'upstream', what, todo }]
}

const notS3 = "the port of the endpoint's S3 API, not of its console"

function todoFor({ status, code, region }: Said, ours: string): string {
  if (code !== undefined && unknownKeyCodes.has(code)) return 'set AWS_ACCESS_KEY_ID to a key of this endpoint'
  switch (code) {
    case 'SignatureDoesNotMatch':
      return 'correct AWS_SECRET_ACCESS_KEY; if it is right, something before the endpoint changes Host: name that in upstream.url'
    case 'AuthorizationHeaderMalformed':
      return region === undefined ? `another upstream.region than ${ours}` : `set upstream.region: ${region}`
    case 'NoSuchBucket':
      return 'a name that the endpoint knows as its own (MINIO_DOMAIN, rgw_dns_name) in upstream.url: it takes this one for a bucket'
    case 'RequestTimeTooSkewed':
      return 'set the clocks of this machine and of the endpoint'
    case 'ExpiredToken':
    case 'InvalidToken':
      return 'renew AWS_SESSION_TOKEN and the keys that belong to it'
    case undefined:
      return status === 0 || status >= 500 ? 'check the health of the endpoint' : notS3
    default:
      return 'let the key list buckets (s3:ListAllMyBuckets), or correct it'
  }
}
