import type { Socket } from 'node:net'

/**
 * How many of the bytes that were written to `socket` the kernel has not taken: what Node's own idle timer looks at. Not
 * documented; a test holds that it is there. `writableLength` counts a write whole until all of it has left.
 */
export function unsentBytes(
  socket: Socket & { readonly _handle?: { readonly writeQueueSize?: number } | null },
): number {
  return socket._handle?.writeQueueSize ?? 0
}
