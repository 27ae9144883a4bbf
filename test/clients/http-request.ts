// Plain HTTP/1.1 without a client's own ideas: presigned requests, and requests as a browser would make them.

import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import type { LookupFunction } from 'node:net'

export interface HttpRequest {
  readonly url: string
  readonly method?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: Uint8Array | string | undefined
}

export interface HttpResponse {
  readonly status: number
  /** As node:http joins them, names in lower case. */
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
}

/** Every name is this machine: Node asks the system's resolver for `*.localhost`, which may not know it. */
export const lookupLoopback: LookupFunction = (_hostname, options, callback) => {
  if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }])
  else callback(null, '127.0.0.1', 4)
}

export function loopbackAgent(): Agent {
  return new Agent({ keepAlive: true, lookup: lookupLoopback })
}

/** Asks the admin port, which takes a client that says `Connection: close` for a relay. */
export async function askAdmin(asked: HttpRequest): Promise<HttpResponse> {
  const agent = loopbackAgent()
  try {
    return await sendHttp(asked, agent)
  } finally {
    agent.destroy()
  }
}

/** Sends one request, on a connection of its own unless an agent is given, and reads the whole response. */
export function sendHttp(
  { url, method = 'GET', headers, body }: HttpRequest,
  agent: Agent | false = false,
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers, agent, lookup: lookupLoopback }, incoming => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.once('error', reject)
      incoming.once('end', () => {
        const { statusCode: status = 0, headers, rawHeaders } = incoming
        resolve({ status, headers, rawHeaders, body: Buffer.concat(chunks) })
      })
    })
    outgoing.setTimeout(60_000, () => outgoing.destroy(new Error(`${method} ${url}: no answer in 60 s`)))
    outgoing.once('error', reject)
    outgoing.end(body)
  })
}

/** The body and its Content-Type of an HTML form with a file field, the file last, as S3's POST Object wants it. */
export async function encodeForm(fields: Readonly<Record<string, string>>, file: Uint8Array) {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  form.append('file', new Blob([Uint8Array.from(file)]), 'upload.bin')
  const encoded = new Response(form)
  const headers = { 'Content-Type': encoded.headers.get('content-type') ?? '' }
  return { headers, body: new Uint8Array(await encoded.arrayBuffer()) }
}
