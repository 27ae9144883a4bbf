/** A socket that listens already: its descriptor in the process that an init system started. */
export interface InheritedSocket {
  readonly fd: number
}

/** The sockets that an init system keeps for this process; absent: it listens by itself. */
export interface InheritedSockets {
  /** In the place of `listen`. */
  readonly listen?: InheritedSocket | undefined
  /** In the place of `admin`: the one named so. */
  readonly admin?: InheritedSocket | undefined
}

/** The first descriptor that is passed. https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html */
const firstDescriptor = 3

/**
 * Reads LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES: the protocol of systemd, which other holders of sockets speak, too.
 * Throws for sockets that have no use here, so that none is kept that takes no connection.
 */
export function readInheritedSockets(
  environment: Readonly<Record<string, string | undefined>>,
  pid: number,
): InheritedSockets {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES } = environment
  // Those of another process, such as a shell that was started in the place of this one.
  if (LISTEN_PID !== String(pid) || LISTEN_FDS === undefined) return {}
  const count = /^\d{1,4}$/.test(LISTEN_FDS) ? Number(LISTEN_FDS) : undefined
  if (count === undefined) throw new Error(`LISTEN_FDS: expected a number of sockets, got "${LISTEN_FDS}"`)
  const names = LISTEN_FDNAMES?.split(':') ?? []
  const sockets = Array.from({ length: count }, (_, index) => ({ name: names[index], fd: firstDescriptor + index }))
  const admin = sockets.filter(({ name }) => name === adminName)
  const listen = sockets.filter(({ name }) => name !== adminName)
  if (listen.length > 1 || admin.length > 1) {
    throw new Error(
      `expected at most one socket for listen and one named "${adminName}" (FileDescriptorName=${adminName}), got ${count} by LISTEN_FDS`,
    )
  }
  return { listen: listen[0], admin: admin[0] }
}

const adminName = 'admin'
