// Whether the endpoint as a whole knows `?cors`, as its answers about single buckets show.

import { ownCopy } from '../text/own-copy.ts'
import type { RuleAnswer } from './upstream/rule-freshness.ts'

/** What the endpoint was seen to be. */
export interface EndpointCors {
  /** To be told of each answer that the endpoint gave to GET ?cors, of whichever bucket. */
  note(answer: RuleAnswer): void
  /** How the endpoint showed that it does not know `?cors`; undefined where it has not, or has shown that it does. */
  lacking(): string | undefined
}

/** Milliseconds that an answer holds: an endpoint that was updated is asked anew. */
export const holdsMs = 300_000

/**
 * Of the two answers, "it knows" wins: an endpoint that gave rules of one bucket knows `?cors`, and what it, or something before it, says
 * of another is about that one alone.
 */
export function createEndpointCors(now: () => number): EndpointCors {
  let knownUntil = Number.NEGATIVE_INFINITY
  let found: { readonly said: string; readonly until: number } | undefined

  function note(answer: RuleAnswer): void {
    if (answer.kind === 'rules' || (answer.kind === 'none' && !answer.unsupported)) {
      knownUntil = now() + holdsMs
      found = undefined
    } else if (answer.kind === 'none' && answer.endpointWide && now() >= knownUntil) {
      found = { said: ownCopy(answer.said ?? ''), until: now() + holdsMs }
    }
  }

  return { note, lacking: () => (found !== undefined && now() < found.until ? found.said : undefined) }
}
