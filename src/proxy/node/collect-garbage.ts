import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

type Collector = (options: { type: 'major'; execution: 'sync'; flavor: 'last-resort' }) => void

let collector: Collector | undefined

/**
 * Collects all garbage, and gives the pages back that it was in: V8 keeps them for its heap to grow again, 40 s after a flood still
 * three quarters of all that the process had (tried on Node 22 to 26), so that what else grows finds no room. V8 gives its
 * collector out by a flag only, which is set when it is needed for the first time.
 */
export function collectGarbage(): void {
  if (collector === undefined) {
    setFlagsFromString('--expose-gc')
    collector = runInNewContext('gc') as Collector
  }
  collector({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}
