// The kinds of values that a setting may have. Each message is the clause that says what is allowed: schema-faults.ts says what was found.

import { z } from 'zod'
import { hostNamePattern, isHostName } from '../../http/host-name.ts'
import { addressAllowed, addressPattern, parseAddress } from './address.ts'
import { endpointUrlAllowed, endpointUrlPattern, parseEndpointUrl } from './endpoint-url.ts'
import { hostNameAllowed } from './host-names.ts'

/** Some text, which is what `allowed` says. */
export const text = (allowed: string) => z.string({ error: allowed }).min(1, { error: allowed, abort: true })

/** The path of a file or directory. */
export const path = (what: string) =>
  text(`the path of ${what}`).describe(`The path of ${what}; in a file, relative to that file.`)

/** A whole number of what `what` names. */
export function whole(min: number, max: number, what: string) {
  const error = `a whole number of ${what} from ${min} to ${max}`
  return z.int({ error }).min(min, { error }).max(max, { error })
}

/** A time in seconds, with fractions. */
export function seconds(min: number, max: number) {
  const error = `a number of seconds from ${min} to ${max}`
  return z.number({ error }).min(min, { error }).max(max, { error })
}

/** One of some words. */
export function choice<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values, {
    error: values
      .map(value => JSON.stringify(value))
      .join(', ')
      .replace(/, ([^,]*)$/, ' or $1'),
  })
}

/** A list, as long as one that is written by hand. `allowed`: what an item is. */
export function list<T extends z.ZodType>(item: T, allowed: string) {
  return z.array(item, { error: `a list: each item ${allowed}` }).max(1000, { error: 'at most 1000 items' })
}

/** A mapping with these keys alone; schema-faults.ts says which key is unknown and what the nearest one is. */
export function section<T extends z.core.$ZodLooseShape>(shape: T) {
  return z.strictObject(shape, { error: `a mapping with ${Object.keys(shape).join(', ')}` })
}

/** HOST:PORT to listen on. */
export const address = () =>
  text(addressAllowed)
    .regex(addressPattern, { error: addressAllowed, abort: true })
    .refine(value => parseAddress(value) !== undefined, { error: addressAllowed })

/** Scheme, host and port of a server. */
export const endpointUrl = () =>
  text(endpointUrlAllowed)
    .regex(endpointUrlPattern, { error: endpointUrlAllowed, abort: true })
    .refine(value => parseEndpointUrl(value) !== undefined, { error: endpointUrlAllowed })

/** A name in Host. */
export const hostName = () =>
  text(hostNameAllowed)
    .regex(hostNamePattern, { error: hostNameAllowed, abort: true })
    .refine(isHostName, { error: hostNameAllowed })
