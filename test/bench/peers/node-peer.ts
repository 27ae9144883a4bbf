// Proxy libraries for Node, each in a small server with the connection reuse that its documentation gives.

import { fileURLToPath } from 'node:url'
import type { RuleSetSize } from '../rule-set.ts'
import { type Peer, startPeer } from './peer.ts'

/** What a peer's server is told, in a file. */
export interface NodePeerSetting {
  readonly port: number
  /** The endpoint, without a path. */
  readonly url: string
  readonly caFile: string
  /** HTTP/1.1 over TLS, with `server.pem` and `server.key` beside this file. */
  readonly isTls: boolean
  readonly size: RuleSetSize
}

/** `server` is a file of this folder; `protocols` as in {@link Peer}. */
export function createNodePeer(name: string, server: string, protocols?: Peer['protocols']): Peer {
  const file = fileURLToPath(new URL(server, import.meta.url))
  return {
    name,
    isNodePeer: true,
    protocols,
    start({ upstream, tls, size, serves }) {
      const url = tls ? `https://localhost:${upstream.tlsPort}` : `http://127.0.0.1:${upstream.port}`
      const isTls = serves !== undefined
      const told = (port: number): NodePeerSetting => ({ port, url, caFile: upstream.caFile, isTls, size })
      return startPeer(
        name,
        port => ({ 'setting.json': JSON.stringify(told(port)) }),
        (_, folder) => ({
          command: process.execPath,
          args: [file, `${folder}/setting.json`],
          env: { ...process.env, NODE_ENV: 'production' },
          isTls,
        }),
      )
    },
  }
}
