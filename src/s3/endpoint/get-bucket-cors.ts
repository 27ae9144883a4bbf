// GetBucketCors: asks the endpoint for a bucket's rules and says what its answer means (reliability: "control-plane decision table").

import { readStoredRules, type StoredFormFault, type StoredRuleFault } from '../../cors/parsing/stored-rules.ts'
import type { CorsRule } from '../../cors/rules/rule.ts'
import { isBucketName } from '../address/bucket-name.ts'
import { parseCorsConfigurationXml } from '../cors-operation/cors-configuration-xml.ts'
import type { TransportAnswer } from './endpoint-transport.ts'
import { parseErrorDocument } from './error-document.ts'
import { type FetchFailure, failureOf } from './fetch-failure.ts'
import type { S3Caller } from './s3-call.ts'

/** What the endpoint knows of a bucket's rules. Only a failure leaves open what they are. */
export type CorsFetchResult =
  /** `faults`: what the endpoint keeps although S3 refuses it; absent when there is nothing of the kind. */
  | {
      readonly kind: 'rules'
      readonly rules: readonly CorsRule[]
      readonly faults?: readonly StoredRuleFault[] | undefined
    }
  /**
   * `unsupported`: the endpoint does not know the operation, so that asking again soon is of no use and a write may do something
   * else; `said` is how that was seen, e.g. `501 NotImplemented`. `endpointWide`: what was seen holds of every bucket, because S3 says
   * so in its own words; a bare status may be of something in front that looks at the bucket's name.
   */
  | {
      readonly kind: 'none'
      readonly unsupported: boolean
      readonly said?: string | undefined
      readonly endpointWide?: true | undefined
    }
  | { readonly kind: 'no-such-bucket' }
  | FetchFailure

/** Asks once; never rejects. The signal gives up early, the transport's own deadline covers the rest. */
export type GetBucketCors = (bucket: string, signal?: AbortSignal) => Promise<CorsFetchResult>

/** 256 KiB: S3 accepts documents of 64 KB, and pretty-printing or prefixes may make them several times as long. */
export const maxCorsDocumentBytes = 256 * 1024

/** A question to the endpoint in the proxy's own name: no client's credentials have any part in it. */
export function createGetBucketCors(call: S3Caller, now: () => number = Date.now): GetBucketCors {
  return async (bucket, signal) => {
    // Such a name cannot be a bucket, and must not become part of a path.
    if (!isBucketName(bucket)) return { kind: 'no-such-bucket' }
    const answer = await call({ method: 'GET', bucket, query: 'cors', maxBodyBytes: maxCorsDocumentBytes, signal })
    if ('kind' in answer) {
      if (!('oversized' in answer)) return answer
      const { oversized, ...failure } = answer
      return oversized?.status === 200 && isListing(oversized.body) ? listed : failure
    }
    const result = interpret(answer, now())
    if (answer.status !== 400 || result.kind !== 'failure' || result.reason === 'auth') return result
    // What is wrong with the request may be the operation, or how it was signed: a request of another kind tells.
    const head = await call({ method: 'HEAD', bucket, maxBodyBytes: maxCorsDocumentBytes, signal })
    return 'status' in head && head.status === 200 ? unsupported(answer.status, codeOf(answer)) : result
  }
}

function interpret(answer: TransportAnswer, now: number): CorsFetchResult {
  switch (answer.status) {
    case 200:
      return isListing(answer.body) ? listed : readRules(answer.body)
    case 204: // Garage's way to say that there are none
      return { kind: 'none', unsupported: false }
    case 404: {
      // The status alone says nothing: a load balancer without a route answers 404 too.
      const code = codeOf(answer)
      if (code === 'NoSuchCORSConfiguration') return { kind: 'none', unsupported: false }
      if (code === 'NoSuchBucket') return { kind: 'no-such-bucket' }
      return code !== undefined && unknownOperationCodes.has(code)
        ? unsupported(answer.status, code)
        : failureOf(answer, now)
    }
    case 405:
    case 501:
      return unsupported(answer.status, codeOf(answer))
    default: {
      const code = codeOf(answer)
      return code !== undefined && unknownOperationCodes.has(code)
        ? unsupported(answer.status, code)
        : failureOf(answer, now)
    }
  }
}

/** What says, with whatever status, that there is no such operation. */
const unknownOperationCodes: ReadonlySet<string> = new Set([
  'NotImplemented',
  'MethodNotAllowed',
  'UnsupportedOperation',
])

function unsupported(status: number, code: string | undefined): CorsFetchResult {
  if (code === undefined) return { kind: 'none', unsupported: true, said: String(status) }
  const seen = { kind: 'none', unsupported: true, said: `${status} ${code}` } as const
  return unknownOperationCodes.has(code) ? { ...seen, endpointWide: true } : seen
}

function codeOf(answer: TransportAnswer): string | undefined {
  return parseErrorDocument(answer)?.code
}

/** What an endpoint answers that takes no notice of `?cors`. */
const listing = 'ListBucketResult'

/** What such an answer means. */
export const listed: CorsFetchResult = Object.freeze({
  kind: 'none',
  unsupported: true,
  said: `200 ${listing}`,
  endpointWide: true,
})

/** Whether a body begins as the list of a bucket: an endpoint that lists it would take a PUT for CreateBucket. */
export function isListing(body: Buffer): boolean {
  // The list may have a thousand keys: only its beginning is looked at, and no XML is read.
  return beginsAsListing.test(body.toString('utf8', 0, 1024))
}

/** After a declaration, processing instructions and comments. Each character fits one branch alone, so that no text takes long. */
const beginsAsListing = /^\ufeff?(?:\s|<\?[^>]*>|<!--(?:[^-]|-(?!->))*-->)*<(?:[A-Za-z0-9_.-]+:)?ListBucketResult[\s/>]/

function readRules(body: Buffer): CorsFetchResult {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    return { kind: 'failure', reason: 'malformed', detail: 'the CORS configuration is not UTF-8' }
  }
  const formFaults: StoredFormFault[] = []
  const document = parseCorsConfigurationXml(text, { faults: formFaults })
  if (document.rules === undefined) {
    const { message, line, column } = document.fault
    return {
      kind: 'failure',
      reason: 'malformed',
      detail: `the CORS configuration, line ${line}, column ${column}: ${message}`,
    }
  }
  // Elements that are no rules, and none that is: nothing is allowed, and the operator is told why.
  if (document.rules.length === 0 && formFaults.length === 0) return { kind: 'none', unsupported: false }
  const { rules, faults } = readStoredRules(document.rules, formFaults)
  return faults.length === 0 ? { kind: 'rules', rules } : { kind: 'rules', rules, faults }
}
