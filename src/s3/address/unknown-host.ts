import { isHostName } from '../../http/host-name.ts'
import { nameOfHost, toCanonical } from './host-addressing.ts'

/** The names of this proxy that the configuration has. */
export interface ConfiguredHosts {
  readonly hosts: readonly string[]
  readonly virtualHosts: readonly string[]
}

/** What a person adds to the configuration. */
export interface HostAddition {
  /** A line of its own, or where the list is there, the list with the one name to add. */
  readonly yaml: string
  /** Where these lines belong, and what becomes of what is there: a clause each. */
  readonly where: string
  readonly how: string
}

/** What makes a Host known: an excerpt of the configuration, and the same as a clause for a person. */
export interface HostAdvice {
  /** The name alone: lower case, without its port. */
  readonly name: string
  /** Undefined where the configuration takes no such name. */
  readonly addition: HostAddition | undefined
  readonly todo: string
  /** Of a virtual-hosted-style Host: the bucket in it. */
  readonly bucket?: string | undefined
}

/**
 * What to write into the configuration for a Host that it does not have. `isNamed` says whether the configuration names a bucket:
 * where one stands before the Host, it is virtual-hosted-style. `host` has passed isHostValue.
 */
export function adviseOnHost(
  host: string,
  configured: ConfiguredHosts,
  isNamed: (bucket: string) => boolean,
): HostAdvice {
  const name = nameOfHost(host)
  if (!isHostName(name)) {
    const todo = 'nothing: a client made this name up, which is none of a host'
    return { name, addition: undefined, todo }
  }
  for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
    const bucket = name.slice(0, dot)
    const base = name.slice(dot + 1)
    // A listed name under the base would be a bucket of it, too.
    if (!isNamed(bucket) || configured.hosts.some(host => toCanonical(host).endsWith(`.${base}`))) continue
    const { todo, ...addition } = addTo('virtualHosts', base, configured)
    return { name, bucket, addition, todo: `add ${todo}: the bucket ${bucket} stands before it` }
  }
  const { todo, where, ...addition } = addTo('hosts', name, configured)
  const or = configured.virtualHosts.length === 0 ? 'or virtualHosts' : 'or to virtualHosts'
  const alternative = `${or} if buckets stand before the name`
  return { name, addition: { ...addition, where: `${where}, ${alternative}` }, todo: `add ${todo}, ${alternative}` }
}

/** A list that is there keeps its names: written a second time it would be a fault, in its place it would lose them. */
function addTo(setting: keyof ConfiguredHosts, name: string, configured: ConfiguredHosts) {
  if (configured[setting].length === 0) {
    const yaml = `${setting}: [${name}]`
    return { yaml, where: 'at the top of the configuration', how: 'add the line', todo: yaml }
  }
  const keep = `keep ${configured[setting].length === 1 ? 'the name that is' : 'the names that are'} there`
  return {
    yaml: `${setting}:\n  - ${name}`,
    where: `in ${setting}`,
    how: `add the name, and ${keep}`,
    todo: `${name} to ${setting} (${keep})`,
  }
}
