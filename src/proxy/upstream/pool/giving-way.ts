import type { PoolClient } from './pool-client.ts'
import type { ClientShare, PoolShares } from './pool-shares.ts'

/** The exchanges that have the connections, and those that wait for one. */
export interface Pressure {
  readonly holders: readonly PoolClient[]
  readonly shares: PoolShares
  readonly connections: number
  readonly queueMs: number
  readonly nowMs: number
}

// What comes free by itself within this time needs nothing to give way.
const patienceMs = 500
// An exchange that has waited so long may soon get 503.
const urgentMs = 2000
// At one look, which is also the most work of it: so many times all connections.
const maxChosen = 64

/**
 * Which exchanges give their connection up to those that wait, at most one for each: of the client that holds most, the slowest.
 * Never one that waits for the endpoint, and never one of a client that holds less than the client that waits.
 *
 * The long count of `ClientPace` says which client is slow. The short one counts for clients with more than their share, and for all when a
 * waiter has waited long. A client that holds nothing then gets a connection of a client that holds more than half of them, at any
 * pace.
 */
export function chooseGivingWay({ holders, shares, connections, queueMs, nowMs }: Pressure): readonly PoolClient[] {
  const urgentSinceMs = nowMs - Math.min(urgentMs, queueMs / 2)
  const waiters = shares.waitingSince(nowMs - Math.min(patienceMs, queueMs / 4), maxChosen)
  // As they will be served.
  waiters.sort((a, b) => a.share.held - b.share.held || a.sinceMs - b.sinceMs)
  const fairShare = Math.max(1, Math.floor(connections / shares.clients))
  const held = new Map<ClientShare, number>()
  const heldBy = (share: ClientShare): number => held.get(share) ?? share.held
  const candidates = new Map<PoolClient, ClientShare>()
  for (const holder of waiters.length === 0 ? [] : holders) {
    if (!holder.awaitsEndpoint) candidates.set(holder, shares.of(holder.client))
  }
  const chosen: PoolClient[] = []
  for (const { share: waiting, sinceMs } of waiters.slice(0, maxChosen)) {
    const own = heldBy(waiting)
    const urgent = sinceMs <= urgentSinceMs
    let slowest: PoolClient | undefined
    let most = own
    for (const [holder, share] of candidates) {
      const has = heldBy(share)
      if (has < most) continue
      if (has === most && slowest !== undefined && leftMs(holder) >= leftMs(slowest)) continue
      const soon = urgent || (has > fairShare && own < fairShare)
      const atAnyPace = urgent && own === 0 && has > Math.max(1, connections / 2)
      if (!atAnyPace && !(soon ? leftMs(holder) <= 0 : holder.pace?.isSlow === true)) continue
      slowest = holder
      most = has
    }
    if (slowest === undefined) continue
    const share = candidates.get(slowest) as ClientShare
    candidates.delete(slowest)
    held.set(share, heldBy(share) - 1)
    held.set(waiting, heldBy(waiting) + 1)
    chosen.push(slowest)
  }
  return chosen
}

/** One that has only just begun is not slow. */
function leftMs({ pace }: PoolClient): number {
  return pace?.leftMs ?? Number.POSITIVE_INFINITY
}
