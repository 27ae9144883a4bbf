import type { TLSSocket } from 'node:tls'
import { flatFields } from '../../http/flat-fields.ts'
import type { ManagedAnswer } from '../../policies/managed/caller-permission.ts'
import type { ClientRequest } from '../client/client-request.ts'
import type { ClientResponse } from '../client/client-response.ts'
import { OutgoingFields } from '../client/outgoing-fields.ts'
import { identify, noStoreLine, sendError, sendReply } from '../exchange/local-reply.ts'
import { appendCors, type ResponseCors } from '../exchange/relayed-fields.ts'
import type { GuardedRequest } from '../request/request-guard.ts'
import { endRequest, type RequestRecord } from '../request/request-record.ts'
import { KeptContent } from '../shares/kept-content.ts'
import { hasContent } from '../upstream/request/request-framing.ts'
import type { ManagedOperations, ProxyContext } from './proxy-context.ts'

// PutBucketCors takes 64 KB; this is also all that one caller can make us hold.
const maxBodyBytes = 64 * 1024

/**
 * Reads the content of a `?cors` request, at most as much as S3 takes, and answers it. `cors` is what the rules before
 * this operation allow: S3 answers a PUT or DELETE with the CORS fields of the rules it replaces. Ends the request.
 */
export async function answerManaged(
  context: ProxyContext,
  operations: ManagedOperations,
  exchange: {
    readonly request: ClientRequest
    readonly response: ClientResponse
    readonly guarded: GuardedRequest
    readonly record: RequestRecord
    readonly expectsContinue: boolean
    readonly bucket: string
    readonly host: string
    /** What tells the endpoint who the caller is, as for every request that is forwarded; each line with its CRLF. */
    readonly forwardedLines: string
    readonly cors: ResponseCors
  },
): Promise<void> {
  const { request, response, guarded, record, bucket } = exchange
  record.kind = 'managed'
  record.decision = undefined
  // A client that waits for a 100 sends nothing without it: what is announced to be too long is not waited for.
  const tooLong = Number(guarded.contentLength ?? 0) > maxBodyBytes
  if (hasContent(guarded) && exchange.expectsContinue && !tooLong) response.writeContinue()
  const body = tooLong ? undefined : hasContent(guarded) ? await readContent(request, record) : Buffer.alloc(0)
  if (body === 'aborted') {
    record.clientAborted = true
    endRequest(context, record)
    return
  }
  const answer = await operations.handle({
    bucket,
    method: guarded.method,
    target: guarded.target,
    headers: ['Host', exchange.host, ...flatFields(guarded.lines + exchange.forwardedLines)],
    body,
    tls: (request.socket as Partial<TLSSocket>).encrypted === true,
  })
  if (response.destroyed) record.clientAborted = true
  else sendAnswer(context, exchange, answer, body === undefined)
  endRequest(context, record)
}

function sendAnswer(
  context: ProxyContext,
  { request, response, record, cors }: Parameters<typeof answerManaged>[2],
  answer: ManagedAnswer,
  unread: boolean,
): void {
  const fields = new OutgoingFields()
  fields.closes = unread
  if ('error' in answer) {
    appendCors(fields, cors, undefined)
    sendError(context, request, response, record, answer.error, fields)
    return
  }
  const { status, headers, body } = answer
  const names = headers.filter((_, index) => index % 2 === 0).map(name => name.toLowerCase())
  const upstreamVary = names.flatMap((name, index) => (name === 'vary' ? [headers[2 * index + 1] ?? ''] : []))
  for (const [index, name] of names.entries()) {
    if (name !== 'vary' || !cors.governed) fields.addAny(headers[2 * index] ?? '', headers[2 * index + 1] ?? '')
  }
  const relayedId = names.indexOf('x-amz-request-id')
  if (relayedId < 0) identify(fields, context.ids(), record)
  else record.requestId = headers[2 * relayedId + 1]
  if (cors.varyAlways && !names.includes('cache-control')) fields.lines += noStoreLine
  appendCors(fields, cors, upstreamVary)
  sendReply(context, request, response, record, status, fields, body)
}

/** The whole content; undefined when it is longer than S3 takes, and then the rest of it is not read. */
function readContent(request: ClientRequest, record: RequestRecord): Promise<Buffer | undefined | 'aborted'> {
  return new Promise(resolve => {
    const kept = new KeptContent(maxBodyBytes)
    request.holder = kept
    const settle = (result: Buffer | undefined | 'aborted') => {
      request.off('data', take)
      request.off('end', finish)
      request.off('close', abort)
      resolve(result)
    }
    const take = (chunk: Buffer) => {
      record.requestBodyBytes += chunk.length
      if (kept.add(chunk)) return
      request.pause()
      request.holder = undefined
      settle(undefined)
    }
    const finish = () => settle(kept.content)
    const abort = () => settle('aborted')
    request.on('data', take)
    request.on('end', finish)
    request.on('close', abort)
  })
}
