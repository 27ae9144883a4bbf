import { rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
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
  readonly size: RuleSetSize
  /** Only this proxy can be profiled: where to, and the file's name. */
  readonly profile?: { readonly folder: string; readonly name: string } | undefined
}

/** A proxy that is measured. */
export interface Peer {
  readonly name: string
  /** Runs in Node, so that ratios to the best of these can be told. */
  readonly isNodePeer: boolean
  /** Is as fast at once as it will ever be, so it needs little warming up. */
  readonly isMachineCode?: boolean | undefined
  start(setting: PeerSetting): Promise<RunningPeer>
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
  for (const [file, text] of Object.entries(files(port, folder))) writeFileSync(join(folder, file), text)
  const { command: executable, args, env } = command(port, folder)
  const servers: ServerProcess[] = []
  return startOrStop(servers, folder, async () => {
    const spawnedAtMs = Date.now()
    const server = startProcess(basename(folder), folder, ...pinned(cores, executable, args), env)
    servers.push(server)
    await waitUntilReady(server, () => answers(`http://127.0.0.1:${port}/`), 120_000)
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
