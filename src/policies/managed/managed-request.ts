// PUT, GET and DELETE /BUCKET?cors, answered here as S3 answers them. Who may is the endpoint's decision, on the caller's signature.

import type { CorsRule } from '../../cors/rule.ts'
import { accessDenied, inspectCallerSignature } from '../../s3/caller-signature.ts'
import { renderCorsConfigurationXml } from '../../s3/cors-configuration-xml.ts'
import { corsQuery } from '../../s3/cors-query.ts'
import type { Transport, TransportAnswer } from '../../s3/endpoint-transport.ts'
import { parseErrorDocument } from '../../s3/error-document.ts'
import { renderError, type S3Error, s3Errors } from '../../s3/error-response.ts'
import { malformedXml, readPutBucketCors } from '../../s3/put-bucket-cors.ts'
import type { RequestIds } from '../../s3/request-ids.ts'
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
  readonly ids: RequestIds
}

/** The answer, but for request ids and CORS fields, which the rules before it decide. */
export interface ManagedAnswer {
  readonly status: number
  /** Names and values in turn. */
  readonly headers: readonly string[]
  readonly body: Buffer
  /** Of our own errors. */
  readonly s3Code: string | undefined
}

/** What the handler works with. */
export interface ManagedHandlerOptions {
  readonly safety: EndpointSafety
  /** Sends the caller's own request to the endpoint. */
  readonly forward: Transport['send']
  /** The rules that are stored now; rejects when the store does not answer. */
  readonly read: (bucket: string) => Promise<readonly CorsRule[] | undefined>
  /** Stores rules, or that there are none; resolves when they are durable. */
  readonly write: (bucket: string, rules: readonly CorsRule[] | undefined, changedBy: string) => Promise<void>
  /** Told when a bucket cannot be managed any more. */
  readonly disabled: (bucket: string, detail: string) => void
}

/** The endpoint's error documents and listings of `?cors` are far smaller. */
const maxRelayedBytes = 256 * 1024

/** Never rejects. A request changes something only after the endpoint has said yes to it in the one way that is known to be safe. */
export function createManagedHandler(
  options: ManagedHandlerOptions,
): (request: ManagedRequest) => Promise<ManagedAnswer> {
  async function handle(request: ManagedRequest): Promise<ManagedAnswer> {
    const { method, bucket, headers, body } = request
    const query = corsQuery(request.target)
    if (method === 'GET') {
      if (query !== 'exact' && query !== 'presigned') return refuse(request, accessDenied)
      return ask(request, 'GET', undefined, () => get(request))
    }
    if (method !== 'PUT' && method !== 'DELETE') return refuse(request, s3Errors.methodNotAllowed)
    if (query !== 'exact') return refuse(request, accessDenied)
    if (body === undefined) return refuse(request, malformedXml)
    const caller = inspectCallerSignature(headers, body, request.tls)
    if ('error' in caller) return refuse(request, caller.error)
    return ask(request, method, body, async () => {
      if (method === 'DELETE') {
        await options.write(bucket, undefined, caller.accessKeyId)
        return { status: 204, headers: [], body: nothing, s3Code: undefined }
      }
      const put = readPutBucketCors(headers, body)
      if ('error' in put) return refuse(request, put.error)
      await options.write(bucket, put.rules, caller.accessKeyId)
      return { status: 200, headers: ['Content-Length', '0'], body: nothing, s3Code: undefined }
    })
  }

  /** Has the endpoint decide, and goes on only after its yes. */
  async function ask(
    request: ManagedRequest,
    method: 'GET' | 'PUT' | 'DELETE',
    body: Buffer | undefined,
    yes: () => Promise<ManagedAnswer>,
  ): Promise<ManagedAnswer> {
    const safety = await options.safety.check(request.bucket)
    if (safety.kind === 'no-such-bucket') return refuse(request, noSuchBucket(request.bucket))
    if (safety.kind !== 'safe') return refuse(request, s3Errors.serviceUnavailable)
    const { target } = request
    const sent = { method, target, headers: forwardedFields(request.headers), body, maxBodyBytes: maxRelayedBytes }
    const answer = await options.forward(sent)
    if ('kind' in answer)
      return refuse(request, answer.reason === 'timeout' ? s3Errors.gatewayTimeout : s3Errors.badGateway)
    if (isYes(method, answer)) return yes().catch(() => refuse(request, s3Errors.serviceUnavailable))
    if (answer.status >= 200 && answer.status < 300) {
      const detail = `${method} ?cors: the endpoint answered ${answer.status}, so it stores rules itself`
      options.safety.disable(request.bucket, detail)
      options.disabled(request.bucket, detail)
    }
    const headers = [...relayedFields(answer.headers), 'Content-Length', String(answer.body.length)]
    return { status: answer.status, headers, body: answer.body, s3Code: undefined }
  }

  async function get(request: ManagedRequest): Promise<ManagedAnswer> {
    const rules = await options.read(request.bucket)
    if (rules === undefined) return refuse(request, noSuchConfiguration(request.bucket))
    return xml(200, renderCorsConfigurationXml(rules), undefined)
  }

  return request => handle(request).catch(() => refuse(request, s3Errors.internalError))
}

/** Nothing but this is a yes: with it the endpoint has verified the signature and found out that it does not know the operation. */
function isYes(method: 'GET' | 'PUT' | 'DELETE', answer: TransportAnswer): boolean {
  const [status, code] = method === 'GET' ? [404, 'NoSuchCORSConfiguration'] : [501, 'NotImplemented']
  return answer.status === status && parseErrorDocument(answer)?.code === code
}

const nothing = Buffer.alloc(0)

function refuse(request: ManagedRequest, error: S3Error): ManagedAnswer {
  const { requestId, hostId } = request.ids
  const answer = xml(error.status, renderError(error, requestId, hostId), error.code)
  const extra: string[] = []
  if (error.retryAfterSeconds !== undefined) extra.push('Retry-After', String(error.retryAfterSeconds))
  if (error.closes) extra.push('Connection', 'close')
  return { ...answer, headers: [...answer.headers, ...extra] }
}

function xml(status: number, text: string, s3Code: string | undefined): ManagedAnswer {
  const body = Buffer.from(text)
  return { status, headers: ['Content-Type', 'application/xml', 'Content-Length', String(body.length)], body, s3Code }
}

function noSuchBucket(bucket: string): S3Error {
  const fields = [['BucketName', bucket]] as const
  return { status: 404, code: 'NoSuchBucket', message: 'The specified bucket does not exist', fields }
}

function noSuchConfiguration(bucket: string): S3Error {
  const fields = [['BucketName', bucket]] as const
  return { status: 404, code: 'NoSuchCORSConfiguration', message: 'The CORS configuration does not exist', fields }
}
