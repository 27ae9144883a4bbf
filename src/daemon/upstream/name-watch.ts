// Keeps what the endpoint does with names in Host: asked at the start, and hourly from then on.

import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Configuration } from '../../config/configuration.ts'
import { isIpv4Shaped } from '../../http/ip-literal.ts'
import type { FoundNames, NameReading } from '../../s3/address/host-addressing.ts'
import { toCanonical } from '../../s3/address/host-addressing.ts'
import { type NamesToProbe, probeNames } from '../../s3/endpoint/endpoint-names.ts'
import type { Transport } from '../../s3/endpoint/endpoint-transport.ts'
import type { Log } from '../../telemetry/log/log.ts'
import { datedNames, type KnownNames, nothingKnown } from './known-names.ts'

/** What a person should hear of: how one configured name is read. No string of a client is in it. */
export interface NameEvent {
  /** `virtualHosts`, `hosts` or `upstream.url`. */
  readonly setting: string
  readonly name: string
  readonly reading: NameReading
  /** The endpoint is sent this name whatever the client's Host was. */
  readonly isRewritten?: boolean | undefined
}

/** What a watch works with. */
export interface NameWatchOptions {
  readonly send: Transport['send']
  /** Undefined where there is nothing to ask. */
  readonly names: Omit<NamesToProbe, 'token'>
  /** What was known before, of the same endpoint. */
  readonly before?: Pick<KnownNames, 'found' | 'sinceMs'> | undefined
  /** Told whenever something else is found than was known. */
  readonly onFound: (found: FoundNames) => void
  /** Told when the endpoint was asked for the first time; after `onFound`. */
  readonly onAsked?: (() => void) | undefined
  /** Waits; a timer that keeps no process alive. */
  readonly wait?: ((ms: number, signal: AbortSignal) => Promise<void>) | undefined
}

/** A running watch. */
export interface NameWatch {
  /** What is known now. */
  readonly known: () => KnownNames
  stop(): void
}

/** An endpoint may be set up anew behind its address. */
const againMs = 3_600_000
const retryMs = 2000
/** No longer: until there is an answer, a request under an unlisted label is refused where Host and path differ. */
const maxRetryMs = 10_000

/** The names about which an endpoint has to be asked under a configuration. */
export function namesToProbe({ upstream, virtualHosts, hosts }: Configuration): Omit<NamesToProbe, 'token'> {
  const own = toCanonical(upstream.url.hostname)
  const ownBase = isIpv4Shaped(own) || own.includes(':') ? [] : [own]
  if (upstream.host === 'rewrite') return { bases: ownBase, hosts: ownBase, foreign: false }
  const bases = [...virtualHosts.map(toCanonical), ...ownBase]
  // A base without a bucket before it is path-style, if it is a name of the endpoint's.
  const all = [...new Set([...hosts.map(toCanonical), ...bases])]
  return { bases: [...new Set(bases)], hosts: all, foreign: true }
}

/** Asks at once, and again in an hour; sooner while the endpoint gives no answer. What was found holds until it says otherwise. */
export function watchNames(options: NameWatchOptions): NameWatch {
  const { names, onFound, wait = waitUnreferenced } = options
  const token = randomBytes(16).toString('hex')
  const stopping = new AbortController()
  let { found, sinceMs }: Pick<KnownNames, 'found' | 'sinceMs'> = options.before ?? nothingKnown
  let asked = false

  async function run(): Promise<void> {
    let delayMs = retryMs
    while (!stopping.signal.aborted) {
      const probed = await probeNames(options.send, { ...names, token })
      if (stopping.signal.aborted) return
      const isFirst = !asked
      asked = true
      const next = merge(found, probed)
      if (!isDeepStrictEqual(next, found)) {
        sinceMs = datedNames({ found, sinceMs }, next, Date.now())
        found = next
        onFound(found)
      }
      if (isFirst) options.onAsked?.()
      await wait(probed.isWhole ? againMs : delayMs, stopping.signal)
      delayMs = probed.isWhole ? retryMs : Math.min(2 * delayMs, maxRetryMs)
    }
  }
  if (names.bases.length > 0 || names.hosts.length > 0 || names.foreign) run().catch(() => {})
  else asked = true
  return { known: () => ({ asked, found, sinceMs }), stop: () => stopping.abort() }
}

function merge(before: FoundNames, { bases, hosts, foreign }: FoundNames): FoundNames {
  return {
    bases: new Map([...before.bases, ...bases]),
    hosts: new Map([...before.hosts, ...hosts]),
    foreign: foreign ?? before.foreign,
  }
}

/** What is new in `found`, for the log: names of the configuration alone. */
export function nameEvents(
  { upstream, virtualHosts, hosts }: Configuration,
  before: FoundNames,
  found: FoundNames,
): readonly NameEvent[] {
  const written = new Set(virtualHosts.map(toCanonical))
  const own = toCanonical(upstream.url.hostname)
  const events: NameEvent[] = []
  for (const [name, reading] of found.bases) {
    if (before.bases.get(name) === reading) continue
    // With `rewrite`, what the endpoint makes of its own name decides for all of them.
    const isBase = name !== own || written.has(name) || (upstream.host === 'rewrite' && virtualHosts.length > 0)
    const isRewritten = upstream.host === 'rewrite'
    events.push({
      setting: isBase ? 'virtualHosts' : 'upstream.url',
      name,
      reading,
      ...(isRewritten && { isRewritten }),
    })
  }
  for (const name of new Set(hosts.map(toCanonical))) {
    const reading = found.hosts.get(name)
    if (reading !== undefined && before.hosts.get(name) !== reading) events.push({ setting: 'hosts', name, reading })
  }
  return events
}

/** Says it: as a warning where the configuration says otherwise. */
export function logName({ setting, name, reading, isRewritten }: NameEvent, log: Pick<Log, 'info' | 'warn'>): void {
  const isBase = setting === 'virtualHosts'
  if (reading === (isBase ? 'virtual' : 'path') || setting === 'upstream.url') {
    log.info('host_reading', { setting, name, reading })
    return
  }
  const todo = isRewritten
    ? 'hosts instead of virtualHosts: with upstream.host: rewrite the proxy sends BUCKET before the name of the endpoint, which reads no bucket from there'
    : isBase
      ? 'name it at the endpoint too (MINIO_DOMAIN, rgw_dns_name), take it out of virtualHosts, or set upstream.host: rewrite'
      : 'name it at the endpoint too (rgw_dns_name, hostnames of the zonegroup), take it out of hosts, or set upstream.host: rewrite'
  log.warn('host_reading', { setting, name, reading, todo })
}

function waitUnreferenced(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, ms)
    timer.unref()
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
