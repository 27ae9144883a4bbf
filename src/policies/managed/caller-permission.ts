// Who may read or change the rules of a managed bucket: the endpoint decides, on the caller's own signature.

import type { Transport, TransportAnswer } from '../../s3/endpoint/endpoint-transport.ts'
import { parseErrorDocument } from '../../s3/endpoint/error-document.ts'
import { noSuchBucket, type S3Error, s3Errors } from '../../s3/errors/error-catalogue.ts'
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

/** What the endpoint is asked with. */
export interface PermissionOptions {
  readonly safety: EndpointSafety
  /** Sends the caller's own request to the endpoint. */
  readonly forward: Transport['send']
  /** Whether the bucket is there, asked with the proxy's own key. */
  readonly find: (bucket: string) => Promise<'there' | 'gone' | 'unknown'>
  /** Told when a bucket, or every one, cannot be managed any more. */
  readonly disabled: (bucket: string, detail: string) => void
}

/** Says whether the caller may: 'yes', or what the caller is answered instead. Rejects when the endpoint cannot be asked. */
export type AskPermission = (
  request: ManagedRequest,
  method: ManagedMethod,
  body: Buffer | undefined,
) => Promise<'yes' | ManagedAnswer>

/** What a caller may ask of the rules of a managed bucket. */
export type ManagedMethod = 'GET' | 'PUT' | 'DELETE'

/** The endpoint's and the proxy's answer where rules cannot be managed now. */
export const unavailable = { error: s3Errors.serviceUnavailable } as const

/** The endpoint's own longest answer to `?cors` that is relayed: its error documents and listings are far smaller. */
const maxRelayedBytes = 256 * 1024

/** Has the endpoint decide. Of its own answers only those are relayed that are no success. */
export function createPermission(options: PermissionOptions): AskPermission {
  /**
   * What to make of an answer that is not the plain yes. A success of the endpoint's changes nothing here, and so is never
   * relayed: with one exception it says that the endpoint is not what the probe found. The exception is DELETE, which rclone
   * 1.76 answers 204 although it keeps no rules: as the probe has seen that it verifies signatures, that is a yes, if the
   * bucket is still there. If it is not, `DELETE ?cors` was DeleteBucket.
   */
  async function judge(bucket: string, method: ManagedMethod, answer: TransportAnswer): Promise<Verdict> {
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

  return async (request, method, body) => {
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
    if (verdict === 'yes') return 'yes'
    if (verdict === 'unusable') return unavailable
    const headers = [...relayedFields(answer.headers), 'Content-Length', String(answer.body.length)]
    return { status: answer.status, headers, body: answer.body }
  }
}

/** `no`: the endpoint's own refusal, to be relayed. `unusable`: an answer that must not be. */
type Verdict = 'yes' | 'no' | 'unusable'

/** With this the endpoint has verified the signature and found out that it does not know the operation. */
function isYes(
  { headers, tls }: ManagedRequest,
  method: ManagedMethod,
  answer: TransportAnswer,
  getNotImplemented: boolean,
): boolean {
  const { status } = answer
  if (!isYesTo(method, status, parseErrorDocument(answer)?.code)) return false
  if (method !== 'GET' || status !== 501) return true
  // A 501 is also what some endpoints say, before they look at a signature, of a field that they do not implement: so it counts only
  // where the probe was answered so, and with what a PUT has to have.
  return getNotImplemented && !('error' in inspectCallerSignature(headers, Buffer.alloc(0), tls))
}
