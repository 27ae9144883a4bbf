// One bounded HTTP exchange of our own with the endpoint (GetBucketCors, ListBuckets, the managed store): never the data path.

import { buildConnector, type Dispatcher, Pool } from 'undici'
import { fieldValues } from '../../http/field-values.ts'
import { isTlsErrorCode } from '../../http/tls-error.ts'

/** Where the endpoint is, as `upstream.url` names it. */
export interface EndpointAddress {
  readonly protocol: 'http:' | 'https:'
  /** A name or an IP address; IPv6 with or without brackets. */
  readonly hostname: string
  readonly port: number
}

/** How to reach the endpoint. */
export interface TransportOptions {
  readonly url: EndpointAddress
  readonly ca?: string | Buffer | undefined
  readonly cert?: string | Buffer | undefined
  readonly key?: string | Buffer | undefined
  /** One deadline for a whole exchange: name, connection, TLS, head and body. */
  readonly timeoutMs: number
  /** Connections kept for these calls; 8 unless told, as many as rules are ever fetched at once. */
  readonly connections?: number | undefined
}

/** One exchange, written as it shall be sent. */
export interface TransportRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  /** Origin-form request-target. */
  readonly target: string
  /** Field names and values in turn; Host among them, or the endpoint's own authority is sent. */
  readonly headers: readonly string[]
  readonly body?: Buffer | undefined
  /** The body of an answer may not be longer than this. */
  readonly maxBodyBytes: number
  readonly signal?: AbortSignal | undefined
}

/** A whole answer. */
export interface TransportAnswer {
  readonly status: number
  /** Field names and values in turn, as they came. */
  readonly headers: readonly string[]
  readonly body: Buffer
}

/** Why there was no whole answer. */
export type TransportFailureReason = 'network' | 'timeout' | 'tls' | 'dns' | 'malformed' | 'oversized'

/** A failure of the exchange itself; `detail` names codes and limits, never a secret. */
export interface TransportFailure {
  readonly kind: 'failure'
  readonly reason: TransportFailureReason
  readonly detail: string
  /** Of an answer whose body was too long: its status and the first bytes. */
  readonly oversized?: Pick<TransportAnswer, 'status' | 'body'> | undefined
}

/** How much of a body that is too long is told: enough to see what document it is. */
const beginningBytes = 1024

/** Sends one request and never rejects. */
export interface Transport {
  /** The authority that Host carries: the default port is left out, as signatures want it. */
  readonly authority: string
  send(request: TransportRequest): Promise<TransportAnswer | TransportFailure>
  close(): Promise<void>
}

/** A transport to one endpoint. It has no way to another host, so credentials cannot travel there: a redirect is an answer like any other. */
export function createTransport(options: TransportOptions): Transport {
  const { protocol, hostname, port } = options.url
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  const origin = new URL(`${protocol}//${bare.includes(':') ? `[${bare}]` : bare}:${port}`)
  // The name in SNI that the certificate is verified for; an IP address has no place there (RFC 6066 §3), and is verified itself.
  const servername = protocol === 'https:' && !/^[\d.]+$|:/.test(bare) ? bare : ''
  const connect = buildConnector({
    allowH2: false,
    timeout: options.timeoutMs,
    ...(options.ca === undefined ? {} : { ca: options.ca }),
    ...(options.cert === undefined ? {} : { cert: options.cert }),
    ...(options.key === undefined ? {} : { key: options.key }),
  })
  const pool = new Pool(origin, {
    allowH2: false,
    connections: options.connections ?? 8,
    pipelining: 1,
    keepAliveTimeout: 4000,
    keepAliveMaxTimeout: 30_000,
    // The deadline below covers everything; these only end what it has given up, such as a connection that no call waits for any more.
    headersTimeout: options.timeoutMs + 1000,
    bodyTimeout: options.timeoutMs + 1000,
    // undici would take the name from Host, which a caller may have chosen.
    connect: (target, callback) => connect({ ...target, servername }, callback),
  })

  async function send(request: TransportRequest): Promise<TransportAnswer | TransportFailure> {
    const deadline = AbortSignal.timeout(options.timeoutMs)
    const signal = request.signal === undefined ? deadline : AbortSignal.any([deadline, request.signal])
    try {
      const sent: Dispatcher.RequestOptions & { servername?: string } = {
        method: request.method,
        path: request.target,
        headers: [...request.headers],
        body: request.body ?? null,
        signal,
        reset: false,
        responseHeaders: 'raw',
        // The same for every request, or undici would open a new connection for each Host.
        servername: bare,
      }
      const { statusCode, headers, body } = await pool.request(sent)
      // undici's type says a record, which `raw` takes the place of.
      const fields = headers as unknown as readonly string[]
      if (fieldValues(fields, 'content-encoding').some(encoding => encoding.toLowerCase() !== 'identity')) {
        body.on('error', () => {}).destroy()
        return failure('malformed', 'the answer has a Content-Encoding that was not asked for')
      }
      const chunks: Buffer[] = []
      let length = 0
      for await (const chunk of body as AsyncIterable<Buffer>) {
        length += chunk.length
        chunks.push(chunk)
        // Leaving the loop destroys the body and its connection, so an endless one costs no more than this.
        if (length > request.maxBodyBytes) {
          const oversized = { status: statusCode, body: Buffer.from(Buffer.concat(chunks, beginningBytes)) }
          return { ...failure('oversized', `the answer is over ${request.maxBodyBytes} bytes`), oversized }
        }
      }
      return { status: statusCode, headers: fields, body: Buffer.concat(chunks) }
    } catch (error) {
      if (deadline.aborted) return failure('timeout', `no complete answer within ${options.timeoutMs / 1000} s`)
      if (request.signal?.aborted) return failure('network', 'given up')
      return describeError(error)
    }
  }

  return { authority: origin.host, send, close: () => pool.destroy() }
}

function failure(reason: TransportFailureReason, detail: string): TransportFailure {
  return { kind: 'failure', reason, detail }
}

function describeError(error: unknown): TransportFailure {
  const code = errorCode(error)
  const reason = reasonOf(code)
  return failure(reason, `${words[reason]} (${code})`)
}

const words: Readonly<Record<TransportFailureReason, string>> = {
  network: 'the connection failed',
  timeout: 'the connection timed out',
  tls: 'TLS failed',
  dns: 'the host name was not resolved',
  malformed: 'the answer is malformed HTTP',
  oversized: 'the answer is too large',
}

function reasonOf(code: string): TransportFailureReason {
  if (code === 'ENOTFOUND' || code.startsWith('EAI_')) return 'dns'
  if (code === 'ETIMEDOUT' || code.endsWith('_TIMEOUT')) return 'timeout'
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return 'oversized'
  if (code.startsWith('HPE_') || code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') return 'malformed'
  return isTlsErrorCode(code) ? 'tls' : 'network'
}

/** The code alone: messages of libraries can quote what was sent. */
function errorCode(error: unknown): string {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    // The one error of undici's parser has a name and no code.
    const own =
      'code' in at && at.code !== undefined ? at.code : at.name === 'HTTPParserError' ? 'HPE_INVALID' : undefined
    if (typeof own === 'string' && own !== '') return own
    if (at instanceof AggregateError && at.errors.length > 0) return errorCode(at.errors[0])
  }
  return 'no code'
}
