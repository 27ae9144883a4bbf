// PUT, GET and DELETE /BUCKET?cors, answered here as S3 answers them. Who may is the endpoint's decision, on the caller's signature.

import type { CorsRule } from '../../cors/rules/rule.ts'
import { renderCorsConfigurationXml } from '../../s3/cors-operation/cors-configuration-xml.ts'
import { corsQuery } from '../../s3/cors-operation/cors-query.ts'
import { readPutBucketCors } from '../../s3/cors-operation/put-bucket-cors.ts'
import { noSuchCorsConfiguration, s3Errors } from '../../s3/errors/error-catalogue.ts'
import { inspectCallerSignature } from '../../s3/signature/caller-signature.ts'
import {
  createPermission,
  type ManagedAnswer,
  type ManagedRequest,
  type PermissionOptions,
  unavailable,
} from './caller-permission.ts'

/** The status of an answer. */
export function statusOf(answer: ManagedAnswer): number {
  return 'error' in answer ? answer.error.status : answer.status
}

/** What the handler works with. */
export interface ManagedHandlerOptions extends PermissionOptions {
  /** The rules that are stored now; rejects when the store does not answer. */
  readonly read: (bucket: string) => Promise<readonly CorsRule[] | undefined>
  /** Stores rules, or that there are none; resolves when they are durable. */
  readonly write: (bucket: string, rules: readonly CorsRule[] | undefined, changedBy: string) => Promise<void>
  /** Told why the store does not answer, once for each reason. */
  readonly storeFailed?: ((bucket: string, detail: string) => void) | undefined
}

/**
 * Each keeps its content until the endpoint has answered, whether its client is still there or not: while the endpoint is slow, more
 * would be kept than there is memory.
 */
const mostUnderWay = 32

/** Never rejects. A request changes something only after the endpoint has said yes to it in the one way that is known to be safe. */
export function createManagedHandler(
  options: ManagedHandlerOptions,
): (request: ManagedRequest) => Promise<ManagedAnswer> {
  const ask = createPermission(options)

  async function handle(request: ManagedRequest): Promise<ManagedAnswer> {
    const { method, bucket, headers, body } = request
    const query = isPlainPath(request.target) ? corsQuery(request.target) : 'mixed'
    if (method === 'GET') {
      if (query !== 'exact' && query !== 'presigned') return denied
      return afterYes(bucket, await ask(request, 'GET', undefined), () => get(request))
    }
    if (method !== 'PUT' && method !== 'DELETE') return { error: s3Errors.methodNotAllowed }
    if (query !== 'exact') return denied
    if (body === undefined) return { error: s3Errors.malformedXml }
    const caller = inspectCallerSignature(headers, body, request.tls)
    if ('error' in caller) return caller
    return afterYes(bucket, await ask(request, method, body), async () => {
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

  /** Why the store failed last; undefined once it has answered. */
  let failure: string | undefined
  async function afterYes(
    bucket: string,
    said: 'yes' | ManagedAnswer,
    answer: () => Promise<ManagedAnswer>,
  ): Promise<ManagedAnswer> {
    if (said !== 'yes') return said
    try {
      const given = await answer()
      failure = undefined
      return given
    } catch (error) {
      const detail = error instanceof Error ? error.message : 'the store failed'
      if (detail !== failure) options.storeFailed?.(bucket, detail)
      failure = detail
      return unavailable
    }
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

/** `/BUCKET`, `/BUCKET/`, or `/` where the Host names the bucket: of more slashes or dots endpoints make different things. */
function isPlainPath(target: string): boolean {
  const path = target.slice(0, target.indexOf('?'))
  const second = path.indexOf('/', 1)
  return second < 0 || second === path.length - 1
}

const nothing = Buffer.alloc(0)
const denied = { error: s3Errors.accessDenied } as const
