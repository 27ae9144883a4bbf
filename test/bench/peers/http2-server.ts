// The floor of Node: its own HTTP/2 with nothing around it. A preflight gets the same fields as from this proxy, whatever it asks;
// everything else goes to the endpoint by undici's dispatcher, with no field changed.

import {
  createSecureServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import { PassThrough } from 'node:stream'
import { Pool } from 'undici'
import { allowedMethods, allowedOrigin, exposedHeaders, maxAgeSeconds } from '../rule-set.ts'
import { readBeside, readSetting } from './cors-table.ts'

const setting = readSetting()
const pool = new Pool(setting.url, { connections: 256, pipelining: 1, keepAliveTimeout: 60_000 })

const preflightFields: OutgoingHttpHeaders = {
  ':status': 200,
  'x-amz-request-id': '7FA8FF6433FD52B9',
  'x-amz-id-2': '+f0eWkDcZtcJFAPRjNiyx4SJNhhtld2aC+TDmkCZIy2c4ymQmJ+hh6fTCTmatefl',
  'access-control-allow-origin': allowedOrigin(setting.size),
  'access-control-allow-methods': allowedMethods.join(', '),
  'access-control-allow-headers': 'authorization, content-type, x-amz-content-sha256, x-amz-date',
  'access-control-allow-credentials': 'true',
  'access-control-expose-headers': exposedHeaders.join(', '),
  'access-control-max-age': String(maxAgeSeconds),
  vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
  'content-length': '0',
}

const server = createSecureServer({ cert: readBeside('server.pem'), key: readBeside('server.key'), allowHTTP1: false })
server.on('stream', (stream, headers, flags) => {
  if (headers[':method'] === 'OPTIONS') stream.respond({ ...preflightFields }, { endStream: true })
  else forward(stream, headers, (flags & 1) === 0)
})
server.listen(setting.port, '127.0.0.1', 4096)

function forward(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, hasContent: boolean): void {
  const fields: Record<string, string> = { host: String(headers[':authority']) }
  for (const [name, value] of Object.entries(headers)) if (name[0] !== ':') fields[name] = String(value)
  stream.on('error', () => {})
  let resume = () => {}
  stream.on('drain', () => resume())
  pool.dispatch(
    {
      path: String(headers[':path']),
      method: headers[':method'] as 'GET',
      headers: fields,
      // undici destroys a body at its end that does not do so by itself: here that would be the response's stream, too.
      body: hasContent ? stream.pipe(new PassThrough()) : null,
    },
    {
      onRequestStart(controller) {
        resume = () => controller.resume()
      },
      onResponseStart(_controller, status, { connection: _c, 'keep-alive': _k, ...answered }) {
        stream.respond({ ':status': status, ...answered } as OutgoingHttpHeaders)
      },
      onResponseData(controller, content) {
        if (!stream.write(content)) controller.pause()
      },
      onResponseEnd() {
        stream.end()
      },
      onResponseError() {
        stream.destroy()
      },
    },
  )
}
