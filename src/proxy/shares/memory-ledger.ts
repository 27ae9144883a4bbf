import type { Socket } from 'node:net'
import { ClientMemory, type GrowthWatch } from './client-memory.ts'
import { LiveList } from './live-list.ts'

/** What the connections of all clients together may cost. */
export interface MemoryLimits {
  /** How many there may be. */
  readonly connections: number
  /** Bytes that clients may make the proxy hold, beyond what connections cost that do nothing. */
  readonly heldBytes: number
  /** Bytes of one request head. */
  readonly headBytes: number
}

/** Why connections were ended: there were too many, clients made us hold too much, or the process grew too large. */
export type EndedFor = 'connections' | 'held' | 'memory'

/** What a ledger tells. */
export type OnEnded = (reason: EndedFor, connections: number) => void

// A client that holds less is not what fills the memory.
const leastGreedyBytes = 4096
/**
 * Small chunks that one read may bring, of 64 KiB: more is a client that writes a dozen bytes at a time. Each takes time
 * of the event loop: when all clients together have sent `smallChunksAtEase` of them since the last tick, fewer are taken.
 */
const chunksPerRead = 2048
const smallChunksAtEase = 16_384
const chunksInCrush = 128
/** A connection that said something this recently may have its request under way to us. */
const youngMs = 250
/** A head, or a handshake, that takes longer may be waited for no more where there is no room for others. */
const slowHeadMs = 100

/**
 * Adds up what clients make the proxy hold, and ends the greediest when it is too much: those that hold most, the newest first
 * among those who hold about as much. What a client holds is not counted at every byte: only connections that have moved are
 * looked at, and only when enough was read to matter.
 */
export class MemoryLedger implements GrowthWatch {
  readonly #clients = new LiveList<ClientMemory>()
  readonly #onEnded: OnEnded
  /** For a connection too many another is ended; else it is left to the caller. */
  makesRoom = true
  #limits: MemoryLimits
  #touched: ClientMemory[] = []
  #heldBytes = 0
  #grownBytes = 0
  /** Growth after which it looks. */
  #lookBytes = 0
  #lookIsDue = false
  #sequence = 0
  #smallChunks = 0

  constructor(limits: MemoryLimits, onEnded: OnEnded) {
    this.#onEnded = onEnded
    this.#limits = limits
    this.setLimits(limits)
  }

  setLimits(limits: MemoryLimits): void {
    this.#limits = limits
    this.#lookBytes = Math.min(16 * 1024 * 1024, Math.max(256 * 1024, limits.heldBytes / 16))
  }

  /** How many connections there may be. */
  get connections(): number {
    return this.#limits.connections
  }

  /** For tests and the log: how many connections there are, and what was last counted. */
  get size(): { readonly connections: number; readonly heldBytes: number } {
    return { connections: this.#clients.size, heldBytes: this.#heldBytes }
  }

  /** Enters a connection; where there are too many then, some that rest are ended for it, or else the greediest that wait. */
  enter(socket: Socket, nowMs: number): ClientMemory {
    const client = new ClientMemory(socket, this, this.#sequence++, nowMs)
    this.#clients.add(client)
    socket.once('close', () => this.#leave(client))
    if (this.#clients.size > this.#limits.connections) this.#makeRoom(client, nowMs)
    return client
  }

  grew(client: ClientMemory, bytes: number): void {
    if (!client.touched) {
      client.touched = true
      this.#touched.push(client)
    }
    this.#grownBytes += bytes
    if (this.#grownBytes < this.#lookBytes || this.#lookIsDue) return
    this.#lookIsDue = true
    // Not amid a read or a write, but before the next read.
    process.nextTick(() => this.look())
  }

  takesChunk(count: number): boolean {
    return count <= (++this.#smallChunks > smallChunksAtEase ? chunksInCrush : chunksPerRead)
  }

  /** Called every quarter of a second. */
  tick(): void {
    this.#smallChunks = 0
    this.look()
  }

  /** Counts what has moved, and ends connections if it is too much. */
  look(): void {
    this.#lookIsDue = false
    this.#grownBytes = 0
    const touched = this.#touched
    this.#touched = []
    for (const client of touched) {
      client.touched = false
      if (client.listedAt >= 0) this.#count(client)
    }
    if (this.#heldBytes <= this.#limits.heldBytes) return
    // What has left meanwhile without a move of the client's is taken off first.
    for (const client of this.#clients) this.#count(client)
    if (this.#heldBytes > this.#limits.heldBytes) this.#endGreediest(this.#limits.heldBytes * 0.75, 'held')
  }

  /**
   * Ends as many of the greediest as hold half of what is held: the process itself has grown too large. False where that is too
   * little to be the reason: then none is ended.
   */
  relieve(): boolean {
    for (const client of this.#clients) this.#count(client)
    if (this.#heldBytes < this.#limits.heldBytes / 8) return false
    this.#endGreediest(this.#heldBytes / 2, 'memory')
    return true
  }

  #count(client: ClientMemory): void {
    const held = client.heldBytes(this.#limits.headBytes)
    this.#heldBytes += held - client.countedBytes
    client.countedBytes = held
  }

  #leave(client: ClientMemory): void {
    this.#clients.delete(client)
    this.#heldBytes -= client.countedBytes
    client.countedBytes = 0
  }

  #end(client: ClientMemory): void {
    this.#leave(client)
    client.end()
  }

  #endGreediest(targetBytes: number, reason: EndedFor): void {
    let ended = 0
    for (const client of greediest([...this.#clients])) {
      if (this.#heldBytes <= targetBytes || client.countedBytes < leastGreedyBytes) break
      this.#end(client)
      ended++
    }
    if (ended > 0) this.#onEnded(reason, ended)
  }

  /** Room for some at once, so that a crowd that comes in does not have all connections looked at for each of them. */
  #makeRoom(newcomer: ClientMemory, nowMs: number): void {
    const wanted = Math.max(1, Math.min(64, Math.floor(this.#limits.connections / 32)))
    for (const client of this.#clients) this.#count(client)
    const old = [...this.#clients].filter(client => !client.touched && nowMs - client.quietSinceMs >= youngMs)
    const resting = old.filter(client => client.isResting).sort((a, b) => a.quietSinceMs - b.quietSinceMs)
    const chosen = resting.slice(0, wanted)
    // A request that waits, or a response that its client does not take: of those under way, what moves is never ended for a newcomer.
    if (chosen.length === 0) chosen.push(...greediest(old).slice(0, wanted))
    // Heads and handshakes that come byte after byte.
    if (chosen.length === 0) {
      const slow = [...this.#clients].filter(client => nowMs - client.restingSinceMs >= slowHeadMs)
      chosen.push(...slow.sort((a, b) => a.restingSinceMs - b.restingSinceMs).slice(0, wanted))
    }
    if (chosen.length === 0) chosen.push(newcomer)
    for (const client of chosen) this.#end(client)
    this.#onEnded('connections', chosen.length)
  }
}

/** The client that holds most first, in powers of two; the newest first among equals. */
function greediest(clients: ClientMemory[]): ClientMemory[] {
  return clients.sort((a, b) => Math.clz32(a.countedBytes) - Math.clz32(b.countedBytes) || b.sequence - a.sequence)
}
