// PUT, GET and DELETE /BUCKET?cors, answered here as S3 answers them. Who may is the endpoint's decision, on the caller's signature.

import type { CorsRule } from '../../cors/rules/rule.ts'
import { renderCorsConfigurationXml } from '../../s3/cors-operation/cors-configuration-xml.ts'
import { corsQuery } from '../../s3/cors-operation/cors-query.ts'
import { readPutBucketCors } from '../../s3/cors-operation/put-bucket-cors.ts'
import type { Transport, TransportAnswer } from '../../s3/endpoint/endpoint-transport.ts'
import { parseErrorDocument } from '../../s3/endpoint/error-document.ts'
import { noSuchBucket, noSuchCorsConfiguration, type S3Error, s3Errors } from '../../s3/errors/error-catalogue.ts'
import { inspectCallerSignature } from '../../s3/signature/caller-signature.ts'
import { isYesTo } from './endpoint-probe.ts'
import type { EndpointSafety } from './endpoint-safety.ts'
import { forwardedFields, relayedFields } from './verdict-fields.ts'

/** A request to `?cors` of a managed bucket, its body read. */
export interface ManagedRequest {
  readonly bucket: string
  readonly method: string
  /** Byte for byte as it came. */
  readonly target: string
  /** Names and values in turn, as the data path would forward them, Host included. */
  readonly headers: readonly string[]
  /** Undefined: longer than 64 KiB, and not read. */
  readonly body: Buffer | undefined
  /** It came over our own TLS. */
  readonly tls: boolean
}

/** The answer, but for request ids and CORS fields, which the rules before it decide: an error of our own, or a whole response. */
export type ManagedAnswer =
  | { readonly error: S3Error }
  | {
      readonly status: number
      /** Names and values in turn. */
      readonly headers: readonly string[]
      readonly body: Buffer
    }

/** The status of an answer. */
export function statusOf(answer: ManagedAnswer): number {
  return 'error' in answer ? answer.error.status : answer.status
}

/** What the handler works with. */
export interface ManagedHandlerOptions {
  readonly safety: EndpointSafety
  /** Sends the caller's own request to the endpoint. */
  readonly forward: Transport['send']
  /** Whether the bucket is there, asked with the proxy's own key. */
  readonly find: (bucket: string) => Promise<'there' | 'gone' | 'unknown'>
  /** The rules that are stored now; rejects when the store does not answer. */
  readonly read: (bucket: string) => Promise<readonly CorsRule[] | undefined>
  /** Stores rules, or that there are none; resolves when they are durable. */
  readonly write: (bucket: string, rules: readonly CorsRule[] | undefined, changedBy: string) => Promise<void>
  /** Told when a bucket, or every one, cannot be managed any more. */
  readonly disabled: (bucket: string, detail: string) => void
}

/**
 * Each keeps its content until the endpoint has answered, whether its client is still there or not: while the endpoint is slow, more
 * would be kept than there is memory.
 */
const mostUnderWay = 32

/** The endpoint's error documents and listings of `?cors` are far smaller. */
const maxRelayedBytes = 256 * 1024

/** Never rejects. A request changes something only after the endpoint has said yes to it in the one way that is known to be safe. */
export function createManagedHandler(
  options: ManagedHandlerOptions,
): (request: ManagedRequest) => Promise<ManagedAnswer> {
  async function handle(request: ManagedRequest): Promise<ManagedAnswer> {
    const { method, bucket, headers, body } = request
    const query = isPlainPath(request.target) ? corsQuery(request.target) : 'mixed'
    if (method === 'GET') {
      if (query !== 'exact' && query !== 'presigned') return denied
      return ask(request, 'GET', undefined, () => get(request))
    }
    if (method !== 'PUT' && method !== 'DELETE') return { error: s3Errors.methodNotAllowed }
    if (query !== 'exact') return denied
    if (body === undefined) return { error: s3Errors.malformedXml }
    const caller = inspectCallerSignature(headers, body, request.tls)
    if ('error' in caller) return caller
    return ask(request, method, body, async () => {
      if (method === 'DELETE') {
        await options.write(bucket, undefined, caller.accessKeyId)
        return { status: 204, headers: [], body: nothing }
      }
      const put = readPutBucketCors(headers, body)
      if ('error' in put) return put
      await options.write(bucket, put.rules, caller.accessKeyId)
      return { status: 200, headers: ['Content-Length', '0'], body: nothing }
    })
  }

  /** Has the endpoint decide, and goes on only after its yes. Of the endpoint's own answers only those pass that are no success. */
  async function ask(
    request: ManagedRequest,
    method: Method,
    body: Buffer | undefined,
    yes: () => Promise<ManagedAnswer>,
  ): Promise<ManagedAnswer> {
    const safety = await options.safety.check(request.bucket)
    if (safety.kind === 'no-such-bucket') return { error: noSuchBucket(request.bucket) }
    if (safety.kind !== 'safe') return unavailable
    const { target } = request
    const sent = { method, target, headers: forwardedFields(request.headers), body, maxBodyBytes: maxRelayedBytes }
    const answer = await options.forward(sent)
    if ('kind' in answer) return { error: answer.reason === 'timeout' ? s3Errors.gatewayTimeout : s3Errors.badGateway }
    const verdict = isYes(request, method, answer, safety.getNotImplemented === true)
      ? 'yes'
      : await judge(request.bucket, method, answer)
    if (verdict === 'yes') return yes().catch(() => unavailable)
    if (verdict === 'unusable') return unavailable
    const headers = [...relayedFields(answer.headers), 'Content-Length', String(answer.body.length)]
    return { status: answer.status, headers, body: answer.body }
  }

  /**
   * What to make of an answer that is not the plain yes. A success of the endpoint's changes nothing here, and so is never
   * relayed: with one exception it says that the endpoint is not what the probe found. The exception is DELETE, which rclone
   * 1.76 answers 204 although it keeps no rules: as the probe has seen that it verifies signatures, that is a yes, if the
   * bucket is still there. If it is not, `DELETE ?cors` was DeleteBucket.
   */
  async function judge(bucket: string, method: Method, answer: TransportAnswer): Promise<Verdict> {
    const { status } = answer
    // 304: no client was told an ETag of these rules.
    if (status >= 300 && status !== 304) return 'no'
    const said = `${method} ?cors: the endpoint answered ${status}`
    if (method !== 'DELETE' || status >= 300) {
      options.safety.disable(bucket, `${said}, so it stores rules itself`)
      options.disabled(bucket, `${said}, so it stores rules itself`)
      return 'unusable'
    }
    const found = await options.find(bucket)
    if (found === 'there') return 'yes'
    if (found === 'gone') {
      options.safety.disableAll(`${said}, and the bucket ${bucket} was gone`)
      options.disabled(bucket, `${said}, and the bucket was gone: no bucket of this endpoint is managed any more`)
    }
    return 'unusable'
  }

  async function get(request: ManagedRequest): Promise<ManagedAnswer> {
    const rules = await options.read(request.bucket)
    if (rules === undefined) return { error: noSuchCorsConfiguration(request.bucket) }
    const body = Buffer.from(renderCorsConfigurationXml(rules))
    const headers = ['Content-Type', 'application/xml', 'Content-Length', String(body.length)]
    return { status: 200, headers, body }
  }

  let underWay = 0
  return async request => {
    if (underWay >= mostUnderWay) return { error: s3Errors.slowDown }
    underWay++
    try {
      return await handle(request)
    } catch {
      return { error: s3Errors.internalError }
    } finally {
      underWay--
    }
  }
}

type Method = 'GET' | 'PUT' | 'DELETE'

/** `no`: the endpoint's own refusal, to be relayed. `unusable`: an answer that must not be. */
type Verdict = 'yes' | 'no' | 'unusable'

/** With this the endpoint has verified the signature and found out that it does not know the operation. */
function isYes(
  { headers, tls }: ManagedRequest,
  method: Method,
  answer: TransportAnswer,
  getNotImplemented: boolean,
): boolean {
  const { status } = answer
  if (!isYesTo(method, status, parseErrorDocument(answer)?.code)) return false
  if (method !== 'GET' || status !== 501) return true
  // A 501 is also what some endpoints say, before they look at a signature, of a field that they do not implement: so it counts only
  // where the probe was answered so, and with what a PUT has to have.
  return getNotImplemented && !('error' in inspectCallerSignature(headers, nothing, tls))
}

/** `/BUCKET`, `/BUCKET/`, or `/` where the Host names the bucket: of more slashes or dots endpoints make different things. */
function isPlainPath(target: string): boolean {
  const path = target.slice(0, target.indexOf('?'))
  const second = path.indexOf('/', 1)
  return second < 0 || second === path.length - 1
}

const nothing = Buffer.alloc(0)
const denied = { error: s3Errors.accessDenied } as const
const unavailable = { error: s3Errors.serviceUnavailable } as const
