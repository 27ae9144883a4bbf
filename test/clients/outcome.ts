// What an S3 client got for each thing it did, in a form in which two runs can be compared.

import { createHash } from 'node:crypto'

/** Whose bucket a client works on, and how it says so. */
export interface ClientTarget {
  /** `http://HOST:PORT` of the S3 server, or of the proxy in front of it. */
  readonly endpoint: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly region: string
  readonly style: 'path' | 'virtual'
  /** The base domain of virtual-hosted-style requests. */
  readonly virtualHost: string
  readonly bucket: string
  /** Sent with every request of a client that can: what a browser would add. */
  readonly origin?: string | undefined
}

/** One response as it was on the wire, without what differs between any two. */
export interface Exchange {
  readonly method: string
  readonly status: number
  readonly fields: Readonly<Record<string, string>>
}

export interface Outcome {
  readonly succeeded: boolean
  /** Any S3 server must refuse it, for what the client did: a wrong secret, a missing key. */
  readonly toBeRefused: boolean
  /** What the client made of it: chosen values on success, the error's code on failure. */
  readonly result: unknown
  /** Empty where the client does not show it. */
  readonly exchanges: readonly Exchange[]
}

/** By operation, in the order they were done. */
export type Outcomes = Readonly<Record<string, Outcome>>

// Times and identifiers of one request, and fields of one connection.
const volatileFields = new Set([
  'connection',
  'date',
  'keep-alive',
  'last-modified',
  'x-amz-id-2',
  'x-amz-request-id',
  'x-openstack-request-id',
  'x-ratelimit-remaining',
  'x-trans-id',
])

/** Collects the exchanges and outcomes of one client. */
export interface Recorder {
  exchanged(method: string, status: number, fields: Readonly<Record<string, string | string[] | undefined>>): void
  /** Does one thing and keeps what came of it. What it returns is kept as the result. */
  record(operation: string, operate: () => Promise<unknown>): Promise<void>
  /** Likewise, for what any S3 server must refuse. */
  recordRefusal(operation: string, operate: () => Promise<unknown>): Promise<void>
  readonly outcomes: Outcomes
}

/** `sorts` is for a client that does two things at once, so that its exchanges come in no certain order. */
export function createRecorder(target: ClientTarget, { sorts = false } = {}): Recorder {
  const outcomes: Record<string, Outcome> = {}
  let exchanges: Exchange[] = []
  const neutral = (value: string) => withoutTarget(value, target)
  const keep = async (operation: string, operate: () => Promise<unknown>, toBeRefused: boolean) => {
    exchanges = []
    const outcome = await operate().then(
      result => ({ succeeded: true, result }),
      (error: unknown) => ({ succeeded: false, result: codeOf(error) }),
    )
    outcomes[operation] = { ...outcome, toBeRefused, exchanges: sorts ? sorted(exchanges) : exchanges }
  }
  return {
    outcomes,
    exchanged(method, status, fields) {
      const kept = Object.entries(fields)
        .map(([name, value]) => [name.toLowerCase(), neutral(String(value))] as const)
        .filter(([name]) => !volatileFields.has(name) && !isCorsField(name))
      exchanges.push({ method, status, fields: Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1))) })
    },
    record: (operation, operate) => keep(operation, operate, false),
    recordRefusal: (operation, operate) => keep(operation, operate, true),
  }
}

function sorted(exchanges: readonly Exchange[]): readonly Exchange[] {
  const keyed = exchanges.map(exchange => [JSON.stringify(exchange), exchange] as const)
  return keyed.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, exchange]) => exchange)
}

/** The fields that are the proxy's to decide: its own tests compare those. */
function isCorsField(name: string): boolean {
  return name === 'vary' || name.startsWith('access-control-')
}

/** `text` with the bucket's name and the server's address, which two runs do not share, replaced by words. */
export function withoutTarget(text: string, target: ClientTarget): string {
  return text
    .replaceAll(new URL(target.endpoint).host, 'HOST')
    .replaceAll(`${target.virtualHost}:${new URL(target.endpoint).port}`, 'HOST')
    .replaceAll(target.bucket, 'BUCKET')
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** The S3 error code where the client found one, else the name of what went wrong. */
function codeOf(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error)
  if ('outcome' in error) return error.outcome
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? code : error.name
}
