// The server around http-proxy-3 and httpxy, which have the same events.

import { readFileSync } from 'node:fs'
import { Agent as HttpAgent, type IncomingMessage, type ServerResponse } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { createCorsTable, createPeerServer, endpointCorsFields, readSetting } from './cors-table.ts'

export interface EventProxy {
  web(request: IncomingMessage, response: ServerResponse): void
  /** Called with each response of the endpoint before it is passed on. */
  onResponse(handle: (endpoint: IncomingMessage, request: IncomingMessage, response: ServerResponse) => void): void
}

export const setting = readSetting()
const agentOptions = { keepAlive: true, maxSockets: 256, maxFreeSockets: 256 }

/** Keep-alive has to be asked for: Node's agents for a proxy of its own keep nothing by default. */
export const agent = setting.url.startsWith('https:')
  ? new HttpsAgent({ ...agentOptions, ca: readFileSync(setting.caFile) })
  : new HttpAgent(agentOptions)

/** Serves with `proxy` until the process ends. */
export function serve(proxy: EventProxy): void {
  const corsFields = createCorsTable(setting)
  proxy.onResponse((endpoint, request, response) => {
    for (const name of endpointCorsFields) delete endpoint.headers[name]
    const fields = corsFields(request.url ?? '', request.headers)
    if (fields === undefined) return
    delete endpoint.headers.vary
    for (const [name, value] of Object.entries(fields)) response.setHeader(name, value)
  })
  const server = createPeerServer(setting, (request, response) => {
    if (request.method !== 'OPTIONS') {
      proxy.web(request, response)
      return
    }
    const fields = corsFields(request.url ?? '', request.headers)
    response.writeHead(fields === undefined ? 403 : 204, fields ?? { 'Content-Length': '0' }).end()
  })
  server.listen(setting.port, '127.0.0.1', 4096)
}
