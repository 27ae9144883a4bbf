import { isDeepStrictEqual } from 'node:util'
import type { Configuration } from '../config/configuration.ts'
import type { ConfigurationIssue } from '../config/issue.ts'
import { describeIssue } from '../config/issue.ts'
import { describeChanges } from '../config/loading/configuration-changes.ts'
import { keepRunning, restartRequired } from '../config/loading/restart-required.ts'
import type { ReloadResult } from '../config/loading/watch-configuration.ts'
import { writeEndpointUrl } from '../config/schema/endpoint-url.ts'
import { capacityOf, demandOf } from '../config/validation/capacity.ts'
import { readResources } from '../config/validation/resources.ts'
import type { Log } from '../telemetry/log/log.ts'
import { createMetrics } from '../telemetry/metrics/metrics.ts'
import { namedBuckets, namedRules } from './named-buckets.ts'
import { createAdminPort } from './operator/admin-port.ts'
import { createConfigurationRecord } from './operator/configuration-record.ts'
import type { DrainResult } from './process/drain.ts'
import type { InheritedSockets } from './process/inherited-sockets.ts'
import { listen, urlAt, urlOf } from './process/listening.ts'
import { createAddressOf } from './proxy-settings.ts'
import { createRuleEvents } from './rule-events.ts'
import { type CreateServing, type Serving, serveAlone } from './serving.ts'
import { describeNames } from './upstream/known-names.ts'
import { createRenewalLook } from './upstream/renewed-files.ts'
import { readTlsFiles, sameFiles } from './upstream/tls-files.ts'

/** What a daemon is made of. */
export interface DaemonOptions {
  readonly configuration: Configuration
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly adminToken: string | undefined
  readonly version: string
  readonly log: Log
  /** Where the configuration was read, and the digest of what was read; absent where no file is. */
  readonly file?: string | undefined
  readonly sha256?: string | undefined
  /** Looks at the configuration's files now; `POST /reload`. */
  readonly reload: () => Promise<ReloadResult>
  /** What answers on the S3 port; this process unless told. */
  readonly serve?: CreateServing | undefined
  /** Sockets that an init system has opened, in the place of `listen` and `admin`. */
  readonly inherited?: InheritedSockets | undefined
}

/** A running proxy with its admin port. */
export interface Daemon {
  /** `http://HOST:PORT` of the S3 port, and of the admin port. */
  readonly url: string
  readonly adminUrl: string
  /**
   * Puts a configuration without faults into force, or says that it and its files are in force already. Rejects when its files
   * cannot be read: then the old one stays.
   */
  apply(
    configuration: Configuration,
    warnings: readonly ConfigurationIssue[],
    sha256?: string,
  ): Promise<'applied' | 'unchanged'>
  /** Counts and logs a configuration that has faults; the one in force stays. */
  refuse(issues: readonly ConfigurationIssue[]): void
  /** Ends the daemon. `acceptMs`: how long new connections are still taken. */
  drain(acceptMs: number): Promise<DrainResult>
}

/** Starts everything, or rejects and leaves nothing running. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { log, environment } = options
  const resources = readResources()
  let running = options.configuration
  let files = await readTlsFiles(running)
  const metrics = createMetrics({
    version: options.version,
    origins: running.metrics.origins,
    rules: running.metrics.rules,
    rulesInForce: () => namedRules(running, serving.policies()),
    status: () => serving.policies().describe(),
    namedBuckets: () => namedBuckets(running),
    ...(options.serve === undefined ? {} : { processMetrics: async () => (await serving.processMetrics?.()) ?? '' }),
  })
  const record = createConfigurationRecord(options.file, options.sha256)
  log.onSuppressed(lines => metrics.countSuppressedLog(lines))
  const serving: Serving = (options.serve ?? serveAlone)({
    configuration: running,
    files,
    environment,
    metrics,
    log,
    events: createRuleEvents(metrics, log),
  })
  const adminPort = createAdminPort({
    policies: serving.policies,
    settings: () => running,
    addressOf: () => createAddressOf(running, serving.names().found),
    listening: serving.listening,
    namesAsked: () => serving.names().asked,
    gather: serving.gather,
    metrics,
    log,
    token: options.adminToken,
    version: options.version,
    status: () => ({
      endpoint: endpointOf(running),
      url,
      workers: running.workers,
      names: describeNames(running, serving.names()),
      configuration: record.status(),
    }),
    reload: options.reload,
  })
  let url: string | undefined
  try {
    url = urlAt(
      await serving.listen(options.inherited?.listen ?? running.listen),
      running.tls === undefined ? 'http' : 'https',
    )
    const { adminConnections, ...capacity } = capacityOf(demandOf(running), resources)
    adminPort.server.maxConnections = adminConnections
    await listen(adminPort.server, options.inherited?.admin ?? running.admin)
    // Of one process: with workers, of each.
    log.info('capacity', { ...resources, ...capacity, workers: running.workers })
  } catch (error) {
    serving.close()
    adminPort.close()
    throw error
  }
  metrics.setReload(true, Date.now())
  adminPort.readiness.setListening()
  warnOfReports(running, log)

  /** What is on the disk is in force: the configuration, and the files that it names for TLS. */
  const inForce = { configuration: true, files: true }
  function noteReload(change: Partial<typeof inForce>): void {
    Object.assign(inForce, change)
    metrics.setReload(inForce.configuration && inForce.files, Date.now())
  }

  /** Why a configuration waits for its files: it is in force as soon as they can be read. */
  let unread: string | undefined
  async function apply(
    configuration: Configuration,
    warnings: readonly ConfigurationIssue[],
    sha256?: string,
  ): Promise<'applied' | 'unchanged'> {
    const next = keepRunning(running, configuration)
    const nextFiles = await readTlsFiles(next).catch((error: unknown) => {
      noteReload({ configuration: false })
      record.refuse('configuration', [error instanceof Error ? error.message : String(error)])
      if (String(error) !== unread) log.error('reload_failed', error)
      unread = String(error)
      throw error
    })
    unread = undefined
    const restart = restartRequired(running, configuration)
    const changes = describeChanges(running, next)
    const { refused, ...before } = record.status()
    if (
      changes.length === 0 &&
      refused.length === 0 &&
      sha256 === before.sha256 &&
      isDeepStrictEqual([restart, placesOf(next)], [before.restartRequired, placesOf(running)]) &&
      sameFiles(nextFiles, files)
    )
      return 'unchanged'
    const applied = serving.apply(next, nextFiles)
    running = next
    files = nextFiles
    await applied
    log.setLevel(next.log.level)
    metrics.setOrigins(next.metrics.origins)
    metrics.setRules(next.metrics.rules)
    record.accept(sha256, changes, restart)
    noteReload({ configuration: true })
    metrics.setRestartRequired(restart.length > 0)
    for (const issue of warnings) log.warn('configuration_warning', { issue: describeIssue(issue) })
    log.info('configuration_reloaded', {
      buckets: next.buckets.length,
      changes: changes.length === 0 ? 'none' : changes.join('; '),
      restartRequired: restart.length === 0 ? undefined : restart.join(', '),
    })
    warnOfReports(next, log)
    return 'applied'
  }

  const look = createRenewalLook({
    read: () => readTlsFiles(running),
    inForce: () => files,
    renew(renewed) {
      const isServers = !sameFiles({ ...renewed, upstream: files.upstream }, files)
      const isEndpoints = !sameFiles({ ...renewed, certificate: files.certificate }, files)
      files = renewed
      void serving.apply(running, files)
      if (isServers) log.info('certificate_reloaded', { setting: 'tls' })
      if (isEndpoints) log.info('certificate_reloaded', { setting: 'upstream' })
    },
    report(fault) {
      noteReload({ files: fault === undefined })
      if (fault === undefined) return record.clear('certificate')
      record.refuse('certificate', [fault instanceof Error ? fault.message : String(fault)])
      log.error('certificate_not_reloaded', fault)
    },
  })
  const looks = setInterval(() => {
    if (unread === undefined) void look()
    else options.reload().catch((error: unknown) => log.error('reload_failed', error))
  }, certificatePollMs)
  looks.unref()

  return {
    url,
    adminUrl: urlOf(adminPort.server, 'http'),
    apply,
    refuse(issues) {
      noteReload({ configuration: false })
      // It waits for its files no more.
      unread = undefined
      const faults = issues.filter(({ severity }) => severity === 'fault').map(describeIssue)
      record.refuse('configuration', faults)
      const inForceSince = new Date(record.status().sinceMs).toISOString()
      for (const issue of faults) log.warn('configuration_refused', { issue, inForceSince })
    },
    async drain(acceptMs) {
      clearInterval(looks)
      adminPort.readiness.setDraining()
      log.info('draining', { seconds: running.drainSeconds })
      const result = await serving.drain(acceptMs, running.drainSeconds * 1000)
      adminPort.close()
      log.info('stopped', { result })
      return result
    },
  }
}

/** Rules that only moved in a file: explanations name their lines. */
function placesOf({ buckets }: Configuration) {
  return buckets.map(({ place }) => place)
}

/** The endpoint as a person writes it. */
export function endpointOf({ upstream }: Configuration): string {
  return writeEndpointUrl(upstream.url)
}

const certificatePollMs = 5000

/** `report` enforces nothing: an operator who forgot it there reads so at every start. */
function warnOfReports(configuration: Configuration, log: Log): void {
  for (const { name, enforcement } of configuration.buckets) {
    if (enforcement === 'report') log.warn('not_protected', { bucket: name, enforcement })
  }
}
