// Ports for servers that cannot be asked to listen on port 0.

import { mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// Below the ephemeral range, so that no outgoing connection takes a port between our look and the server's bind.
const firstPort = 20_000
const portCount = 12_000
/** One for all runs on this machine: test/run.ts gives each run a temporary folder of its own. */
const claims = process.env.TEST_PORT_CLAIMS ?? join(tmpdir(), 's3-cors-proxy-test-ports')
const claimed = new Set<string>()

/** Ports of 127.0.0.1 without a listener, which no test process running beside this one was given. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  const start = Math.floor(Math.random() * portCount)
  for (let step = 0; step < portCount && ports.length < count; step++) {
    const port = firstPort + ((start + step) % portCount)
    if (claim(port) && (await canListen(port))) ports.push(port)
  }
  if (ports.length < count) throw new Error(`no ${count} free ports from ${firstPort} on`)
  return ports
}

export async function freePort(): Promise<number> {
  const [port] = await freePorts(1)
  if (port === undefined) throw new Error('no free port')
  return port
}

/** Test files run at the same time in several processes: a file per port, holding its owner's pid, keeps them apart. */
function claim(port: number): boolean {
  mkdirSync(claims, { recursive: true })
  const file = join(claims, String(port))
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
  } catch {
    if (isAlive(ownerOf(file))) return false
    writeFileSync(file, String(process.pid))
  }
  if (claimed.size === 0) process.once('exit', releaseAll)
  claimed.add(file)
  return true
}

function ownerOf(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8'))
  } catch {
    return 0
  }
}

function isAlive(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0)
  } catch {
    return false
  }
}

function releaseAll(): void {
  for (const file of claimed) {
    try {
      unlinkSync(file)
    } catch {}
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
