// This proxy, as an operator runs it: a process with a configuration file, metrics and logs as by default.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../servers/free-ports.ts'
import { checkoutOf } from '../built-program.ts'
import { bucketsYaml } from '../rule-set.ts'
import { type Peer, type PeerSetting, startPeer } from './peer.ts'

export interface ProxyVariant {
  readonly name: string
  /** Lines of the configuration beside the usual ones. */
  readonly settings?: readonly string[] | undefined
  /** Lines of every bucket's entry beside its rules. */
  readonly entryLines?: readonly string[] | undefined
  readonly cores?: string | number | undefined
  /** Of Node and V8; absent: those of the checkout's `npm run serve`, to which the program adds others by itself. */
  readonly nodeOptions?: readonly string[] | undefined
}

/** `cli` is the built program. */
export function createProxyPeer(cli: string, variant: ProxyVariant): Peer {
  const { name, cores } = variant
  return {
    name,
    isNodePeer: false,
    protocols: ['HTTP/1.1', 'HTTP/2'],
    async start(setting) {
      const adminPort = await freePort()
      const { profile } = setting
      const profiling =
        profile === undefined
          ? []
          : [
              '--cpu-prof',
              '--cpu-prof-interval=500',
              `--cpu-prof-dir=${profile.folder}`,
              `--cpu-prof-name=${profile.name}`,
            ]
      // Nothing of the benchmark's own environment: S3CORS_ variables are settings.
      const { PATH, HOME } = process.env
      return startPeer(
        name,
        port => ({ 'config.yaml': proxyConfiguration(port, adminPort, setting, variant) }),
        (_, folder) => ({
          command: process.execPath,
          args: [
            ...(variant.nodeOptions ?? servingOptions(cli)),
            ...profiling,
            cli,
            'serve',
            '--config',
            `${folder}/config.yaml`,
          ],
          env: { PATH, HOME },
          isTls: setting.serves !== undefined,
        }),
        cores,
      )
    },
  }
}

/** A baseline is started as it was meant to be. */
function servingOptions(cli: string): readonly string[] {
  const manifest = JSON.parse(readFileSync(join(checkoutOf(cli), 'package.json'), 'utf8')) as {
    readonly scripts: { readonly serve: string }
  }
  return manifest.scripts.serve.split(' ').filter(word => word.startsWith('--'))
}

function proxyConfiguration(
  port: number,
  adminPort: number,
  { upstream, tls, size, serves }: PeerSetting,
  { settings = [], entryLines = [] }: ProxyVariant,
): string {
  const url = tls ? `https://localhost:${upstream.tlsPort}` : `http://127.0.0.1:${upstream.port}`
  return [
    `listen: 127.0.0.1:${port}`,
    `admin: 127.0.0.1:${adminPort}`,
    'drainSeconds: 1',
    // The Host of all requests. The upstream is no S3 server, and does not say how it reads a label that is not listed.
    'hosts: [localhost]',
    'upstream:',
    `  url: ${url}`,
    '  credentials: none',
    ...(tls ? [`  caFile: ${upstream.caFile}`] : []),
    ...(serves === undefined ? [] : ['tls: { certFile: server.pem, keyFile: server.key }']),
    ...settings,
    bucketsYaml(size, entryLines),
  ].join('\n')
}
