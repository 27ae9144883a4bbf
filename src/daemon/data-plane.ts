import { randomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import { Server as TlsServer } from 'node:https'
import type { Configuration } from '../config/configuration.ts'
import type { PolicySources } from '../policies/policy-sources.ts'
import type { ProxyContext } from '../proxy/proxy-context.ts'
import { applyLimits, createProxyServer, type ServerLimits } from '../proxy/proxy-server.ts'
import type { ProxyObserver } from '../proxy/request-record.ts'
import { s3Errors } from '../s3/error-response.ts'
import { createRequestIds } from '../s3/request-ids.ts'
import { createPolicies, type DaemonPolicies, type RuleEvents } from './policies.ts'
import { createProxySettings } from './proxy-settings.ts'
import type { ServerCertificate } from './tls-files.ts'
import { createUpstream, type Upstream, type UpstreamFiles, upstreamIdentity } from './upstream.ts'

/** The contents of the files that a configuration names, besides its rules. */
export interface ConfigurationFiles {
  readonly upstream: UpstreamFiles
  readonly certificate: ServerCertificate | undefined
}

/** What the data plane needs from outside. */
export interface DataPlaneOptions {
  readonly configuration: Configuration
  readonly files: ConfigurationFiles
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly observer: ProxyObserver
  readonly events: RuleEvents
}

/** The S3 port and everything behind it. */
export interface DataPlane {
  readonly server: Server
  readonly policies: () => PolicySources
  /** Replaces everything that a configuration says, at once; requests under way end as they began. */
  apply(configuration: Configuration, files: ConfigurationFiles): void
  /** From now on every response says `Connection: close`. */
  startDraining(): void
  /** Breaks off what is under way, visibly incomplete. */
  breakOff(): void
  close(): void
}

// A timeout may be late by this much. Sockets have no timers of their own: one look over all of them costs less.
const tickMs = 250

/** Sets the data plane up; the server does not listen yet. */
export function createDataPlane(options: DataPlaneOptions): DataPlane {
  const { environment, observer, events } = options
  const now = () => performance.now()
  let upstream = createUpstream(options.configuration, options.files.upstream, environment)
  let policies = createPolicies(options.configuration, upstream, undefined, events)
  /** Upstreams of former configurations, until their last exchange is over. */
  const retired = new Set<Upstream>()
  const context: ProxyContext = {
    observer,
    now,
    ids: createRequestIds(randomBytes),
    exchanges: new Set(),
    exchangeOf: new WeakMap(),
    closing: new WeakSet(),
    draining: false,
    settings: createProxySettings(options.configuration, policies, upstream.pool),
  }
  const server = createProxyServer(context, serverLimits(options.configuration), options.files.certificate)
  const ticker = setInterval(() => {
    upstream.pool.sweep()
    for (const old of retired) {
      old.pool.sweep()
      if (old.pool.size.connections === 0) retired.delete(old)
    }
    const nowMs = now()
    for (const exchange of context.exchanges) exchange.tick(nowMs)
  }, tickMs)
  ticker.unref()

  function apply(configuration: Configuration, files: ConfigurationFiles): void {
    const before: DaemonPolicies = policies
    const oldUpstream = upstream
    if (upstreamIdentity(configuration, files.upstream) !== upstream.identity) {
      upstream = createUpstream(configuration, files.upstream, environment)
    }
    policies = createPolicies(configuration, upstream, before.cached(), events)
    context.settings = createProxySettings(configuration, policies, upstream.pool)
    before.lookup.stop()
    if (oldUpstream !== upstream) {
      retired.add(oldUpstream)
      oldUpstream.close()
    }
    applyLimits(server, serverLimits(configuration))
    if (server instanceof TlsServer && files.certificate !== undefined) server.setSecureContext(files.certificate)
  }

  return {
    server,
    policies: () => policies.lookup,
    apply,
    startDraining() {
      context.draining = true
    },
    breakOff() {
      for (const exchange of context.exchanges) exchange.abort(s3Errors.serviceUnavailable)
    },
    close() {
      clearInterval(ticker)
      policies.lookup.stop()
      upstream.close()
    },
  }
}

function serverLimits({ limits }: Configuration): ServerLimits {
  return {
    headerBytes: limits.headerBytes,
    connections: limits.connections,
    headersMs: limits.headersSeconds * 1000,
    idleMs: limits.idleSeconds * 1000,
    keepAliveMs: limits.keepAliveSeconds * 1000,
  }
}
