import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Configuration } from './config/configuration.ts'
import type { ConfigurationIssue } from './config/issue.ts'
import { describeIssue } from './config/issue.ts'
import { keepRunning, restartRequired } from './config/restart-required.ts'
import type { Address } from './config/values/address.ts'
import type { ReloadResult } from './config/watch-configuration.ts'
import { createControlPlane } from './daemon/control-plane.ts'
import { watchCorsWrites } from './daemon/cors-writes.ts'
import { type ConfigurationFiles, createDataPlane } from './daemon/data-plane.ts'
import { type DrainResult, drain } from './daemon/drain.ts'
import { explainRecord } from './daemon/explanations.ts'
import { readServerCertificate, readUpstreamFiles } from './daemon/tls-files.ts'
import type { Log } from './telemetry/log.ts'
import { createMetrics } from './telemetry/metrics.ts'
import { createObserver } from './telemetry/observer.ts'

/** What a daemon is made of. */
export interface DaemonOptions {
  readonly configuration: Configuration
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly adminToken: string | undefined
  readonly version: string
  readonly log: Log
  /** Looks at the configuration's files now; `POST /reload`. */
  readonly reload: () => Promise<ReloadResult>
}

/** A running proxy with its admin port. */
export interface Daemon {
  /** `http://HOST:PORT` of the S3 port, and of the admin port. */
  readonly url: string
  readonly adminUrl: string
  /** Puts a configuration without faults into force. Rejects when its files cannot be read: then the old one stays. */
  apply(configuration: Configuration, warnings: readonly ConfigurationIssue[]): Promise<void>
  /** Counts and logs a configuration that has faults; the one in force stays. */
  refuse(issues: readonly ConfigurationIssue[]): void
  /** Ends the daemon. `acceptMs`: how long new connections are still taken. */
  drain(acceptMs: number): Promise<DrainResult>
}

/** Starts everything, or rejects and leaves nothing running. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { log, environment } = options
  let running = options.configuration
  let files = await readFiles(running)
  const metrics = createMetrics({
    version: options.version,
    origins: running.metrics.origins,
    status: () => dataPlane.policies().describe(),
    namedBuckets: () => namedBuckets(running),
  })
  log.onSuppressed(lines => metrics.countSuppressedLog(lines))
  const telemetry = createObserver({
    metrics,
    log,
    access: () => running.log.access,
    explain: record => explainRecord(record, dataPlane.policies()),
  })
  const observer = watchCorsWrites(telemetry, () => dataPlane.policies(), log)
  const dataPlane = createDataPlane({
    configuration: running,
    files,
    environment,
    observer,
    events: {
      onFetch({ bucket, result, detail, changed }) {
        metrics.countRulesFetch(result)
        if (changed) log.info('rules_fetched', { bucket, result, detail })
      },
      onChange({ bucket, rules, changedBy }) {
        log.info('rules_managed', { bucket, rules: rules?.length ?? 0, changedBy })
      },
      onDisabled(bucket, detail) {
        log.warn('managed_disabled', { bucket, detail })
      },
    },
  })
  const controlPlane = createControlPlane({
    policies: dataPlane.policies,
    metrics,
    log,
    token: options.adminToken,
    version: options.version,
    reload: options.reload,
  })
  try {
    await listen(dataPlane.server, running.listen)
    await listen(controlPlane.server, running.admin)
  } catch (error) {
    dataPlane.close()
    dataPlane.server.close()
    controlPlane.close()
    throw error
  }
  metrics.setReload(true, Date.now())
  controlPlane.readiness.setListening()
  warnOfReports(running, log)

  async function apply(configuration: Configuration, warnings: readonly ConfigurationIssue[]): Promise<void> {
    const next = keepRunning(running, configuration)
    const nextFiles = await readFiles(next).catch((error: unknown) => {
      metrics.setReload(false, Date.now())
      log.error('reload_failed', error)
      throw error
    })
    const restart = restartRequired(running, configuration)
    dataPlane.apply(next, nextFiles)
    running = next
    files = nextFiles
    log.setLevel(next.log.level)
    metrics.setOrigins(next.metrics.origins)
    metrics.setReload(true, Date.now())
    metrics.setRestartRequired(restart.length > 0)
    for (const issue of warnings) log.warn('configuration_warning', { issue: describeIssue(issue) })
    log.info('configuration_reloaded', {
      buckets: next.buckets.length,
      restartRequired: restart.length === 0 ? undefined : restart.join(', '),
    })
    warnOfReports(next, log)
  }

  // A certificate is renewed without a word in the configuration: its files are looked at in the same rhythm.
  const certificates = setInterval(() => {
    void readServerCertificate(running).then(
      certificate => {
        if (certificate === undefined || files.certificate === undefined) return
        if (certificate.cert.equals(files.certificate.cert) && certificate.key.equals(files.certificate.key)) return
        files = { ...files, certificate }
        dataPlane.apply(running, files)
        log.info('certificate_reloaded')
      },
      (error: unknown) => log.error('certificate_not_reloaded', error),
    )
  }, certificatePollMs)
  certificates.unref()

  return {
    url: urlOf(dataPlane.server, running.tls === undefined ? 'http' : 'https'),
    adminUrl: urlOf(controlPlane.server, 'http'),
    apply,
    refuse(issues) {
      metrics.setReload(false, Date.now())
      for (const issue of issues) log.warn('configuration_refused', { issue: describeIssue(issue) })
    },
    async drain(acceptMs) {
      clearInterval(certificates)
      controlPlane.readiness.setDraining()
      dataPlane.startDraining()
      log.info('draining', { seconds: running.drainSeconds })
      const result = await drain({
        server: dataPlane.server,
        acceptMs,
        deadlineMs: running.drainSeconds * 1000,
        breakOff: dataPlane.breakOff,
      })
      dataPlane.close()
      controlPlane.close()
      log.info('stopped', { result })
      return result
    },
  }
}

function namedBuckets({ buckets }: Configuration): ReadonlySet<string> {
  return new Set(buckets.map(({ name }) => name).filter(name => name !== '*'))
}

const certificatePollMs = 5000

async function readFiles(configuration: Configuration): Promise<ConfigurationFiles> {
  const [upstream, certificate] = await Promise.all([
    readUpstreamFiles(configuration),
    readServerCertificate(configuration),
  ])
  return { upstream, certificate }
}

function listen(server: Server, { host, port }: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, ...(host === '' ? {} : { host }) }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function urlOf(server: Server, scheme: string): string {
  const { address, port } = server.address() as AddressInfo
  return `${scheme}://${address.includes(':') ? `[${address}]` : address}:${port}`
}

/** `report` enforces nothing: whoever forgot it there should read so at every start. */
function warnOfReports(configuration: Configuration, log: Log): void {
  for (const { name, enforcement } of configuration.buckets) {
    if (enforcement === 'report') log.warn('not_protected', { bucket: name, enforcement })
  }
}
