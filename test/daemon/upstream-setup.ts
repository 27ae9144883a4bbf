// A whole process with `from: upstream`, in front of an endpoint that answers its questions as a test says.

import type { Test } from 'tap'
import { type HttpResponse, sendHttp } from '../clients/http-request.ts'
import { type ProxyProcess, startProxy } from '../fixtures/proxy-process.ts'
import {
  type RecordedConnection,
  type RecordingUpstream,
  startRecordingUpstream,
} from '../fixtures/recording-upstream.ts'
import type { ReceivedRequest } from '../fixtures/request-reader.ts'

export const page = 'https://app.example'
export const secret = 'canary-secret-of-the-proxy'
export const env = { AWS_ACCESS_KEY_ID: 'AKIAPROXY', AWS_SECRET_ACCESS_KEY: secret }

export function rulesFor(origin: string): string {
  return `<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>${origin}</AllowedOrigin></CORSRule></CORSConfiguration>`
}

export function answerOf(status: number, body: string, fields = ''): string {
  return `HTTP/1.1 ${status} Answer\r\n${fields}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

export const errorOf = (status: number, code: string, fields = '') =>
  answerOf(status, `<?xml version="1.0"?><Error><Code>${code}</Code></Error>`, fields)

type Reply = string | undefined | Promise<string | undefined>
export type CorsReply = (request: ReceivedRequest, connection: RecordedConnection) => Reply

export interface Rig {
  readonly upstream: RecordingUpstream
  readonly proxy: ProxyProcess
  /** What GetBucketCors answers, and ListBuckets. */
  readonly endpoint: { cors: CorsReply; list: () => Reply }
  /** The proxy's own questions about this bucket, or about any. */
  asked(bucket?: string): readonly ReceivedRequest[]
}

interface Options {
  readonly cors: CorsReply
  readonly list?: () => Reply
  readonly buckets: string
  readonly rules?: string
  /** How long one call may take; half a second unless told. */
  readonly timeoutSeconds?: number
  readonly more?: string
  readonly environment?: Readonly<Record<string, string>>
}

export async function setUp(t: Test, options: Options): Promise<Rig> {
  const endpoint = { cors: options.cors, list: options.list ?? (() => errorOf(403, 'AccessDenied')) }
  const upstream = await startRecordingUpstream(t, {
    answer: (request, connection) => {
      if (request.method === 'GET' && request.target.endsWith('?cors')) return endpoint.cors(request, connection)
      if (request.target === '/') return endpoint.list()
      return answerOf(200, request.method === 'HEAD' ? '' : 'object', `Access-Control-Allow-Origin: ${page}\r\n`)
    },
  })
  const times = options.rules ?? 'freshSeconds: 60'
  const text = `upstream:
  url: ${upstream.url}
rules:
  timeoutSeconds: ${options.timeoutSeconds ?? 0.5}
  ${times}
log:
  level: trace
  access: true
${options.more ?? ''}buckets:
${options.buckets}`
  const proxy = await startProxy(text, { env: options.environment ?? env })
  t.teardown(() => proxy.stop('SIGINT'))
  const asked = (bucket?: string) =>
    upstream.requests.filter(({ target }) =>
      bucket === undefined ? target.endsWith('?cors') : target === `/${bucket}?cors`,
    )
  return { upstream, proxy, endpoint, asked }
}

export function preflight(proxy: ProxyProcess, bucket: string, origin = page): Promise<HttpResponse> {
  const headers = { Origin: origin, 'Access-Control-Request-Method': 'GET' }
  return sendHttp({ url: `${proxy.url}/${bucket}/key`, method: 'OPTIONS', headers })
}

export const codeOf = ({ body }: HttpResponse) => /<Code>(.*)<\/Code>/.exec(String(body))?.[1]

export async function timed<T>(work: Promise<T>): Promise<{ readonly result: T; readonly ms: number }> {
  const from = performance.now()
  const result = await work
  return { result, ms: performance.now() - from }
}

export const never: CorsReply = () => undefined

export async function metrics(proxy: ProxyProcess): Promise<string> {
  return String((await sendHttp({ url: `${proxy.adminUrl}/metrics` })).body)
}
