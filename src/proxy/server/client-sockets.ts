import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { replaceIdleTimer, reportIdle } from '../node/idle-timer.ts'
import { LookBudget, RequestLines } from '../node/request-protocol.ts'
import { tcpSocketBelow } from '../node/tcp-socket.ts'
import { type ClientMemory, memoryOf } from '../shares/client-memory.ts'
import { type Listed, LiveList } from '../shares/live-list.ts'
import type { MemoryLedger } from '../shares/memory-ledger.ts'

/** A limit may be late by this much. */
const tickMs = 250

/** Later request lines that are looked at per tick: about a thousandth of a core. */
const looksPerTick = 200

/** So long a client may take from its connection to its first byte without being taken for idle. */
const silentMs = 1000

/** One client connection and its idle limit. */
class ClientSocket implements Listed {
  listedAt = -1
  readonly #socket: Socket
  readonly #memory: ClientMemory
  readonly #sinceMs = performance.now()
  /** 0: none. */
  #limitMs = 0
  #idleSinceMs = 0
  /** Something was read or written, or the limit set, since the clock last looked. */
  #active = true

  constructor(socket: Socket, memory: ClientMemory, budget: LookBudget) {
    this.#socket = socket
    this.#memory = memory
    memory.requestLines = new RequestLines(socket, budget)
    replaceIdleTimer(socket, () => {
      this.#active = true
      memory.moved()
    })
    socket.setTimeout = (limitMs, listener) => {
      this.#limitMs = limitMs
      this.#active = true
      if (listener !== undefined) {
        if (limitMs === 0) socket.removeListener('timeout', listener)
        else socket.once('timeout', listener)
      }
      return socket
    }
  }

  /** Not a byte has come for a while: the request of a client that has just connected may be under way. */
  isSilent(nowMs: number): boolean {
    return this.#socket.bytesRead === 0 && nowMs - this.#sinceMs >= silentMs
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Looks at the clock. */
  tick(nowMs: number): void {
    this.#memory.tick(nowMs, this.#active)
    if (this.#active) {
      this.#active = false
      this.#idleSinceMs = nowMs
    } else if (this.#limitMs > 0 && nowMs - this.#idleSinceMs >= this.#limitMs) {
      this.#idleSinceMs = nowMs
      reportIdle(this.#socket)
    }
  }
}

/**
 * Keeps the idle limits of a server's connections by one clock for all of them, and enters each in `ledger`. Node makes a timer
 * at the beginning and at the end of each request, and moves it at each read and write (`bench --scenario preflight`).
 *
 * Also lets `closeIdleConnections` end connections that have not said a word for a second, which Node takes for busy with a request.
 */
export function keepClientSockets(server: Server, tls: boolean, ledger: MemoryLedger): void {
  const clients = new LiveList<ClientSocket>()
  const budget = new LookBudget(looksPerTick)
  const add = (socket: Socket, memory: ClientMemory) => {
    const client = new ClientSocket(socket, memory, budget)
    clients.add(client)
    socket.once('close', () => clients.delete(client))
  }
  /** Since when. */
  const unsecured = new Map<Socket, number>()
  // Before Node's own listener, which sets the first limit.
  server.prependListener('connection', (socket: Socket) => {
    const memory = ledger.enter(socket, performance.now())
    if (!tls) add(socket, memory)
    else {
      unsecured.set(socket, performance.now())
      socket.once('close', () => unsecured.delete(socket))
    }
  })
  if (tls) {
    server.prependListener('secureConnection', (socket: Socket) => {
      const below = tcpSocketBelow(socket)
      const memory = (below && memoryOf(below)) ?? ledger.enter(socket, performance.now())
      memory.secured(socket)
      add(socket, memory)
    })
  }
  const ticker = setInterval(() => {
    const nowMs = performance.now()
    budget.renew()
    for (const client of clients) client.tick(nowMs)
    ledger.tick()
  }, tickMs)
  ticker.unref()
  server.once('close', () => clearInterval(ticker))

  const closeIdleConnections = server.closeIdleConnections.bind(server)
  server.closeIdleConnections = () => {
    closeIdleConnections()
    const nowMs = performance.now()
    for (const client of clients) if (client.isSilent(nowMs)) client.destroy()
    for (const [socket, sinceMs] of unsecured) {
      if (socket.bytesRead === 0 && nowMs - sinceMs >= silentMs) socket.destroy()
    }
  }
}
