// Whose program is at the other end of a connection within this machine: Linux knows, and no relay can look like another user.
// https://man7.org/linux/man-pages/man5/proc_pid_net.5.html

import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const files = ['/proc/self/net/tcp', '/proc/self/net/tcp6']

/** With ten thousand connections a reading takes some milliseconds, and a stranger behind a relay can ask for one. */
const restMs = 100

/** The two ports of a connection, as its server sees them. */
export interface ConnectionPorts {
  readonly remotePort: number
  readonly localPort: number
}

/** The ids of the users of all open connections, by the ports of their ends as the tables write them: `FROM:TO`. */
export type ConnectionOwners = ReadonlyMap<string, readonly number[]>

/** Reads the owners out of the lines of both tables. A connection that is closing belongs to no user any more, and counts as none. */
export function parseOwners(tables: string): ConnectionOwners {
  const owners = new Map<string, number[]>()
  for (const [, from, to, id] of tables.matchAll(openConnection)) {
    const ports = `${from}:${to}`
    const users = owners.get(ports)
    if (users === undefined) owners.set(ports, [Number(id)])
    else users.push(Number(id))
  }
  return owners
}

const openConnection = /^ *\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:([0-9A-F]{4}) 01 \S+ \S+ \S+ +(\d+) /gm

/** Every user that a namespace does not know has this id there: https://man7.org/linux/man-pages/man7/user_namespaces.7.html */
const overflowUser = 65_534

/**
 * Whether all connections that a client has open from the one port to the other are of root or of `user`, its id. The id of users
 * that the namespace does not know says nothing, and is none's own.
 */
export function isOfUser(owners: ConnectionOwners, { remotePort, localPort }: ConnectionPorts, user: number): boolean {
  const [from, to] = [remotePort, localPort].map(port => port.toString(16).toUpperCase().padStart(4, '0'))
  const users = owners.get(`${from}:${to}`) ?? []
  return users.length > 0 && users.every(id => id === 0 || (id === user && id !== overflowUser))
}

/**
 * Makes the function that says whether the client of a connection runs as root or as this process' own user. True where the
 * system does not tell: it is not Linux. Each connection is looked up once.
 */
export function createOwnerCheck(user = process.geteuid?.()): (socket: Socket) => Promise<boolean> {
  const known = new WeakMap<Socket, Promise<boolean>>()
  let last: Promise<unknown> = Promise.resolve()
  let next: Promise<ConnectionOwners | undefined> | undefined

  /** One reading for all who ask before it begins: it is parsed once, however many connections ask. */
  function owners(): Promise<ConnectionOwners | undefined> {
    next ??= last.then(() => {
      next = undefined
      const reading = readTables().then(tables => (tables === undefined ? undefined : parseOwners(tables)))
      last = reading.then(() => sleep(restMs, undefined, { ref: false }))
      return reading
    })
    return next
  }

  async function look(socket: Socket): Promise<boolean> {
    const found = await owners()
    const { remotePort, localPort } = socket
    if (found === undefined || user === undefined) return true
    return remotePort !== undefined && localPort !== undefined && isOfUser(found, { remotePort, localPort }, user)
  }

  return socket => {
    const found = known.get(socket) ?? look(socket)
    known.set(socket, found)
    return found
  }
}

async function readTables(): Promise<string | undefined> {
  const tables = await Promise.all(files.map(file => readFile(file, 'latin1').catch(() => undefined)))
  return tables.every(table => table === undefined) ? undefined : tables.join('\n')
}
