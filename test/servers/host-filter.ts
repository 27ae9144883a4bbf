// The front of an endpoint that serves its own names alone, as public ones do, before a real S3 server. What one of them says
// to a foreign Host is not in its documentation; this says what AWS and RGW say, who take it for the name of a bucket.

import { once } from 'node:events'
import { type IncomingMessage, request, type ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Owner } from '../fixtures/recording-upstream.ts'
import { createTestAuthority } from '../fixtures/test-authority.ts'

export interface HostFilter {
  /** `https://localhost:PORT`. */
  readonly url: string
  /** `localhost:PORT`; before it may stand the name of a bucket and a dot. */
  readonly authority: string
  /** The authority that signed its certificate, PEM. */
  readonly ca: string
  /** Every Host that was refused. */
  readonly refused: readonly string[]
}

/** The name that the server behind must know: its rgw_dns_name or MINIO_DOMAIN. */
export const filteredName = 'localhost'

const noSuchBucket =
  '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message></Error>'

/** Starts it before `endpoint`, with a certificate for its name and those of `buckets`; closed when `owner` ends. */
export async function startHostFilter(owner: Owner, endpoint: string, buckets: readonly string[]): Promise<HostFilter> {
  const authority = createTestAuthority()
  const refused: string[] = []
  const names = [filteredName, ...buckets.map(bucket => `${bucket}.${filteredName}`)]
  const server = createServer(authority.issue(names), (incoming, response) => {
    const { host = '' } = incoming.headers
    const own = `${filteredName}:${(server.address() as AddressInfo).port}`
    if (host === own || host.endsWith(`.${own}`)) pass(endpoint, incoming, response)
    else {
      refused.push(host)
      incoming.resume()
      response.writeHead(404, { 'Content-Type': 'application/xml', 'Content-Length': noSuchBucket.length })
      response.end(noSuchBucket)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  owner.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return { url: `https://${filteredName}:${port}`, authority: `${filteredName}:${port}`, ca: authority.ca, refused }
}

function pass(endpoint: string, incoming: IncomingMessage, response: ServerResponse): void {
  const { method, url: path, rawHeaders: headers } = incoming
  const { hostname, port } = new URL(endpoint)
  const outgoing = request({ hostname, port, method, path, headers, setHost: false }, answer => {
    response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
    answer.pipe(response)
  })
  outgoing.on('error', () => response.destroy())
  response.on('close', () => outgoing.destroy())
  incoming.pipe(outgoing)
}
