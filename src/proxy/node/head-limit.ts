import type { Server } from 'node:http'

/** Changes the option `maxHeaderSize` of a running server, for connections that are still to come. */
export function setHeadLimit(server: Server, bytes: number): void {
  ;(server as Server & { maxHeaderSize?: number }).maxHeaderSize = bytes
}
