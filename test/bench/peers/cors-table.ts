// CORS as a few lines of middleware do it: the least that a peer in Node has to compute.

import { readFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { allowedHeaders, allowedMethods, allowedPairs, exposedHeaders, maxAgeSeconds } from '../rule-set.ts'
import type { NodePeerSetting } from './node-peer.ts'

/** What the peer was told, by the file that its first argument names. */
export function readSetting(): NodePeerSetting {
  return JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as NodePeerSetting
}

/** A file of the folder that the setting is in. */
export function readBeside(name: string): Buffer {
  return readFileSync(new URL(name, `file://${process.argv[2]}`))
}

/** The server of a peer for HTTP/1.1. */
export function createPeerServer({ isTls }: NodePeerSetting, handler?: RequestListener): Server {
  const options = { keepAliveTimeout: 75_000, requestTimeout: 0 }
  if (!isTls) return createServer(options, handler)
  return createTlsServer({ ...options, cert: readBeside('server.pem'), key: readBeside('server.key') }, handler)
}

export type CorsFields = Record<string, string>

/** Fields of the endpoint that must not pass. */
export const endpointCorsFields = [
  'access-control-allow-origin',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-allow-credentials',
  'access-control-expose-headers',
  'access-control-max-age',
]

const vary = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'

/** Finds the fields of a request, or undefined when no rule allows its origin. */
export function createCorsTable({ size }: NodePeerSetting) {
  const pairs = new Set(allowedPairs(size).map(([bucket, origin]) => `${bucket}|${origin}`))
  const methods = allowedMethods.join(', ')
  const exposed = exposedHeaders.join(', ')
  const prefixes = allowedHeaders.map(header => header.replace('*', ''))

  return (target: string, headers: IncomingHttpHeaders): CorsFields | undefined => {
    const { origin } = headers
    if (origin === undefined) return undefined
    const end = target.indexOf('/', 1)
    if (!pairs.has(`${target.slice(1, end === -1 ? undefined : end)}|${origin}`)) return undefined
    const fields: CorsFields = {
      'Access-Control-Allow-Origin': origin,
      'Access-Control-Allow-Methods': methods,
      'Access-Control-Expose-Headers': exposed,
      'Access-Control-Max-Age': String(maxAgeSeconds),
      Vary: vary,
    }
    const requested = headers['access-control-request-headers']
    if (requested !== undefined) {
      const names = requested.toLowerCase().split(',')
      if (!names.every(name => prefixes.some(prefix => name.trim().startsWith(prefix)))) return undefined
      fields['Access-Control-Allow-Headers'] = requested
    }
    return fields
  }
}
