import type { Socket } from 'node:net'

/**
 * Keeps a socket readable after a failed write. An endpoint that refuses an upload answers early and closes; the next
 * write then fails with EPIPE or ECONNRESET, and Node would destroy the socket together with the answer that already lies
 * in its receive buffer. The reading side always learns of the end, by FIN or by reset, so nothing is left open.
 */
export function surviveWriteErrors(socket: Socket): void {
  const write = socket._write
  const writev = socket._writev
  const forgiving =
    (callback: (error?: Error | null) => void) =>
    (error?: Error | null): void => {
      const code = (error as NodeJS.ErrnoException | null | undefined)?.code
      if (code === 'EPIPE' || code === 'ECONNRESET') callback()
      else callback(error)
    }
  socket._write = function (chunk, encoding, callback) {
    write.call(this, chunk, encoding, forgiving(callback))
  }
  if (writev !== undefined) {
    socket._writev = function (chunks, callback) {
      writev.call(this, chunks, forgiving(callback))
    }
  }
}
