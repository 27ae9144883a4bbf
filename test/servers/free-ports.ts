// Ports for servers that cannot be asked to listen on port 0.

import { createServer, type ListenOptions } from 'node:net'

// Below the ephemeral range, so that no outgoing connection takes a port between our look and the server's bind.
const firstPort = 20_000
const portCount = 12_000

/** Ports of 127.0.0.1 without a listener, which no test process running beside this one was given; looked for from `start` on. */
export async function freePorts(count: number, start = Math.floor(Math.random() * portCount)): Promise<number[]> {
  const ports: number[] = []
  for (let step = 0; step < portCount && ports.length < count; step++) {
    const port = firstPort + ((start + step) % portCount)
    if ((await claim(port)) && (await canListen(port))) ports.push(port)
  }
  if (ports.length < count) throw new Error(`no ${count} free ports from ${firstPort} on`)
  return ports
}

export async function freePort(): Promise<number> {
  const [port] = await freePorts(1)
  if (port === undefined) throw new Error('no free port')
  return port
}

/**
 * Test files run at the same time in several processes: a name in the kernel's abstract namespace per port keeps them apart. It
 * leaves nothing on the disk and is free again when this process is gone, however it ends. Elsewhere than on Linux nothing does.
 */
async function claim(port: number): Promise<boolean> {
  return process.platform !== 'linux' || listens({ path: `\0s3-cors-proxy-test-port-${port}` }, true)
}

function canListen(port: number): Promise<boolean> {
  return listens({ port, host: '127.0.0.1' }, false)
}

/** Resolves with whether a server can listen there; one that is kept listens until this process ends, and does not hold it. */
function listens(where: ListenOptions, isKept: boolean): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer(socket => socket.destroy()).unref()
    server.once('error', () => resolve(false))
    server.listen({ ...where, exclusive: true }, () => (isKept ? resolve(true) : server.close(() => resolve(true))))
  })
}
