import { ServerResponse } from 'node:http'
import type { ClientResponse } from '../../client/client-response.ts'
import { NodeBackedResponse } from './node-backed-response.ts'
import { ProxyResponse } from './proxy-response.ts'

/** What a server tells a response of Node's, and the types do not. */
type ServedResponse = ServerResponse & { _keepAliveTimeout: number; _closed: boolean }

/**
 * A response of Node's own on the turn of `response`, for a library that needs one. When either is over, so is the other;
 * nothing may be written to `response` itself any more.
 */
export function nodeResponseFor(response: ClientResponse): ServerResponse {
  if (response instanceof NodeBackedResponse) {
    response.ownBytes = Number.POSITIVE_INFINITY
    return response.own
  }
  if (!(response instanceof ProxyResponse)) throw new TypeError('expected a response of this proxy’s server')
  const { req, socket } = response
  // Content for it comes from no connection of ours.
  response.ownBytes = Number.POSITIVE_INFINITY
  const own = new ServerResponse(req) as ServerResponse as ServedResponse
  own.shouldKeepAlive = response.shouldKeepAlive
  own._keepAliveTimeout = response._keepAliveTimeout
  response.once('close', () => {
    // As the server does it. `destroy` without a socket emits nothing in Node 22.
    if (own._closed) return
    own.destroyed = true
    own._closed = true
    own.emit('close')
  })
  own.once('close', () => response.close())
  if (socket === null) return own
  response.detachSocket(socket)
  own.assignSocket(socket)
  own.once('finish', () => {
    own.detachSocket(socket)
    response.finishAs(own)
  })
  return own
}
