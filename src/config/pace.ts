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
export function restEvery(workMs: number, restMs: number): Pace {
  const nobody = new Int32Array(new SharedArrayBuffer(4))
  let untilMs = performance.now() + workMs
  return () => {
    if (performance.now() < untilMs) return
    Atomics.wait(nobody, 0, 0, restMs)
    untilMs = performance.now() + workMs
  }
}
