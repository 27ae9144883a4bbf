/** Called at every step of a long reading, which goes on when it returns. */
export type Pace = () => void

/** Reads without a stop. */
export const unpaced: Pace = () => {}

/**
 * Sleeps for `restMs` whenever it was awake for `workMs`, both in milliseconds.
 *
 * Who never sleeps keeps its processor to the end of a time slice, whatever its priority, and whoever is woken there in the
 * meantime waits for that: on Linux up to 4 ms.
 */
export function restEvery(workMs: number, restMs: number, clock: PaceClock = systemClock): Pace {
  let untilMs = clock.now() + workMs
  return () => {
    if (clock.now() < untilMs) return
    clock.sleep(restMs)
    untilMs = clock.now() + workMs
  }
}

/** Milliseconds that pass, and that are slept through without doing anything else. */
export interface PaceClock {
  now(): number
  sleep(ms: number): void
}

const nobody = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))

const systemClock: PaceClock = { now: () => performance.now(), sleep: ms => void Atomics.wait(nobody, 0, 0, ms) }
