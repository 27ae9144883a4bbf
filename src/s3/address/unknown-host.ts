import { toCanonical } from './host-addressing.ts'

/** What makes a Host known: lines of the configuration, and the same as a clause for a person. */
export interface HostAdvice {
  /** The name alone: lower case, without its port. */
  readonly name: string
  readonly yaml: string
  readonly todo: string
}

/**
 * What to write into the configuration for a Host that it does not have. `isNamed` says whether the configuration names a bucket:
 * where one stands before the Host, it is virtual-hosted-style. `host` has passed isHostValue.
 */
export function adviseOnHost(host: string, isNamed: (bucket: string) => boolean): HostAdvice {
  const colon = host.indexOf(':')
  const name = toCanonical(colon === -1 ? host : host.slice(0, colon))
  for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
    const bucket = name.slice(0, dot)
    if (!isNamed(bucket)) continue
    const yaml = `virtualHosts: [${name.slice(dot + 1)}]`
    return { name, yaml, todo: `add ${yaml}: the bucket ${bucket} stands before it` }
  }
  const yaml = `hosts: [${name}]`
  return { name, yaml, todo: `add ${yaml}, or virtualHosts if buckets stand before it` }
}
