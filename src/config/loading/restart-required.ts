import type { Configuration } from '../configuration.ts'

/** What a running process cannot change. */
export type RestartRequired = 'listen' | 'admin' | 'workers' | 'nodeResponses' | 'tls'

/** Which parts of `next` only a restart can bring; a certificate that changed is none, TLS turned on or off is. */
export function restartRequired(running: Configuration, next: Configuration): readonly RestartRequired[] {
  const changed: RestartRequired[] = []
  const differs = (key: 'listen' | 'admin') =>
    running[key].host !== next[key].host || running[key].port !== next[key].port
  if (differs('listen')) changed.push('listen')
  if (differs('admin')) changed.push('admin')
  if (running.workers !== next.workers) changed.push('workers')
  if (running.nodeResponses !== next.nodeResponses) changed.push('nodeResponses')
  if ((running.tls === undefined) !== (next.tls === undefined)) changed.push('tls')
  return changed
}

/** `next` with the parts that cannot change kept as they run. */
export function keepRunning(running: Configuration, next: Configuration): Configuration {
  const switched = (running.tls === undefined) !== (next.tls === undefined)
  return {
    ...next,
    listen: running.listen,
    admin: running.admin,
    workers: running.workers,
    nodeResponses: running.nodeResponses,
    tls: switched ? running.tls : next.tls,
  }
}
