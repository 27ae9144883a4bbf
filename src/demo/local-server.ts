import { createServer, type Server } from 'node:net'

/** Loopback only: what the demo shows is for the person at this machine. */
export const demoHost = '127.0.0.1'

/** A part of the demo that people reach, and the port that it has unless another program listens there. */
export interface Place {
  readonly url: string
  /** 0: any port would do. */
  readonly wantedPort: number
}

/** Resolves with the server's place once it listens: on `wantedPort`, or on any free port where that is taken. */
export async function listenLocally(server: Server, wantedPort: number): Promise<Place> {
  const port = (await tryToListen(server, wantedPort)) ?? (await tryToListen(server, 0))
  if (port === undefined) throw new Error('no port is free')
  return { url: `http://${demoHost}:${port}`, wantedPort }
}

/**
 * Gives `port` if no program listens there now, else 0, for a server that is started elsewhere. Should a program take it right
 * after, that start fails and says so.
 */
export async function portOrAny(port: number): Promise<number> {
  const server = createServer()
  try {
    return (await tryToListen(server, port)) === undefined ? 0 : port
  } finally {
    server.close()
  }
}

function tryToListen(server: Server, port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const succeed = () => {
      server.off('error', fail)
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    }
    const fail = (error: Error) => {
      server.off('listening', succeed)
      // EACCES: below 1024 without the right to it.
      if (hasCode(error, ['EADDRINUSE', 'EACCES'])) resolve(undefined)
      else reject(error)
    }
    server.once('error', fail)
    server.once('listening', succeed)
    server.listen({ port, host: demoHost, exclusive: true })
  })
}

/** Whether `error` has one of these codes of Node's. */
export function hasCode(error: unknown, codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.some(code => code === error.code)
}
