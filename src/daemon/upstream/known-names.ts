// What is known of the names in Host, as an operator reads it.

import type { NameLine } from '../../admin/admin-sources.ts'
import type { Configuration } from '../../config/configuration.ts'
import { isIpv4Shaped } from '../../http/ip-literal.ts'
import { type FoundNames, type LabelReading, toCanonical } from '../../s3/address/host-addressing.ts'

/** What is known of names. */
export interface KnownNames {
  /** The endpoint was asked once, or there is nothing to ask; whatever came of it. */
  readonly asked: boolean
  readonly found: FoundNames
  /** Since when each reading is known, in milliseconds since the epoch; by {@link nameKey}. */
  readonly sinceMs: ReadonlyMap<string, number>
}

/** Nothing is known of any name. */
export const nothingFound: FoundNames = { bases: new Map(), hosts: new Map(), foreign: undefined }

/** Nothing was asked yet. */
export const nothingKnown: KnownNames = { asked: false, found: nothingFound, sinceMs: new Map() }

/** Names one reading among all that are kept. */
export function nameKey(kind: 'bases' | 'hosts' | 'foreign', name = ''): string {
  return `${kind} ${name}`
}

/** The readings of `found`, with the time of each: `nowMs` for what `before` did not say. */
export function datedNames(before: Pick<KnownNames, 'found' | 'sinceMs'>, found: FoundNames, nowMs: number) {
  const sinceMs = new Map<string, number>()
  const date = (key: string, was: LabelReading | undefined, is: LabelReading | undefined) => {
    if (is !== undefined) sinceMs.set(key, was === is ? (before.sinceMs.get(key) ?? nowMs) : nowMs)
  }
  for (const kind of ['bases', 'hosts'] as const) {
    for (const [name, reading] of found[kind]) date(nameKey(kind, name), before.found[kind].get(name), reading)
  }
  date(nameKey('foreign'), before.found.foreign, found.foreign)
  return sinceMs
}

/**
 * How requests under the names of a configuration are read: first bases, then path-style names, then every other single label.
 * Says what `createHostReader` does.
 */
export function describeNames(
  { upstream, virtualHosts, hosts }: Configuration,
  { found, sinceMs }: KnownNames,
): readonly NameLine[] {
  const own = toCanonical(upstream.url.hostname)
  const rewrites = upstream.host === 'rewrite'
  const line = (
    setting: NameLine['setting'],
    name: string | undefined,
    [endpoint, key]: readonly [LabelReading | undefined, string],
    bucketFrom: NameLine['bucketFrom'],
  ): NameLine => ({ setting, name, endpoint: endpoint ?? 'unknown', sinceMs: sinceMs.get(key), bucketFrom })

  const ofBase = (setting: 'virtualHosts' | 'upstream.url', base: string): NameLine => {
    const asked = rewrites ? own : base
    const reading = found.bases.get(asked)
    const unasked = setting === 'virtualHosts' ? 'host' : 'both'
    const from = reading === undefined ? unasked : { virtual: 'host', path: 'both', other: 'none' }[reading]
    return line(setting, base, [reading, nameKey('bases', asked)], from as NameLine['bucketFrom'])
  }
  const ofHost = (host: string): NameLine => {
    const asked = rewrites ? own : host
    const reading = found.hosts.get(asked)
    const from = reading === undefined ? 'path' : { virtual: 'both', path: 'path', other: 'none' }[reading]
    return line('hosts', host, [reading, nameKey('hosts', asked)], from as NameLine['bucketFrom'])
  }
  const written = [...new Set(virtualHosts.map(toCanonical))]
  const lines = written.map(base => ofBase('virtualHosts', base))
  if (!isIpv4Shaped(own) && !own.includes(':') && !written.includes(own)) lines.push(ofBase('upstream.url', own))
  lines.push(...[...new Set(hosts.map(toCanonical))].map(ofHost))
  const { foreign } = found
  const isPath = rewrites || foreign === 'path' || foreign === 'silent'
  // Rewritten, no name of a client's reaches the endpoint.
  if (!rewrites) lines.push(line('other labels', undefined, [foreign, nameKey('foreign')], isPath ? 'path' : 'both'))
  return lines
}
