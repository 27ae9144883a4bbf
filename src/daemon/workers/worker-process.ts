// What `node:cluster` starts: see worker-pool.ts.
import type { CallMessage } from './calls.ts'
import { runWorker } from './worker.ts'

// A terminal signals the whole group, an init system every process of the service: the primary alone decides what happens,
// and a worker ends when the primary closes its channel, or ends itself.
// Without a listener for SIGUSR1, Node would open a debugger.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'] as const) process.on(signal, () => {})

// A warning of Node's that standard error does not take is no reason to end.
process.stderr.on('error', () => {})

runWorker({
  send: message => process.send?.(message, undefined, undefined, () => {}),
  onMessage: listener => process.on('message', (message: CallMessage) => listener(message)),
})
