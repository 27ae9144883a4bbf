import { BlockList, isIPv6 } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import type { Configuration } from '../config/configuration.ts'
import { type ConsoleProxy, createConsoleProxy } from '../proxy/handling/console.ts'
import type { ProxySettings } from '../proxy/handling/proxy-context.ts'
import type { UpstreamPool } from '../proxy/upstream/pool/upstream-pool.ts'
import { type BucketAddress, createAddressParser } from '../s3/address/bucket-address.ts'
import type { FoundNames } from '../s3/address/host-addressing.ts'
import type { DaemonPolicies } from './policies.ts'
import { servernameOf } from './upstream/upstream-sockets.ts'

// A request of an SDK has about 20 field lines, a presigned one fewer; user metadata can add 100.
const maxFieldLines = 512

/** What the proxy reads of a configuration, everything that can be made ahead made. */
export function createProxySettings(
  configuration: Configuration,
  policies: DaemonPolicies,
  pool: UpstreamPool,
  consoleConnections: number,
  consoleBefore?: ConsoleProxy | undefined,
  found?: FoundNames | undefined,
): ProxySettings {
  const { upstream, limits, publicOrigins } = configuration
  const { url } = upstream
  return {
    policies: policies.lookup,
    managed: policies.managed,
    corsKnowledge: policies.lookup,
    pool,
    addressOf: createAddressOf(configuration, found),
    hosts: configuration.hosts,
    virtualHosts: configuration.virtualHosts,
    varyAlways: configuration.vary === 'always',
    reportsAll: configuration.enforcement === 'report',
    publicOrigins: publicOrigins.length === 0 ? undefined : new Set(publicOrigins),
    forwardedFor: { mode: configuration.forwardedFor, trusted: blockList(configuration.trustedProxies) },
    authority: upstream.host === 'rewrite' ? url.authority : undefined,
    endpointName: url.hostname,
    servername: servernameOf(url.protocol, url.hostname),
    guardLimits: { targetBytes: limits.targetBytes, fields: maxFieldLines },
    console: consoleOf(configuration, consoleConnections, consoleBefore),
    responseMs: upstream.responseSeconds * 1000,
    idleMs: upstream.idleSeconds * 1000,
  }
}

/** Reads Host and request-target as the endpoint was found to do. */
export function createAddressOf(
  { upstream, virtualHosts, hosts, buckets, unknownPaths }: Configuration,
  found: FoundNames | undefined,
): (host: string, target: string) => BucketAddress {
  return createAddressParser({
    upstreamHost: upstream.url.hostname,
    host: upstream.host,
    virtualHosts,
    hosts,
    namedBuckets: new Set(buckets.map(bucket => bucket.name)),
    unknownPaths,
    found,
  })
}

/** The console as configured: the former one, with its connections, where nothing about it has changed. */
function consoleOf(
  { console: configured, upstream }: Configuration,
  connections: number,
  before: ConsoleProxy | undefined,
): ConsoleProxy | undefined {
  if (configured === undefined) return undefined
  const { host, url } = configured
  const timeoutMs = upstream.responseSeconds * 1000
  const target = { host, protocol: url.protocol, authority: url.authority, timeoutMs, connections }
  return isDeepStrictEqual(before?.target, target) ? before : createConsoleProxy(target)
}

/** The addresses of `trustedProxies`, single ones and ranges. */
function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return list
}
