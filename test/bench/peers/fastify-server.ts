// @fastify/http-proxy with undici's pool, which is its default, under its default settings but for the number of connections.

import { readFileSync } from 'node:fs'
import httpProxy from '@fastify/http-proxy'
import fastify from 'fastify'
import { createCorsTable, createPeerServer, endpointCorsFields, readSetting } from './cors-table.ts'

const setting = readSetting()
const corsFields = createCorsTable(setting)
const app = fastify({
  logger: false,
  bodyLimit: Number.MAX_SAFE_INTEGER,
  serverFactory: handler => createPeerServer(setting, handler),
})
const tls = setting.url.startsWith('https:') ? { connect: { ca: readFileSync(setting.caFile) } } : {}

await app.register(httpProxy, {
  upstream: setting.url,
  undici: { connections: 256, pipelining: 1, keepAliveTimeout: 60_000, ...tls },
  preHandler: (request, reply, done) => {
    if (request.method !== 'OPTIONS') {
      done()
      return
    }
    const fields = corsFields(request.raw.url ?? '', request.headers)
    if (fields === undefined) reply.code(403).send()
    else reply.code(204).headers(fields).send()
  },
  replyOptions: {
    // undici refuses Expect; Node's server has asked for the body by itself.
    rewriteRequestHeaders: (request, { expect: _, ...headers }) => ({ ...headers, host: request.headers.host }),
    rewriteHeaders: (headers, request) => {
      for (const name of endpointCorsFields) delete headers[name]
      if (request === undefined) return headers
      const fields = corsFields(request.raw.url ?? '', request.headers)
      if (fields !== undefined) delete headers.vary
      return { ...headers, ...fields }
    },
  },
})
await app.listen({ port: setting.port, host: '127.0.0.1', backlog: 4096 })
