import { rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { basename, join } from 'node:path'
import { localhostCertificate, localhostKey } from '../../fixtures/localhost-certificate.ts'
import { freePort } from '../../servers/free-ports.ts'
import {
  answers,
  createServerFolder,
  type ServerProcess,
  startOrStop,
  startProcess,
  waitUntilReady,
} from '../../servers/server-process.ts'
import { pinned, proxyCore } from '../machine.ts'
import type { RuleSetSize } from '../rule-set.ts'
import type { Upstream } from '../upstream.ts'

/** What a peer is put in front of, and with how much configuration. */
export interface PeerSetting {
  readonly upstream: Upstream
  /** Speaks TLS to the upstream. */
  readonly tls: boolean
  /** What it serves over TLS, with `server.pem` and `server.key` of its folder; absent: HTTP/1.1 in cleartext. */
  readonly serves?: 'HTTP/1.1' | 'HTTP/2' | undefined
  readonly size: RuleSetSize
  /** Only this proxy can be profiled: where to, and the file's name. */
  readonly profile?: { readonly folder: string; readonly name: string } | undefined
}

/** A proxy that is measured. */
export interface Peer {
  readonly name: string
  /** Runs in Node, so that ratios to the best of these can be told. */
  readonly isNodePeer: boolean
  /** What it serves; absent: HTTP/1.1 alone. */
  readonly protocols?: readonly ('HTTP/1.1' | 'HTTP/2')[] | undefined
  /** Is as fast at once as it will ever be, so it needs little warming up. */
  readonly isMachineCode?: boolean | undefined
  start(setting: PeerSetting): Promise<RunningPeer>
}

/** Those of `peers` that serve what a scenario speaks. */
export function serving<P extends Pick<Peer, 'protocols'>>(peers: readonly P[], http2: boolean): readonly P[] {
  return peers.filter(({ protocols = ['HTTP/1.1'] }) => protocols.includes(http2 ? 'HTTP/2' : 'HTTP/1.1'))
}

export interface RunningPeer {
  readonly port: number
  /** Of the main process; its children are part of the peer. */
  readonly pid: number
  readonly folder: string
  /** What it has printed. */
  readonly logFile: string
  /** Milliseconds since the epoch. */
  readonly spawnedAtMs: number
  stop(): Promise<void>
}

/** How one peer is run. */
export interface PeerCommand {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv | undefined
  /** It serves TLS. */
  readonly isTls?: boolean | undefined
}

/**
 * Starts a peer on the core under test, in a folder of its own with `files`, and waits until it answers.
 * `command` is given the port to listen on and the folder.
 */
export async function startPeer(
  name: string,
  files: (port: number, folder: string) => Readonly<Record<string, string>>,
  command: (port: number, folder: string) => PeerCommand,
  cores: string | number = proxyCore,
): Promise<RunningPeer> {
  const port = await freePort()
  const folder = createServerFolder(name.replace(/\W+/g, '-'))
  const all = { 'server.pem': localhostCertificate, 'server.key': localhostKey, ...files(port, folder) }
  for (const [file, text] of Object.entries(all)) writeFileSync(join(folder, file), text)
  const { command: executable, args, env, isTls } = command(port, folder)
  const servers: ServerProcess[] = []
  return startOrStop(servers, folder, async () => {
    const spawnedAtMs = Date.now()
    const server = startProcess(basename(folder), folder, ...pinned(cores, executable, args), env)
    servers.push(server)
    await waitUntilReady(
      server,
      () => (isTls === true ? takesConnections(port) : answers(`http://127.0.0.1:${port}/`)),
      120_000,
    )
    return {
      port,
      pid: server.pid,
      folder,
      logFile: server.logFile,
      spawnedAtMs,
      async stop() {
        await server.stop()
        rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
      },
    }
  })
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => resolve(true))
    socket.once('connect', () => socket.destroy())
    socket.once('error', () => resolve(false))
  })
}
