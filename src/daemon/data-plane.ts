import { randomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import type { Configuration } from '../config/configuration.ts'
import { processMemoryBytes } from '../config/validation/capacity.ts'
import { type Resources, readResources } from '../config/validation/resources.ts'
import type { PolicySources } from '../policies/policy-sources.ts'
import type { ProxyContext } from '../proxy/handling/proxy-context.ts'
import { collectGarbage } from '../proxy/node/collect-garbage.ts'
import type { ProxyObserver } from '../proxy/request/request-record.ts'
import { createProxyServer, ledgerOf } from '../proxy/server/proxy-server.ts'
import { LiveList } from '../proxy/shares/live-list.ts'
import { s3Errors } from '../s3/errors/error-catalogue.ts'
import { createRequestIds } from '../s3/errors/request-ids.ts'
import { type InForce, limitsOf, type MakePolicies, makeInForce, swapIn } from './hot-reload.ts'
import { createBusyShare, createMemoryWatch, readMemoryUse } from './process/memory-watch.ts'
import { createAddressOf, createProxySettings } from './proxy-settings.ts'
import { type KnownNames, nothingKnown } from './upstream/known-names.ts'
import { type NameEvent, type NameWatch, nameEvents, namesToProbe, watchNames } from './upstream/name-watch.ts'
import { RetiredPools } from './upstream/retired-pools.ts'
import type { ConfigurationFiles } from './upstream/tls-files.ts'

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
  const { observer, watchNames: ask = watchNames } = options
  const now = () => performance.now()
  const resources = options.resources ?? readResources()
  const making = { ...options, resources }
  let inForce = makeInForce(making, options.configuration, options.files)
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
    settings: createProxySettings(
      inForce.configuration,
      inForce.policies,
      inForce.upstream.pool,
      inForce.capacity.consoleConnections,
    ),
  }
  watch(undefined, undefined)
  const server = createProxyServer(context, limitsOf(inForce), options.files.certificate, {
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
    const { pool } = inForce.upstream
    watchMemory(nowMs)
    for (const exchange of context.exchanges) {
      // One whose rules took longer than a reload.
      if (exchange.pool !== pool) retired.add(exchange.pool)
      exchange.tick(nowMs)
    }
    pool.sweep()
    retired.sweep()
  }, tickMs)
  ticker.unref()

  /** Asks about the names of the configuration, unless the same ones are being asked about already in the same way. */
  function watch(asked: InForce | undefined, before: KnownNames | undefined): void {
    const { configuration, upstream } = inForce
    const wanted = namesToProbe(configuration)
    const isAsking = asked?.upstream === upstream && isDeepStrictEqual(namesToProbe(asked.configuration), wanted)
    if (isAsking) return
    let known = (before ?? nothingKnown).found
    const tell = () => options.onNames?.(knownNames())
    names?.stop()
    names = ask({
      send: upstream.transport.send,
      names: wanted,
      before,
      onAsked: tell,
      onFound(found) {
        context.settings = { ...context.settings, addressOf: createAddressOf(configuration, found) }
        for (const event of nameEvents(configuration, known, found)) options.onName?.(event)
        known = found
        tell()
      },
    })
    tell()
  }

  function knownNames(): KnownNames {
    const known = names?.known() ?? nothingKnown
    return inForce.configuration.upstream.host === 'rewrite' ? { ...known, asked: true } : known
  }

  function apply(configuration: Configuration, files: ConfigurationFiles): void {
    const before = inForce
    const next = makeInForce(making, configuration, files, before)
    // A new certificate or timeout is no other endpoint.
    const known = isSameEndpoint(configuration, before.configuration) ? names?.known() : undefined
    inForce = next
    swapIn({ context, server, retired }, before, next, known?.found)
    watch(before, known)
  }

  return {
    server,
    policies: () => inForce.policies.lookup,
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
      inForce.policies.lookup.stop()
      inForce.upstream.close()
      context.settings.console?.close()
    },
  }
}

function isSameEndpoint({ upstream: one }: Configuration, { upstream: other }: Configuration): boolean {
  return one.host === other.host && isDeepStrictEqual(one.url, other.url)
}
