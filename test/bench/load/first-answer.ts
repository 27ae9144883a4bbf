// One request by hand, to see that a peer does what the others do before it is measured.

import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { RepeatedRequest } from './load-result.ts'

export interface FirstAnswer {
  readonly status: number
  readonly allowedOrigin: string | undefined
}

export async function firstAnswer(port: number, request: RepeatedRequest): Promise<FirstAnswer> {
  const { method, target, fields, bodyBytes } = request
  const headers = [...fields, ...(bodyBytes > 0 ? [`Content-Length: ${bodyBytes}`] : [])]
  const sent = httpRequest({
    host: '127.0.0.1',
    port,
    method,
    path: target,
    agent: false,
    setHost: false,
    headers: headers.flatMap(line => line.split(/: (.*)/s, 2)),
  })
  sent.end(bodyBytes > 0 ? Buffer.alloc(bodyBytes) : undefined)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const allowed = response.headers['access-control-allow-origin']
  response.destroy()
  return { status: response.statusCode ?? 0, allowedOrigin: allowed }
}
