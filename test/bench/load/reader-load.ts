// Clients that ask for a large object and then read it slowly, or not at all.

import { createConnection, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface ReaderLoad {
  readonly port: number
  readonly target: string
  readonly fields: readonly string[]
  readonly readers: number
  /** How long a reader rests after each read; undefined: for ever after the first. */
  readonly restMs: number | undefined
  readonly holdMs: number
}

/** Holds the readers for the time given; says how many bytes came and what went wrong. */
export async function holdReaders(load: ReaderLoad): Promise<{ readonly bytes: number; readonly errors: string[] }> {
  const sockets: Socket[] = []
  const errors: string[] = []
  let bytes = 0
  let holding = true
  const answered = new Set<number>()
  for (let reader = 0; reader < load.readers; reader++) {
    const socket = createConnection({ host: '127.0.0.1', port: load.port })
    sockets.push(socket)
    socket.write(`GET ${load.target} HTTP/1.1\r\n${load.fields.join('\r\n')}\r\n\r\n`)
    socket.on('data', data => {
      if (!answered.has(reader) && !data.toString('latin1', 0, 12).startsWith('HTTP/1.1 200')) {
        errors.push(`answered ${data.toString('latin1', 0, 12)}`)
      }
      answered.add(reader)
      bytes += data.length
      socket.pause()
      const { restMs } = load
      if (restMs !== undefined) setTimeout(() => socket.resume(), restMs)
    })
    socket.on('error', error => errors.push(error.message))
    socket.on('close', () => holding && errors.push('a connection was closed'))
  }
  // On a machine that is busy the answers themselves may take a while.
  const deadline = performance.now() + 30_000
  while (answered.size < load.readers && performance.now() < deadline) await sleep(50)
  await sleep(load.holdMs)
  if (answered.size < load.readers) errors.push(`${load.readers - answered.size} readers got no answer`)
  holding = false
  for (const socket of sockets) socket.destroy()
  return { bytes, errors }
}
