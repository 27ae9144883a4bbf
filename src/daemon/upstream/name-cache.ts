import type { LookupAddress } from 'node:dns'
import { lookup, Resolver } from 'node:dns/promises'
import type { LookupFunction } from 'node:net'

/** Asks the system, which knows the hosts file and search domains: all addresses, of both families. */
export type ResolveName = (name: string) => Promise<readonly LookupAddress[]>

/** For how long the DNS lets its answer be kept, in seconds. Rejects where the DNS does not know the name. */
export type AskLifetime = (name: string) => Promise<number>

/** What keeping addresses needs. */
export interface NameCacheOptions {
  readonly resolve?: ResolveName | undefined
  readonly askLifetime?: AskLifetime | undefined
  /** Milliseconds of the monotonic clock. */
  readonly now?: (() => number) | undefined
}

// Of a name that the DNS does not know, and until it has said.
const untoldSeconds = 10
const maxSeconds = 300

/**
 * Keeps the addresses of one name for as long as the DNS says, so that many connections that are opened at once ask once. While
 * the name cannot be resolved, the addresses that it had last are used. An address that did not answer is tried last.
 */
export class NameCache {
  readonly #resolve: ResolveName
  readonly #askLifetime: AskLifetime
  readonly #now: () => number
  #addresses: readonly LookupAddress[] | undefined
  #expiresAtMs = 0
  #asked: Promise<readonly LookupAddress[]> | undefined

  constructor({
    resolve = resolveBySystem,
    askLifetime = askDns,
    now = () => performance.now(),
  }: NameCacheOptions = {}) {
    this.#resolve = resolve
    this.#askLifetime = askLifetime
    this.#now = now
  }

  /** For the option of this name of `net.connect`; always called with the same name. */
  readonly lookup: LookupFunction = (name, { all, family }, callback) => {
    this.#get(name).then(
      known => {
        const wanted = typeof family === 'number' && family !== 0 ? known.filter(it => it.family === family) : known
        const [first] = wanted
        if (first === undefined) callback(Object.assign(new Error(`no address of ${name}`), { code: 'ENOTFOUND' }), [])
        else if (all === true) callback(null, [...wanted])
        else callback(null, first.address, first.family)
      },
      error => callback(error as NodeJS.ErrnoException, []),
    )
  }

  /** A connection to this address did not come up. */
  onFailed(address: string): void {
    const known = this.#addresses
    if (known === undefined || known.length < 2) return
    const failed = known.filter(it => it.address === address)
    this.#addresses = [...known.filter(it => it.address !== address), ...failed]
  }

  #get(name: string): Promise<readonly LookupAddress[]> {
    if (this.#addresses !== undefined && this.#now() < this.#expiresAtMs) return Promise.resolve(this.#addresses)
    this.#asked ??= this.#ask(name).finally(() => {
      this.#asked = undefined
    })
    return this.#asked
  }

  async #ask(name: string): Promise<readonly LookupAddress[]> {
    const keepFor = (seconds: number) => {
      this.#expiresAtMs = this.#now() + Math.min(seconds, maxSeconds) * 1000
    }
    try {
      this.#addresses = await this.#resolve(name)
    } catch (error) {
      if (this.#addresses === undefined) throw error
    }
    keepFor(untoldSeconds)
    void this.#askLifetime(name).then(keepFor, () => undefined)
    return this.#addresses
  }
}

const resolveBySystem: ResolveName = name => lookup(name, { all: true })

const askDns: AskLifetime = async name => {
  const resolver = new Resolver({ timeout: 2000, tries: 1 })
  const answers = await Promise.allSettled([
    resolver.resolve4(name, { ttl: true }),
    resolver.resolve6(name, { ttl: true }),
  ])
  const seconds = answers.flatMap(answer => (answer.status === 'fulfilled' ? answer.value.map(({ ttl }) => ttl) : []))
  if (seconds.length === 0) throw new Error(`the DNS does not know ${name}`)
  return Math.min(...seconds)
}
