// The proxy as `serve` runs it, in this process, with the demo's endpoint and free ports laid over its configuration.

import { readFileSync } from 'node:fs'
import type { Environment, Flags } from '../config/environment.ts'
import { readFileContentSync } from '../config/files/file-content.ts'
import { type ConfigurationIssue, describeIssue } from '../config/issue.ts'
import { digestOf, type LoadedConfiguration, loadConfiguration } from '../config/loading/load-configuration.ts'
import { type ConfigurationWatch, watchConfiguration } from '../config/loading/watch-configuration.ts'
import { readSecrets } from '../config/secrets.ts'
import { startDaemon } from '../daemon/daemon.ts'
import type { Log } from '../telemetry/log/log.ts'
import { demoHost, type Place, portOrAny } from './local-server.ts'

/** What the proxy runs with. */
export interface DemoProxyOptions {
  readonly configFile: string
  readonly environment: Environment
  readonly endpointUrl: string
  readonly log: Log
}

/** A running proxy. */
export interface DemoProxy {
  readonly place: Place
  readonly admin: Place
  /** What the admin port asks for, if the environment has it. */
  readonly adminToken: string | undefined
  stop(): Promise<void>
}

/** The proxy, or what is wrong with its configuration. */
export type DemoProxyStart = { readonly proxy: DemoProxy } | { readonly faults: readonly string[] }

// No upload depends on a demo: Ctrl-C does not wait for a browser's connection.
const drainSeconds = 1

/** Starts the proxy and keeps watching its configuration file. */
export async function startDemoProxy(options: DemoProxyOptions): Promise<DemoProxyStart> {
  const { configFile: file, environment, endpointUrl, log } = options
  const always: Flags = {
    'upstream-url': endpointUrl,
    // Keys of a real endpoint may stand in the environment; they are not for the demo.
    'upstream-credentials': 'none',
    workers: '1',
    'drain-seconds': String(drainSeconds),
  }
  const wanted = await loadConfiguration({ file, environment, flags: always })
  const { secrets, issues: secretIssues } = readSecrets(environment, readFileContentSync)
  const { configuration } = wanted.parsed
  if (configuration === undefined || secrets === undefined) return refused(wanted, secretIssues)

  const listen = `${demoHost}:${await portOrAny(configuration.listen.port)}`
  const admin = `${demoHost}:${await portOrAny(configuration.admin.port)}`
  const source = { file, environment, flags: { ...always, listen, admin } }
  const loaded = await loadConfiguration(source)
  if (loaded.parsed.configuration === undefined) return refused(loaded, secretIssues)
  for (const issue of loaded.parsed.issues) log.warn('configuration_warning', { issue: describeIssue(issue) })

  let watch: ConfigurationWatch | undefined
  const daemon = await startDaemon({
    configuration: loaded.parsed.configuration,
    environment,
    adminToken: secrets.adminToken,
    version: readVersion(),
    log,
    file,
    sha256: digestOf(loaded.snapshot, file),
    reload: async () => (watch === undefined ? { kind: 'unsettled' } : await watch.trigger()),
  })
  watch = watchConfiguration({
    source,
    loaded,
    apply: (next, { issues }, sha256) => daemon.apply(next, issues, sha256),
    refuse: daemon.refuse,
  })
  return {
    proxy: {
      place: { url: daemon.url, wantedPort: configuration.listen.port },
      adminToken: secrets.adminToken,
      admin: { url: daemon.adminUrl, wantedPort: configuration.admin.port },
      async stop() {
        watch.stop()
        await daemon.drain(0)
      },
    },
  }
}

function refused({ parsed }: LoadedConfiguration, others: readonly ConfigurationIssue[]): DemoProxyStart {
  return { faults: [...parsed.issues, ...others].map(describeIssue) }
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const version = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : ''
  return String(version)
}
