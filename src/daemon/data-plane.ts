import { randomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import { Server as TlsServer } from 'node:https'
import { isDeepStrictEqual } from 'node:util'
import type { Configuration } from '../config/configuration.ts'
import { type Capacity, capacityOf, processMemoryBytes } from '../config/validation/capacity.ts'
import { type Resources, readResources } from '../config/validation/resources.ts'
import type { PolicySources } from '../policies/policy-sources.ts'
import type { ProxyContext } from '../proxy/handling/proxy-context.ts'
import { collectGarbage } from '../proxy/node/collect-garbage.ts'
import type { ProxyObserver } from '../proxy/request/request-record.ts'
import { applyLimits, createProxyServer, ledgerOf, modernTls, type ServerLimits } from '../proxy/server/proxy-server.ts'
import { applyUpgrades } from '../proxy/server/upgrades.ts'
import { LiveList } from '../proxy/shares/live-list.ts'
import { s3Errors } from '../s3/errors/error-catalogue.ts'
import { createRequestIds } from '../s3/errors/request-ids.ts'
import type { DaemonPolicies, DaemonRules } from './policies.ts'
import { createBusyShare, createMemoryWatch, readMemoryUse } from './process/memory-watch.ts'
import { createAddressOf, createProxySettings } from './proxy-settings.ts'
import { type KnownNames, nothingKnown } from './upstream/known-names.ts'
import { type NameEvent, type NameWatch, nameEvents, namesToProbe, watchNames } from './upstream/name-watch.ts'
import { RetiredPools } from './upstream/retired-pools.ts'
import type { ConfigurationFiles } from './upstream/tls-files.ts'
import { createUpstream, type Upstream, upstreamIdentity } from './upstream/upstream.ts'

/** What the data plane needs from outside. */
export interface DataPlaneOptions {
  readonly configuration: Configuration
  readonly files: ConfigurationFiles
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly observer: ProxyObserver
  /** Makes the policies of a configuration; `before`: the rules of the former one. */
  readonly makePolicies: MakePolicies
  /** Told how the endpoint was found to read a name of the configuration. */
  readonly onName?: ((event: NameEvent) => void) | undefined
  /** Told what is known of names: when the endpoint is about to be asked, when it was asked first, and when something else is found. */
  readonly onNames?: ((known: KnownNames) => void) | undefined
  /** Asks the endpoint how it reads names. */
  readonly watchNames?: typeof watchNames | undefined
  /** What this process may use; asked of the system unless told. */
  readonly resources?: Resources | undefined
}

/** Makes the policies of a configuration, in this process or with the help of another. */
export type MakePolicies = (
  configuration: Configuration,
  upstream: Upstream,
  before: DaemonRules | undefined,
) => DaemonPolicies

/** The S3 port and everything behind it. */
export interface DataPlane {
  readonly server: Server
  readonly policies: () => PolicySources
  /** How the endpoint reads the names in Host; `asked` is true where no Host of a client's reaches it. */
  readonly names: () => KnownNames
  /** How many former endpoints still have something under way. */
  readonly retired: () => number
  /** Replaces everything that a configuration says, at once; requests under way end as they began. */
  apply(configuration: Configuration, files: ConfigurationFiles): void
  /** From now on every response says `Connection: close`. */
  startDraining(): void
  /** Breaks off what is under way, visibly incomplete. */
  breakOff(): void
  close(): void
}

// A timeout may be late by this much. Sockets have no timers of their own: one look goes over all of them.
const tickMs = 250

/** Sets the data plane up; the server does not listen yet. */
export function createDataPlane(options: DataPlaneOptions): DataPlane {
  const { environment, observer, makePolicies, watchNames: ask = watchNames } = options
  const now = () => performance.now()
  const resources = options.resources ?? readResources()
  let capacity = capacityOfProcess(options.configuration, resources)
  let upstream = createUpstream(options.configuration, options.files.upstream, environment, capacity)
  let policies = makePolicies(options.configuration, upstream, undefined)
  let inForce = options.configuration
  let names: NameWatch | undefined
  const retired = new RetiredPools()
  const context: ProxyContext = {
    observer,
    now,
    ids: createRequestIds(randomBytes),
    exchanges: new LiveList(),
    responseOf: new WeakMap(),
    exchangeOf: new WeakMap(),
    closing: new WeakSet(),
    draining: false,
    settings: createProxySettings(options.configuration, policies, upstream.pool, capacity.consoleConnections),
  }
  watch(undefined, upstream, undefined)
  const server = createProxyServer(context, serverLimits(options.configuration, capacity), options.files.certificate, {
    nodeResponses: options.configuration.nodeResponses,
  })
  const watchMemory = createMemoryWatch({
    memoryBytes: processMemoryBytes(options.configuration.workers, resources),
    heapLimitBytes: resources.heapBytes,
    read: readMemoryUse,
    busyShare: createBusyShare(),
    collect: collectGarbage,
    relieve: () => ledgerOf(server)?.relieve() === true,
  })
  const ticker = setInterval(() => {
    const nowMs = now()
    watchMemory(nowMs)
    for (const exchange of context.exchanges) {
      // One whose rules took longer than a reload.
      if (exchange.pool !== upstream.pool) retired.add(exchange.pool)
      exchange.tick(nowMs)
    }
    upstream.pool.sweep()
    retired.sweep()
  }, tickMs)
  ticker.unref()

  /** Asks about the names of a configuration, unless the same ones are being asked about already in the same way. */
  function watch(asked: Configuration | undefined, askedUpstream: Upstream, before: KnownNames | undefined): void {
    const wanted = namesToProbe(inForce)
    if (asked !== undefined && askedUpstream === upstream && isDeepStrictEqual(namesToProbe(asked), wanted)) return
    let known = (before ?? nothingKnown).found
    const tell = () => options.onNames?.(knownNames())
    names?.stop()
    names = ask({
      send: upstream.transport.send,
      names: wanted,
      before,
      onAsked: tell,
      onFound(found) {
        context.settings = { ...context.settings, addressOf: createAddressOf(inForce, found) }
        for (const event of nameEvents(inForce, known, found)) options.onName?.(event)
        known = found
        tell()
      },
    })
    tell()
  }

  function knownNames(): KnownNames {
    const known = names?.known() ?? nothingKnown
    return inForce.upstream.host === 'rewrite' ? { ...known, asked: true } : known
  }

  function apply(configuration: Configuration, files: ConfigurationFiles): void {
    const before: DaemonPolicies = policies
    const oldUpstream = upstream
    capacity = capacityOfProcess(configuration, resources)
    if (upstreamIdentity(configuration, files.upstream) !== upstream.identity) {
      upstream = createUpstream(configuration, files.upstream, environment, capacity)
    }
    policies = makePolicies(configuration, upstream, before.cached())
    const { console: consoleBefore } = context.settings
    // A new certificate or timeout is no other endpoint.
    const known = isSameEndpoint(configuration, inForce) ? names?.known() : undefined
    context.settings = createProxySettings(
      configuration,
      policies,
      upstream.pool,
      capacity.consoleConnections,
      consoleBefore,
      known?.found,
    )
    const asked = inForce
    inForce = configuration
    watch(asked, oldUpstream, known)
    if (context.settings.console !== consoleBefore) consoleBefore?.close()
    applyUpgrades(context, server)
    before.lookup.stop()
    if (oldUpstream !== upstream) {
      oldUpstream.close()
      retired.add(oldUpstream.pool)
    }
    applyLimits(server, serverLimits(configuration, capacity))
    if (server instanceof TlsServer && files.certificate !== undefined) {
      server.setSecureContext({ ...modernTls, ...files.certificate })
    }
  }

  return {
    server,
    policies: () => policies.lookup,
    names: knownNames,
    retired: () => retired.size,
    apply,
    startDraining() {
      context.draining = true
      context.settings.console?.close()
    },
    breakOff() {
      for (const exchange of context.exchanges) exchange.abort(s3Errors.serviceUnavailable)
    },
    close() {
      clearInterval(ticker)
      names?.stop()
      policies.lookup.stop()
      upstream.close()
      context.settings.console?.close()
    },
  }
}

/** `configuration` is what this process obeys: its share, where there are workers. */
function capacityOfProcess({ limits, upstream, tls, console, workers }: Configuration, resources: Resources): Capacity {
  const demand = { connections: limits.connections, upstreamConnections: upstream.connections, workers }
  return capacityOf({ ...demand, tls: tls !== undefined, console: console !== undefined }, resources)
}

function isSameEndpoint({ upstream: one }: Configuration, { upstream: other }: Configuration): boolean {
  return one.host === other.host && isDeepStrictEqual(one.url, other.url)
}

function serverLimits({ limits, tls }: Configuration, capacity: Capacity): ServerLimits {
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
