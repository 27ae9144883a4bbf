import type { Socket } from 'node:net'
import type { ClientResponse } from '../client/client-response.ts'
import type { RequestHandler } from '../handling/handler.ts'
import type { ProxyContext } from '../handling/proxy-context.ts'
import type { OnHttp2Request } from '../http2/http2-server.ts'
import type { ProxyRequest } from '../node/proxy-request.ts'
import { type ClientMemory, memoryOf } from '../shares/client-memory.ts'
import type { LoopShares } from '../shares/loop-shares.ts'
import { PipelinedRequests } from './pipelined-requests.ts'

/** Handles a request of HTTP/1.1. */
type ConnectionHandler = (request: ProxyRequest, response: ClientResponse, expectsContinue: boolean) => void

/**
 * Holds a pipelined request back until the response before it is finished. Node would hand it over at once and collect its
 * response in memory: the endpoint would be asked at the client's pace, and read buffers would be queued by reference.
 */
export function inTurn(context: ProxyContext, shares: LoopShares, handle: RequestHandler): ConnectionHandler {
  function queue(
    memory: ClientMemory,
    request: ProxyRequest,
    response: ClientResponse,
    expectsContinue: boolean,
  ): void {
    memory.began(response)
    context.responseOf.set(request.socket, response)
    memory.isQueued = true
    shares.add(memory, () => {
      memory.isQueued = false
      const { socket } = request
      if (!response.destroyed && !socket.destroyed && !context.closing.has(socket))
        handle(request, response, expectsContinue)
    })
  }

  return (request, response, expectsContinue) => {
    const { socket } = request
    const memory = memoryOf(socket)
    if (memory === undefined) {
      // A connection that this server did not accept.
      socket.destroy()
      return
    }
    // Node goes on with what the same packet holds, even after a response that closes the connection.
    if (context.closing.has(socket) || !socket.writable) {
      requestsAhead(memory, socket).end()
      return
    }
    memory.used(0)
    if (response.socket === null) {
      requestsAhead(memory, socket).add(request, response, () => queue(memory, request, response, expectsContinue))
    } else if (shares.take(memory)) {
      memory.began(response)
      context.responseOf.set(socket, response)
      handle(request, response, expectsContinue)
    } else queue(memory, request, response, expectsContinue)
  }
}

/** Begins what the streams of a connection ask for beyond its share of a turn of the event loop when others had theirs. */
export function inShares(shares: LoopShares, handle: RequestHandler): OnHttp2Request {
  return (request, response, expectsContinue, memory) => {
    if (memory === undefined || shares.takeStream(memory)) handle(request, response, expectsContinue)
    else
      shares.add(memory, () => {
        if (!response.destroyed) handle(request, response, expectsContinue)
      })
  }
}

function requestsAhead(memory: ClientMemory, socket: Socket): PipelinedRequests {
  if (memory.pipelined instanceof PipelinedRequests) return memory.pipelined
  const ahead = new PipelinedRequests(socket)
  memory.pipelined = ahead
  return ahead
}
