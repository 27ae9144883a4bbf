// What the endpoint does with a name in Host: asked with one anonymous GET of a bucket that is not there, whose error names the
// bucket that was looked for.

import { createHash } from 'node:crypto'
import type { FoundNames, LabelReading, NameReading } from '../address/host-addressing.ts'
import type { Transport } from './endpoint-transport.ts'
import { parseErrorDocument } from './error-document.ts'

/** Which names are asked about. */
export interface NamesToProbe {
  readonly bases: readonly string[]
  readonly hosts: readonly string[]
  /** Whether any other single label is asked about. */
  readonly foreign: boolean
  /** Makes the names of buckets that no client can have made to mislead the probe; random. */
  readonly token: string
}

/** An error document is far smaller; so is what most endpoints answer to a bucket that is not there. */
const maxAnswerBytes = 64 * 1024

/** Asks about one name after another; `isWhole` is false when the endpoint gave no answer, and the rest was not asked. */
export async function probeNames(
  send: Transport['send'],
  { bases, hosts, foreign, token }: NamesToProbe,
): Promise<FoundNames & { readonly isWhole: boolean }> {
  const found = {
    bases: new Map<string, NameReading>(),
    hosts: new Map<string, NameReading>(),
    foreign: undefined as LabelReading | undefined,
  }
  // A label has at most 63 characters, as a bucket's name has; the same for one name in every run of one process.
  const bucketFor = (role: string) =>
    `s3-cors-proxy-${role}-${createHash('sha256').update(`${token} ${role}`).digest('hex').slice(0, 16)}`
  const inPath = bucketFor('path')
  const ask = async (host: string, inHost: string): Promise<LabelReading | 'no answer' | undefined> => {
    const headers = ['host', host, 'accept-encoding', 'identity']
    const answer = await send({ method: 'GET', target: `/${inPath}/name`, headers, maxBodyBytes: maxAnswerBytes })
    // A server that starts, or a load balancer without one, has not looked for a bucket.
    if ('kind' in answer || answer.status >= 500) return 'no answer'
    const document = answer.status >= 400 ? parseErrorDocument(answer) : undefined
    if (document === undefined) return undefined
    const named = document.bucketName
    if (named === undefined) return 'silent'
    if (named === inPath) return 'path'
    if (named === inHost) return 'virtual'
    return named === host || host.startsWith(`${named}.`) ? 'other' : undefined
  }
  for (const base of bases) {
    const inHost = bucketFor('host')
    const reading = await ask(`${inHost}.${base}`, inHost)
    if (reading === 'no answer') return { ...found, isWhole: false }
    if (reading !== undefined && reading !== 'silent') found.bases.set(base, reading)
  }
  for (const host of hosts) {
    const reading = await ask(host, host)
    if (reading === 'no answer') return { ...found, isWhole: false }
    if (reading !== undefined && reading !== 'silent') found.hosts.set(host, reading)
  }
  if (!foreign) return { ...found, isWhole: true }
  const label = bucketFor('label')
  const reading = await ask(label, label)
  if (reading === 'no answer') return { ...found, isWhole: false }
  found.foreign = reading
  return { ...found, isWhole: true }
}
