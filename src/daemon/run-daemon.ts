import type { Configuration } from '../config/configuration.ts'
import { readFileContentSync } from '../config/files/file-content.ts'
import { type ConfigurationIssue, describeIssue, placeFinding } from '../config/issue.ts'
import type { ConfigurationSource } from '../config/loading/load-configuration.ts'
import { digestOf, loadConfiguration } from '../config/loading/load-configuration.ts'
import type { ParsedConfiguration } from '../config/loading/parse-configuration.ts'
import { parseForStart } from '../config/loading/parser-process.ts'
import type { ConfigurationWatch } from '../config/loading/watch-configuration.ts'
import { watchConfiguration } from '../config/loading/watch-configuration.ts'
import type { Address } from '../config/schema/address.ts'
import { readSecrets } from '../config/secrets.ts'
import { findShortages } from '../config/validation/capacity.ts'
import { readResources } from '../config/validation/resources.ts'
import { openDescriptorOutput } from '../telemetry/log/descriptor-output.ts'
import { createLog, type Log } from '../telemetry/log/log.ts'
import type { LogFields } from '../telemetry/log/log-fields.ts'
import { createLogSink } from '../telemetry/log/log-sink.ts'
import { type Daemon, endpointOf, startDaemon } from './daemon.ts'
import { type InheritedSockets, readInheritedSockets } from './process/inherited-sockets.ts'
import { describePortOwner, findPortOwner } from './process/port-owner.ts'
import { isTestedNode, testedNodes } from './process/tested-nodes.ts'
import { mountedFiles } from './upstream/mounted-files.ts'

/** EX_OK, "could not start or run", and EX_USAGE of sysexits.h. */
export type ExitCode = 0 | 1 | 64

// Kubernetes and load balancers take a moment to notice that a replica goes; a person at a terminal does not wait for them.
const maxAcceptMs = 5000
const flushMs = 1000

/** Loads the configuration, runs the daemon, and resolves with the exit code when it has ended. */
export async function runDaemon(source: ConfigurationSource, version: string): Promise<ExitCode> {
  const loaded = await loadConfiguration(source, undefined, parseForStart)
  const { configuration, issues } = loaded.parsed
  const { secrets, issues: secretIssues } = readSecrets(source.environment, readFileContentSync)
  const shortages = ({ configuration: next, places }: ParsedConfiguration) =>
    next === undefined
      ? []
      : findShortages(next, readResources()).map(finding =>
          placeFinding(finding, places, source.file ?? 'configuration'),
        )
  const all = [...issues, ...secretIssues, ...shortages(loaded.parsed)]
  if (configuration === undefined || secrets === undefined) {
    process.stderr.write(all.map(issue => `${describeIssue(issue)}\n`).join(''))
    return 64
  }
  const output = {
    sink: createLogSink(openDescriptorOutput(1)),
    pretty: process.stdout.isTTY === true,
    colour: process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
    secrets: [secrets.secretAccessKey, secrets.sessionToken, secrets.adminToken].filter(value => value !== undefined),
  }
  const log = createLog({ ...output, level: configuration.log.level })
  for (const issue of all) log.warn('configuration_warning', { issue: describeIssue(issue) })
  for (const file of mountedFiles(loaded.snapshot.keys()))
    log.warn('file_mounted_alone', { file, hint: 'changes will not be seen: mount its directory, not the file' })

  let watch: ConfigurationWatch | undefined
  let daemon: Daemon
  let inherited: InheritedSockets
  try {
    inherited = readInheritedSockets(source.environment, process.pid)
    // Only here: a process that serves alone has nothing to do with clusters.
    const serve =
      configuration.workers > 1 ? (await import('./workers/serve-by-workers.ts')).serveByWorkers(output) : undefined
    daemon = await startDaemon({
      configuration,
      environment: source.environment,
      adminToken: secrets.adminToken,
      version,
      log,
      file: source.file,
      sha256: digestOf(loaded.snapshot, source.file),
      serve,
      inherited,
      reload: async () => (watch === undefined ? { kind: 'unsettled' } : await watch.trigger()),
    })
  } catch (error) {
    log.error('start_failed', error, notHad(error, configuration))
    await log.flush(flushMs)
    return 1
  }
  watch = watchConfiguration({
    source,
    loaded,
    apply: (next, parsed, sha256) => daemon.apply(next, [...parsed.issues, ...shortages(parsed)], sha256),
    refuse: (faults: readonly ConfigurationIssue[]) => daemon.refuse(faults),
  })
  // Before the line that tells others that signals may come: one without its handler would end the process.
  const stopped = untilStopped(watch, log)
  const node = process.versions.node
  if (!isTestedNode(node)) log.warn('node_untested', { node, path: process.execPath, tested: testedNodes.join(', ') })
  const { port } = configuration.listen
  if (inherited.listen !== undefined && Number(new URL(daemon.url).port) !== port) {
    const issue = `listen: port ${port} is not used; the inherited socket listens as ${daemon.url}. Write the same in both`
    log.warn('configuration_warning', { issue })
  }
  log.info('started', {
    version,
    node,
    nodeOptions: process.execArgv.join(' '),
    url: daemon.url,
    admin: daemon.adminUrl,
    inherited: inherited.listen === undefined ? undefined : true,
    endpoint: endpointOf(configuration),
    file: source.file,
    workers: configuration.workers,
    buckets: configuration.buckets.length,
  })
  const signal = await stopped
  watch.stop()
  // What comes meanwhile waits in an inherited socket for the next process.
  const isKept = inherited.listen !== undefined
  const acceptMs = signal === 'SIGINT' || isKept ? 0 : Math.min(maxAcceptMs, (configuration.drainSeconds * 1000) / 5)
  const result = await daemon.drain(acceptMs)
  await log.flush(flushMs)
  return result === 'drained' ? 0 : 1
}

/** Which setting names an address that cannot be had, why, and what to do. */
function notHad(error: unknown, { listen, admin }: Configuration): LogFields {
  const { code, port, hostname } = error as {
    readonly code?: string
    readonly port?: number
    readonly hostname?: string
  }
  const isOf = (address: Address) => (port === undefined ? hostname === address.host : port === address.port)
  const setting = isOf(listen) ? 'listen' : isOf(admin) ? 'admin' : undefined
  if (setting === undefined) return {}
  switch (code) {
    case 'EADDRINUSE': {
      const owner = port === undefined ? undefined : findPortOwner(port)
      const usedBy = owner === undefined ? undefined : describePortOwner(owner)
      return { setting, usedBy, todo: `end that process, or another port for ${setting}` }
    }
    case 'EACCES':
      return { setting, todo: `a port of 1024 or more for ${setting}, or the capability CAP_NET_BIND_SERVICE` }
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return { setting, todo: `an address of this machine for ${setting}, such as 0.0.0.0 or 127.0.0.1` }
    default:
      return {}
  }
}

/** Waits for SIGTERM or SIGINT; SIGHUP reloads. After the first of the two, the second ends the process at once. */
function untilStopped(watch: ConfigurationWatch, log: Log): Promise<NodeJS.Signals> {
  process.on('SIGHUP', () => {
    watch
      .trigger()
      .then(({ kind }) => log.info('reload_requested', { by: 'SIGHUP', result: kind }))
      .catch((error: unknown) => log.error('reload_failed', error))
  })
  return new Promise(resolve => {
    let stopping = false
    const stop = (signal: NodeJS.Signals) => {
      if (stopping) process.exit(1)
      stopping = true
      resolve(signal)
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
  })
}
