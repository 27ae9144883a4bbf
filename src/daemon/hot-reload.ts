// A reload while requests are served: what a configuration says is made anew, and takes the place of the former in one step.

import type { Server } from 'node:http'
import { Server as TlsServer } from 'node:https'
import type { Configuration } from '../config/configuration.ts'
import { type Capacity, capacityOf } from '../config/validation/capacity.ts'
import type { Resources } from '../config/validation/resources.ts'
import type { ProxyContext } from '../proxy/handling/proxy-context.ts'
import { applyLimits, modernTls, type ServerLimits } from '../proxy/server/proxy-server.ts'
import { applyUpgrades } from '../proxy/server/upgrades.ts'
import type { FoundNames } from '../s3/address/host-addressing.ts'
import type { DaemonPolicies, DaemonRules } from './policies.ts'
import { createProxySettings } from './proxy-settings.ts'
import type { RetiredPools } from './upstream/retired-pools.ts'
import type { ConfigurationFiles } from './upstream/tls-files.ts'
import { createUpstream, type Upstream } from './upstream/upstream.ts'

/** A configuration, and what was made of it. */
export interface InForce {
  readonly configuration: Configuration
  readonly files: ConfigurationFiles
  readonly capacity: Capacity
  readonly upstream: Upstream
  readonly policies: DaemonPolicies
}

/** Makes the policies of a configuration, in this process or with the help of another. */
export type MakePolicies = (
  configuration: Configuration,
  upstream: Upstream,
  before: DaemonRules | undefined,
) => DaemonPolicies

/** What making needs besides the configuration. */
export interface Making {
  readonly makePolicies: MakePolicies
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly resources: Resources
}

/** Makes what a configuration says. What is the same in `before`, the one in force, is taken over: the endpoint's connections, its rules. */
export function makeInForce(
  { makePolicies, environment, resources }: Making,
  configuration: Configuration,
  files: ConfigurationFiles,
  before?: InForce,
): InForce {
  const capacity = capacityOfProcess(configuration, resources)
  const upstream = createUpstream(configuration, files.upstream, environment, capacity, before?.upstream)
  const policies = makePolicies(configuration, upstream, before?.policies.cached())
  return { configuration, files, capacity, upstream, policies }
}

/** What serves while the configuration changes. */
export interface ServedPort {
  readonly context: ProxyContext
  readonly server: Server
  /** Where the connections of a former endpoint end. */
  readonly retired: RetiredPools
}

/** Puts `next` in the place of `before`; requests under way end as they began. `found`: how the endpoint reads names. */
export function swapIn(
  { context, server, retired }: ServedPort,
  before: InForce,
  next: InForce,
  found: FoundNames | undefined,
): void {
  const { console: consoleBefore } = context.settings
  context.settings = createProxySettings(
    next.configuration,
    next.policies,
    next.upstream.pool,
    next.capacity.consoleConnections,
    consoleBefore,
    found,
  )
  if (context.settings.console !== consoleBefore) consoleBefore?.close()
  applyUpgrades(context, server)
  before.policies.lookup.stop()
  if (before.upstream !== next.upstream) {
    before.upstream.close()
    retired.add(before.upstream.pool)
  }
  applyLimits(server, limitsOf(next))
  const { certificate } = next.files
  if (server instanceof TlsServer && certificate !== undefined)
    server.setSecureContext({ ...modernTls, ...certificate })
}

/** The limits of the server. */
export function limitsOf({ configuration: { limits, tls }, capacity }: InForce): ServerLimits {
  return {
    headerBytes: limits.headerBytes,
    connections: capacity.connections,
    heldBytes: capacity.heldBytes,
    headersMs: limits.headersSeconds * 1000,
    idleMs: limits.idleSeconds * 1000,
    keepAliveMs: limits.keepAliveSeconds * 1000,
    streams: tls?.http2 === false ? 0 : limits.concurrentStreams,
  }
}

/** `configuration` is what this process obeys: its share, where there are workers. */
function capacityOfProcess({ limits, upstream, tls, console, workers }: Configuration, resources: Resources): Capacity {
  const demand = { connections: limits.connections, upstreamConnections: upstream.connections, workers }
  return capacityOf({ ...demand, tls: tls !== undefined, console: console !== undefined }, resources)
}
