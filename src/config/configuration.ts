import type { CorsRule, RulesPlace } from '../cors/rules/rule.ts'
import { type Address, parseAddress } from './schema/address.ts'
import { type EndpointUrl, parseEndpointUrl } from './schema/endpoint-url.ts'
import type { WrittenConfiguration } from './schema/schema.ts'
import { settings } from './schema/settings.ts'
import { type BucketEntry, type BucketSource, besides } from './validation/bucket-entries.ts'

/** What happens to an actual request that the rules deny. */
export type ConfiguredEnforcement = WrittenConfiguration['enforcement']

/** One bucket's entry, or that of every bucket not named (`*`). */
export interface BucketConfiguration {
  readonly name: string
  readonly source: BucketSource
  /** Where `ruleCount` is known, made anew whenever it is read. */
  readonly rules: readonly CorsRule[]
  readonly ruleCount?: number | undefined
  readonly enforcement: ConfiguredEnforcement
  readonly corsFile?: string | undefined
  readonly place?: RulesPlace | undefined
}

type Parsed = 'listen' | 'admin' | 'upstream' | 'console' | 'buckets'

/**
 * The configuration as the parts of the process read it: every key has its value, addresses and URLs are taken apart, host
 * names are lower case, paths are relative to the working directory. Plain data, so that it can cross processes.
 */
export interface Configuration extends Readonly<Omit<WrittenConfiguration, Parsed>> {
  readonly listen: Address
  readonly admin: Address
  readonly upstream: Readonly<Omit<WrittenConfiguration['upstream'], 'url'>> & { readonly url: EndpointUrl }
  readonly console?: { readonly host: string; readonly url: EndpointUrl } | undefined
  readonly buckets: readonly BucketConfiguration[]
}

/** From a valid file to what is read of it. Everything here has been checked: nothing can fail. */
export function toConfiguration(
  written: WrittenConfiguration,
  entries: readonly BucketEntry[],
  file: string | undefined,
  isFromFile: (setting: string) => boolean,
): Configuration {
  const { console, upstream, ...rest } = withPaths(written, file, isFromFile)
  return {
    ...rest,
    listen: checked(parseAddress(written.listen)),
    admin: checked(parseAddress(written.admin)),
    upstream: { ...upstream, url: checked(parseEndpointUrl(upstream.url)) },
    virtualHosts: written.virtualHosts.map(name => name.toLowerCase()),
    hosts: written.hosts.map(name => name.toLowerCase()),
    console: console && { host: console.host.toLowerCase(), url: checked(parseEndpointUrl(console.url)) },
    buckets: entries.map(entry => ({
      ...entry,
      enforcement: written.buckets[entry.name]?.enforcement ?? written.enforcement,
    })),
  }
}

/** Paths that stand in the file are relative to it; those of variables and flags stay as they are. */
function withPaths(
  written: WrittenConfiguration,
  file: string | undefined,
  isFromFile: (setting: string) => boolean,
): WrittenConfiguration {
  if (file === undefined) return written
  const copy = structuredClone(written)
  for (const { path, isPath } of settings()) {
    const last = path.at(-1)
    if (!isPath || last === undefined || !isFromFile(path.join('.'))) continue
    let parent: unknown = copy
    for (const step of path.slice(0, -1)) parent = (parent as Record<string, unknown> | undefined)?.[step]
    const values = parent as Record<string, unknown> | undefined
    if (typeof values?.[last] === 'string') values[last] = besides(file, values[last])
  }
  return copy
}

function checked<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a value that the schema accepts could not be read')
  return value
}
