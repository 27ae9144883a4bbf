import { BlockList, isIPv6 } from 'node:net'
import type { Configuration } from '../config/configuration.ts'
import { type ConsoleProxy, createConsoleProxy } from '../proxy/console.ts'
import type { ProxySettings } from '../proxy/proxy-context.ts'
import type { UpstreamPool } from '../proxy/upstream-pool.ts'
import { createAddressParser } from '../s3/bucket-address.ts'
import type { DaemonPolicies } from './policies.ts'
import { servernameOf } from './upstream-sockets.ts'

// A request of an SDK has about 20 field lines, a presigned one fewer; user metadata can add 100.
const maxFieldLines = 512

/** What the proxy reads of a configuration, everything that can be made ahead made. */
export function createProxySettings(
  configuration: Configuration,
  policies: DaemonPolicies,
  pool: UpstreamPool,
): ProxySettings {
  const { upstream, limits, publicOrigins } = configuration
  const { url } = upstream
  return {
    policies: policies.lookup,
    managed: policies.managed,
    pool,
    addressOf: createAddressParser({
      upstreamHost: url.hostname,
      host: upstream.host,
      virtualHosts: configuration.virtualHosts,
      hosts: configuration.hosts,
      namedBuckets: new Set(configuration.buckets.map(bucket => bucket.name)),
    }),
    varyAlways: configuration.vary === 'always',
    publicOrigins: publicOrigins.length === 0 ? undefined : new Set(publicOrigins),
    forwardedFor: { mode: configuration.forwardedFor, trusted: blockList(configuration.trustedProxies) },
    authority: upstream.host === 'rewrite' ? url.authority : undefined,
    servername: servernameOf(url.protocol, url.hostname),
    guardLimits: { targetBytes: limits.targetBytes, fields: maxFieldLines },
    console: consoleOf(configuration),
    responseMs: upstream.responseSeconds * 1000,
    idleMs: upstream.idleSeconds * 1000,
  }
}

function consoleOf({ console: target, upstream }: Configuration): ConsoleProxy | undefined {
  if (target === undefined) return undefined
  const { protocol, authority } = target.url
  return createConsoleProxy({ host: target.host, protocol, authority, timeoutMs: upstream.responseSeconds * 1000 })
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
