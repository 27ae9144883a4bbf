import { createServer, type Server } from 'node:net'

/** Loopback only: what the demo shows is for the person at this machine. */
export const demoHost = '127.0.0.1'

/** Finds ports for servers that should be where people expect them. */
export interface PortChooser {
  /** Gives `preferred` if nobody listens there, else a port that is free; 0 prefers none. */
  choose(name: string, preferred: number): Promise<number>
  /** One sentence for each that did not get what it preferred. */
  readonly moved: readonly string[]
}

/** Makes a chooser, which never gives a port twice. */
export function createPortChooser(): PortChooser {
  const moved: string[] = []
  const given = new Set<number>()
  return {
    moved,
    async choose(name, preferred) {
      let port = given.has(preferred) ? undefined : await tryPort(preferred)
      while (port === undefined || given.has(port)) port = await tryPort(0)
      given.add(port)
      if (preferred !== 0 && port !== preferred) moved.push(`Port ${preferred} is taken: the ${name} is on ${port}.`)
      return port
    },
  }
}

/** Listens for a moment. Should somebody else take the port right after, the start that wanted it fails and says so. */
async function tryPort(port: number): Promise<number | undefined> {
  const server = createServer()
  try {
    return await listenLocally(server, port)
  } catch (error) {
    // EACCES: below 1024 without the right to it.
    if (hasCode(error, ['EADDRINUSE', 'EACCES'])) return undefined
    throw error
  } finally {
    server.close()
  }
}

/** Resolves with the port once the server listens on it. */
export function listenLocally(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host: demoHost, exclusive: true }, () => {
      server.off('error', reject)
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

/** Whether `error` has one of these codes of Node's. */
export function hasCode(error: unknown, codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.some(code => code === error.code)
}
