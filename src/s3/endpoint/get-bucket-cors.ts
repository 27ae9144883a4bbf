// GetBucketCors: asks the endpoint for a bucket's rules and says what its answer means (reliability: "control-plane decision table").

import type { CorsRule } from '../../cors/rules/rule.ts'
import { readStoredRules, type StoredFormFault, type StoredRuleFault } from '../../cors/rules/stored-rules.ts'
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
  /** `unsupported`: the endpoint has no per-bucket CORS at all (501, 405), so that asking again soon is of no use. */
  | { readonly kind: 'none'; readonly unsupported: boolean }
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
    return 'kind' in answer ? answer : interpret(answer, now())
  }
}

function interpret(answer: TransportAnswer, now: number): CorsFetchResult {
  switch (answer.status) {
    case 200:
      return readRules(answer.body)
    case 204: // Garage's way to say that there are none
      return { kind: 'none', unsupported: false }
    case 404: {
      // The status alone says nothing: a load balancer without a route answers 404 too.
      const code = parseErrorDocument(answer)?.code
      if (code === 'NoSuchCORSConfiguration') return { kind: 'none', unsupported: false }
      if (code === 'NoSuchBucket') return { kind: 'no-such-bucket' }
      return failureOf(answer, now)
    }
    case 405:
    case 501:
      return { kind: 'none', unsupported: true }
    default:
      return parseErrorDocument(answer)?.code === 'NotImplemented'
        ? { kind: 'none', unsupported: true }
        : failureOf(answer, now)
  }
}

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
  if (document.rules.length === 0) return { kind: 'none', unsupported: false }
  const { rules, faults } = readStoredRules(document.rules, formFaults)
  return faults.length === 0 ? { kind: 'rules', rules } : { kind: 'rules', rules, faults }
}
