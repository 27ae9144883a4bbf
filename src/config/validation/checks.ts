import type { Configuration } from '../configuration.ts'
import type { Environment } from '../environment.ts'
import type { Finding, Path } from '../issue.ts'
import { child } from '../raw-value.ts'
import { type Address, isLoopback, parseAddress } from '../schema/address.ts'
import { type EndpointUrl, parseEndpointUrl } from '../schema/endpoint-url.ts'
import { hasAdminToken, hasKeys } from '../secrets.ts'
import { checkBucketBeforeAddress, checkHostNames, checkStoreBucket } from './name-checks.ts'

/** Faults of values that are right each by itself. Reads the raw data, so that they show beside every other fault. */
export function findContradictions(raw: unknown): readonly Finding[] {
  const found: Finding[] = []
  const fault = (reason: string, path: Path, message: string, allowed: string) =>
    found.push({ severity: 'fault', reason, path, value: child(raw, path), message, allowed })
  const addressOf = (setting: string, unlessSet: string) => parseAddress(String(child(raw, [setting]) ?? unlessSet))
  const addresses = { listen: addressOf('listen', '0.0.0.0:8080'), admin: addressOf('admin', '127.0.0.1:9464') }
  const port = addresses.listen?.port
  if (port !== undefined && port !== 0 && port === addresses.admin?.port) {
    const path = child(raw, ['admin']) === undefined ? ['listen'] : ['admin']
    fault('same-port', path, `port ${port} is that of both listen and admin`, 'two different ports')
  }
  for (const section of ['upstream', 'console']) {
    const path = [section, 'url']
    const url = parseEndpointUrl(String(child(raw, path)))
    for (const [setting, own] of Object.entries(addresses)) {
      if (own === undefined || url === undefined || !isReachedBy(own, url)) continue
      const message = `${url.authority} is the address of this proxy itself (${setting}), and a request would never end`
      fault('own-address', path, message, "the endpoint's own address and port")
    }
  }
  const trusted = child(raw, ['trustedProxies'])
  if (
    child(raw, ['forwardedFor']) === 'append' &&
    (trusted === undefined || (Array.isArray(trusted) && trusted.length === 0))
  ) {
    fault(
      'no-trusted-proxies',
      ['forwardedFor'],
      '"append" keeps what any client writes into X-Forwarded-For',
      '"append" with trustedProxies, or "replace"',
    )
  }
  for (const [given, other] of [
    ['certFile', 'keyFile'],
    ['keyFile', 'certFile'],
  ] as const) {
    if (child(raw, ['upstream', given]) === undefined || child(raw, ['upstream', other]) !== undefined) continue
    fault('half-a-pair', ['upstream', given], `upstream.${other} is missing beside it`, 'both or neither')
  }
  const store = child(raw, ['managed', 'store'])
  const stores = ['directory', 'bucket'].filter(key => child(store, [key]) !== undefined)
  if (store !== undefined && stores.length !== 1) {
    fault(
      'managed-store',
      ['managed', 'store'],
      stores.length === 0 ? 'no place is named' : 'two places are named',
      'directory or bucket',
    )
  }
  checkBucketBeforeAddress(raw, fault)
  checkStoreBucket(raw, fault)
  checkHostNames(raw, fault)
  return found
}

/** Whether who asks for `url` on this machine comes to what listens on `own`. */
function isReachedBy(own: Address, { hostname, port }: EndpointUrl): boolean {
  if (own.port !== port) return false
  if (['', '0.0.0.0', '::'].includes(own.host)) return isLoopback(hostname) || hostname === '0.0.0.0'
  return own.host === hostname || (own.host === 'localhost' && isLoopback(hostname))
}

/** What is accepted and a person may regret, beyond the warnings of each rule. */
export function findRegrets(configuration: Configuration, environment: Environment): readonly Finding[] {
  const found: Finding[] = []
  const warn = (reason: string, path: Path, value: unknown, message: string, allowed: string) =>
    found.push({ severity: 'warning', reason, path, value, message, allowed })
  const { admin, buckets, upstream, hosts, virtualHosts, console: ownConsole } = configuration
  if (buckets.length === 0) {
    warn(
      'no-buckets',
      ['buckets'],
      undefined,
      'no bucket has rules: every preflight is refused',
      'an entry for each bucket',
    )
  }
  if (buckets.length > 0 && upstream.host === 'preserve' && hosts.length === 0 && virtualHosts.length === 0) {
    const message =
      'neither hosts nor virtualHosts is set: under a DNS name of this proxy every page is denied (unknown_host)'
    const allowed = 'hosts: [s3.example.com], the name that browsers use, or virtualHosts if buckets stand before it'
    warn('no-hosts', ['hosts'], undefined, message, allowed)
  }
  if (ownConsole !== undefined && isSameServer(ownConsole.url, upstream.url)) {
    const message =
      'it is the endpoint itself: requests under console.host reach it without rules and guards, and its own CORS answers pass'
    warn(
      'console-is-endpoint',
      ['console', 'url'],
      ownConsole.url.authority,
      message,
      "the console's own address and port",
    )
  }
  for (const { name, source } of buckets) {
    if (source !== 'managed') continue
    const path = ['buckets', name, 'from']
    if (upstream.host === 'rewrite') {
      const message =
        '"from: managed" has the endpoint check callers\' signatures, and "upstream.host: rewrite" breaks them'
      warn('managed-rewrite', path, source, message, '"upstream.host: preserve" for clients that change rules')
    }
    if (upstream.credentials === 'none') {
      const message =
        '"from: managed" needs keys of the proxy, to find out whether it is safe with the endpoint, and there are none'
      warn('managed-anonymous', path, source, message, '"upstream.credentials: environment"')
    }
  }
  for (const { name, source } of buckets) {
    if ((source !== 'upstream' && source !== 'managed') || upstream.credentials === 'none' || hasKeys(environment))
      continue
    const message = `"from: ${source}" asks the endpoint with keys of the proxy, and there are none`
    const allowed =
      'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the same with _FILE; "upstream.credentials: none" to ask without'
    warn('no-keys', ['buckets', name, 'from'], source, message, allowed)
  }
  for (const { name, enforcement } of buckets) {
    if (enforcement !== 'report') continue
    const which = name === '*' ? 'every bucket that is not named' : `bucket ${JSON.stringify(name)}`
    const message = `${which} is NOT PROTECTED: "report" only counts, the endpoint's own CORS answers pass`
    warn('not-protected', ['buckets', name, 'enforcement'], enforcement, message, '"headers" or "block" to protect it')
  }
  if (!isLoopback(admin.host) && !hasAdminToken(environment)) {
    const message =
      'other machines reach the admin port and no S3CORS_ADMIN_TOKEN is set: they see probes and metrics only'
    warn('admin-without-token', ['admin'], child(configuration, ['admin']), message, 'a loopback address, or a token')
  }
  return found
}

function isSameServer(one: Configuration['upstream']['url'], other: Configuration['upstream']['url']): boolean {
  return one.port === other.port && one.hostname.toLowerCase() === other.hostname.toLowerCase()
}
