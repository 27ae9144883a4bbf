/** Runs a function later and gives back how to prevent it. */
export type SetTimer = (run: () => void, delayMs: number) => () => void

/** A timer that does not keep the process alive. */
export const setUnrefTimer: SetTimer = (run, delayMs) => {
  // Node turns a delay it cannot hold into one of a millisecond.
  const timer = setTimeout(run, Math.min(delayMs, 2 ** 31 - 1))
  timer.unref()
  return () => clearTimeout(timer)
}

/** Milliseconds since the epoch on the monotonic clock: a corrected wall clock must not make old rules fresh again. */
export function steadyNow(): number {
  return performance.timeOrigin + performance.now()
}

/** Resolves with `call`, which never rejects, or after `timeoutMs`. */
export function within(call: Promise<void>, timeoutMs: number, setTimer: SetTimer): Promise<void> {
  return new Promise(resolve => {
    const cancel = setTimer(resolve, timeoutMs)
    call.then(() => {
      cancel()
      resolve()
    })
  })
}
