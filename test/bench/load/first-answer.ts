// One request by hand, to see that a peer does what the others do before it is measured.

import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect, type IncomingHttpHeaders } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import type { RepeatedRequest } from './load-result.ts'

/** A peer that answers nothing ends the benchmark with an error, not with silence. */
const answerWithinMs = 30_000

export interface FirstAnswer {
  readonly status: number
  readonly allowedOrigin: string | undefined
}

export async function firstAnswer(port: number, request: RepeatedRequest): Promise<FirstAnswer> {
  const { method, target, fields, bodyBytes, tls } = request
  const headers = [...fields, ...(bodyBytes > 0 ? [`Content-Length: ${bodyBytes}`] : [])]
  const options = {
    host: '127.0.0.1',
    port,
    method,
    path: target,
    agent: false,
    setHost: false,
    headers: headers.flatMap(line => line.split(/: (.*)/s, 2)),
  }
  const sent = tls === true ? httpsRequest({ ...options, rejectUnauthorized: false }) : httpRequest(options)
  sent.end(bodyBytes > 0 ? Buffer.alloc(bodyBytes) : undefined)
  const [response] = (await once(sent, 'response', { signal: AbortSignal.timeout(answerWithinMs) })) as [
    IncomingMessage,
  ]
  const allowed = response.headers['access-control-allow-origin']
  response.destroy()
  return { status: response.statusCode ?? 0, allowedOrigin: allowed }
}

/** The same over HTTP/2 and TLS. */
export async function firstHttp2Answer(port: number, request: RepeatedRequest): Promise<FirstAnswer> {
  const { method, target, fields, bodyBytes } = request
  const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
  try {
    const lines = fields.map(line => line.replace(/^Host:/, ':authority:').split(/(?<=.): (.*)/s, 2))
    const stream = session.request(
      { ':method': method, ':path': target, ...Object.fromEntries(lines) },
      { endStream: bodyBytes === 0 },
    )
    if (bodyBytes > 0) stream.end(Buffer.alloc(bodyBytes))
    const [head] = (await once(stream, 'response', { signal: AbortSignal.timeout(answerWithinMs) })) as [
      IncomingHttpHeaders,
    ]
    return { status: Number(head[':status']), allowedOrigin: head['access-control-allow-origin'] }
  } finally {
    session.destroy()
  }
}
